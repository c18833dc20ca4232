/**
 * Whether two trees are the same, judged by others than the program under test: rsync for content, links, owners, ACLs and
 * extended attributes, and lstat for the nanoseconds and sizes, which rsync does not show.
 */
import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { runChecked } from '../../servers/run-process.ts';

/** What rsync would do to make the second like the first: empty when nothing. */
export async function differences(
  from: string,
  to: string,
  isExpected: (line: string) => boolean = () => false,
): Promise<string[]> {
  const flags = ['-aHAXS', '--checksum', '--dry-run', '--itemize-changes', '--delete', '--numeric-ids'];
  const listed = await runChecked(['rsync', ...flags, `${from}/`, `${to}/`], { timeoutMs: 300_000 });
  const found = listed.split('\n').filter((line) => line !== '' && !isExpected(line));
  const stats = [statsOf(Buffer.from(from)), statsOf(Buffer.from(to))] as const;
  for (const [path, wanted] of stats[0])
    if (stats[1].get(path) !== wanted && !isExpected(`lstat ${path}`))
      found.push(`lstat ${path}: ${wanted} became ${stats[1].get(path)}`);
  return found;
}

export const isSocket = (line: string) => /^cS\S* socket$/.test(line) || line === 'lstat /socket';

const describe = ({ mode, nlink, uid, gid, size, mtimeNs, rdev }: BigIntStats, isFolder: boolean) =>
  `${mode.toString(8)} ${isFolder ? '' : `${nlink} ${size} `}${uid}:${gid} ${mtimeNs} ${rdev}`;

function statsOf(root: Buffer): Map<string, string> {
  const found = new Map<string, string>();
  const pending = [Buffer.from('')];
  for (let path = pending.pop(); path; path = pending.pop()) {
    const full = Buffer.concat([root, path]);
    const stats = lstatSync(full, { bigint: true });
    found.set(path.toString('latin1'), describe(stats, stats.isDirectory()));
    if (stats.isDirectory())
      for (const name of readdirSync(full, { encoding: 'buffer' }))
        pending.push(Buffer.concat([path, Buffer.from('/'), name]));
  }
  return found;
}
