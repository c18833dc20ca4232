/** Words and flags that several commands on snapshots take, checked before any plane is asked. */
import { Consistency } from '#contract/snapshots.ts';
import { DisplayName } from '#contract/text.ts';
import type { Flag } from './command.ts';
import { TypedWrong } from './failure.ts';
import { latest } from './find-snapshot.ts';

export const consistencyFlag: Flag = {
  value: 'paused|stopped|live',
  help: 'paused: it stands still meanwhile. stopped: its programs end first. live: it goes on.',
};

export function consistencyOf(text: string | undefined): Consistency | undefined {
  if (text === undefined) return undefined;
  const parsed = Consistency.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new TypedWrong(`--consistency: "${text}" is none of paused, stopped and live.`);
}

/** A name for something new. `what` names it in the complaint. */
export function newName(what: string, text: string): string {
  const parsed = DisplayName.safeParse(text);
  if (!parsed.success)
    throw new TypedWrong(`${what} "${text}" cannot be used: it ${parsed.error.issues[0]?.message}.`);
  return parsed.data;
}

/** As `newName`; what a command would take for something else is no name for a snapshot. */
export function newSnapshotName(text: string): string {
  const name = newName('The name', text);
  if (name === latest || /^snap_[0-9a-z]{20}$/.test(name))
    throw new TypedWrong(`A snapshot cannot be called "${name}": that already means another one.`);
  return name;
}

/**
 * A path inside a snapshot. What a person sees in the workspace, below its mount point, is understood, and so are a
 * leading `./` and a slash at the end. @throws TypedWrong
 */
export function entryPath(word: string, mountPoint: string): string {
  const root = mountPoint.replace(/\/+$/, '');
  const inside = word === root || word.startsWith(`${root}/`) ? word.slice(root.length) : word;
  if (inside === word && word.startsWith('/') && word !== '/')
    throw new TypedWrong(`"${word}" is outside ${mountPoint}, and a snapshot holds only what is below that.`);
  const parts = inside.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new TypedWrong(`"${word}" leads out of the snapshot.`);
  return parts.length === 0 ? '.' : parts.join('/');
}
