/** The entries that a workspace has now, by a walk on its host: kind, size, time, mode and owner; nothing is read through. */
import { BerthError } from '#contract/berth-error.ts';
import type { Random } from '../interfaces/random.ts';
import type { WorkspaceRecord } from '../workspaces/workspace.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import { EntryIndex } from './entry-index.ts';
import { HelperOutput } from './helper-output.ts';
import { type HelperWork, helperSpec } from './helper-work.ts';

/** Listing a live workspace of a million files takes some ten seconds. */
const MAX_TREE_BYTES = 1024 ** 3;

export async function readLiveTree(
  link: ReadyLink,
  workspace: WorkspaceRecord,
  random: Random,
): Promise<EntryIndex> {
  const chunks: Buffer[] = [];
  let size = 0;
  const work: HelperWork = {
    purpose: 'tree',
    id: random.id('op'),
    volume: { name: workspace.volumeName, isReadOnly: true },
    rights: 'read',
    args: ['tree', '--source=/data'],
  };
  const process = await link.engine.runHelper(helperSpec(link, work), link.signal);
  try {
    process.endInput();
    for await (const chunk of new HelperOutput(process).bytes()) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MAX_TREE_BYTES)
        throw new BerthError('internal', 'The workspace has too many files to compare.');
    }
  } finally {
    process.release();
  }
  return new EntryIndex(Buffer.concat(chunks).toString('utf8'));
}
