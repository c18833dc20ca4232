/** What the doctor found, as a table. */
import type { Finding } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import type { Context } from './command.ts';
import { formatTable } from './table.ts';

export async function readFindings({ client }: Pick<Context, 'client'>, id: HostId): Promise<Finding[]> {
  const findings: Finding[] = [];
  for await (const finding of client.stream('hosts.doctor', { id })) findings.push(finding);
  return findings;
}

export function isSerious({ level }: Pick<Finding, 'level'>): boolean {
  return level === 'problem';
}

const order: readonly Finding['level'][] = ['problem', 'warning', 'note', 'ok'];

/** The worst first, and below the table how each of them is mended. */
export function describeFindings(
  findings: readonly Finding[],
  { isAll, columns }: { readonly isAll: boolean; readonly columns: number | undefined },
): string[] {
  const shown = findings
    .filter(({ level }) => isAll || level !== 'ok')
    .toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const good = findings.length - shown.length;
  const rows = shown.map(({ level, title, detail }) => [level, title, detail]);
  const fixes = shown.flatMap(({ title, fix }) =>
    fix === null ? [] : [`${title}: ${fix.replaceAll('\n', ' ')}`],
  );
  return [
    ...(rows.length === 0 ? [] : formatTable({ headings: ['LEVEL', 'CHECK', 'FOUND'], rows, columns })),
    ...(fixes.length === 0 ? [] : ['', ...fixes]),
    ...(good === 0 ? [] : [rows.length === 0 ? `All ${good} checks are well.` : `${good} more are well.`]),
  ];
}
