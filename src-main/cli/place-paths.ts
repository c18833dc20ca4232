/** Files of a workspace or host as typed: `alpha:src/main.rs`, `@atlas:/var/log`. Pure. */
import { posix } from 'node:path';
import { TypedWrong } from './failure.ts';

export interface PlacePath {
  readonly kind: 'workspace' | 'host';
  readonly place: string;
  /** Absolute, or from where a person begins; `.` where nothing was said. */
  readonly path: string;
}

/** @throws TypedWrong */
export function parsePlacePath(text: string): PlacePath {
  const [, host = '', place = '', path = ''] = /^(@?)([^:@][^:]*):(.*)$/s.exec(text) ?? [];
  if (place !== '')
    return { kind: host === '@' ? 'host' : 'workspace', place, path: path === '' ? '.' : path };
  throw new TypedWrong(`"${text}" is no file of a workspace as alpha:src, nor of a host as @atlas:/etc.`);
}

/** The place, the folder in it and the names in that. @throws TypedWrong unless all are in one folder */
export function inOneFolder(paths: readonly PlacePath[]): {
  readonly at: PlacePath;
  readonly folder: string;
  readonly names: string[];
} {
  const split = paths.map(({ path }) => ({ folder: posix.dirname(path), name: posix.basename(path) }));
  const folders = new Set(split.map(({ folder }) => folder));
  const places = new Set(paths.map(({ kind, place }) => `${kind} ${place}`));
  const [at] = paths;
  const [folder] = folders;
  if (at === undefined || folder === undefined || folders.size > 1 || places.size > 1)
    throw new TypedWrong('All of them must be in one folder.');
  const odd = split.find(({ name }) => name === '' || name === '.' || name === '..');
  if (odd !== undefined)
    throw new TypedWrong('Name what is in a folder, not the folder that everything is in.');
  return { at, folder, names: split.map(({ name }) => name) };
}

/** `644` or `0755`. @throws TypedWrong */
export function parseMode(text: string): number {
  if (/^[0-7]{3,4}$/.test(text)) return Number.parseInt(text, 8);
  throw new TypedWrong(`"${text}" is no mode as 644 or 0755.`);
}
