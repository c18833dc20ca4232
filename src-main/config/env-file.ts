/**
 * The file with settings: `.env` of the working directory, or the one that `--env-file` names. It may hold keys, and who
 * can write it decides where Berth listens: so it counts only where nobody but its user (or root) can write it.
 */
import { lstatSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Findings } from './config-error.ts';

export interface EnvFile {
  /** Absolute. */
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** From 1; the last one where a name stands twice, which is the one that counts. */
  readonly lineOf: Readonly<Record<string, number>>;
}

const maxBytes = 256 * 1024;

/** Undefined: there is none, or it must not be used, which is then a finding. */
export function readEnvFile(
  typed: string | undefined,
  workingFolder: string | undefined,
  findings: Findings,
): EnvFile | undefined {
  const path = typed !== undefined ? resolve(typed) : workingFolder && join(workingFolder, '.env');
  if (path === undefined || path === '') return undefined;
  try {
    if (!isTrusted(path, typed !== undefined, findings)) return undefined;
    const text = readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
    const lineOf = scan(path, text, findings);
    return { path, values: parseEnv(text) as Record<string, string>, lineOf };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && typed === undefined) return undefined;
    findings.error(
      `--env-file: ${path} cannot be read (${code ?? 'unknown'}). Name a file that is there and that this user may read.`,
    );
    return undefined;
  }
}

function isTrusted(path: string, isTyped: boolean, findings: Findings): boolean {
  // A link in a folder that others write to could lead anywhere; who names a file themself may name a link.
  const facts = isTyped ? statSync(path) : lstatSync(path);
  if (!isTyped && facts.isSymbolicLink()) {
    findings.error(`${path} is a link and was not read. Name the file itself: --env-file FILE`);
    return false;
  }
  if (!facts.isFile() || facts.size > maxBytes) {
    findings.error(
      `${path} is no file of settings (it is no plain file, or larger than ${maxBytes / 1024} KiB).`,
    );
    return false;
  }
  if (process.getuid === undefined) return true;
  const uid = process.getuid();
  if (facts.uid !== uid && facts.uid !== 0) {
    // Not ours, and nobody asked for it: a stranger's file must not even be able to stop a start.
    if (isTyped)
      findings.error(
        `${path} belongs to another user, who could change Berth's settings. Make it yours: chown $(id -u) FILE`,
      );
    else findings.warn(`${path} belongs to another user and was not read.`);
    return false;
  }
  if ((facts.mode & 0o022) !== 0) {
    findings.error(
      `${path} can be written by others, who could change Berth's settings. Shut it: chmod 600 ${path}`,
    );
    return false;
  }
  if ((facts.mode & 0o004) !== 0)
    findings.warn(`${path} can be read by every user of this computer. Shut it: chmod 600 ${path}`);
  return true;
}

const assignment = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*)$/;

/** Where each name stands; tells of lines that `parseEnv` passes over, and of values that a `#` cuts short. */
function scan(path: string, text: string, findings: Findings): Record<string, number> {
  const lineOf: Record<string, number> = {};
  let openQuote: string | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (openQuote !== undefined) {
      if (line.includes(openQuote)) openQuote = undefined;
      continue;
    }
    const place = `line ${index + 1} of ${path}`;
    const [, name, value = ''] = assignment.exec(line.trimEnd()) ?? [];
    if (name === undefined) {
      if (!/^\s*(#|$)/.test(line)) findings.warn(`${place} is not NAME=value and was passed over.`);
      continue;
    }
    if (lineOf[name] !== undefined)
      findings.warn(
        `${name} stands twice in ${path} (lines ${lineOf[name]} and ${index + 1}); the later one counts.`,
      );
    lineOf[name] = index + 1;
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote !== undefined && !value.slice(1).includes(quote)) openQuote = quote;
    if (quote === undefined && /[^\s]#/.test(value))
      findings.warn(
        `${name} (${place}) has a # outside quotes, where a comment begins. Put the value in quotes, if it belongs to it.`,
      );
  }
  return lineOf;
}
