/**
 * Reads ssh_config(5) files into a tree of directives, Includes resolved. Knows the syntax, not the meaning
 * (ssh-config.ts). Guarantees: nothing is ever run, no line makes it throw; what cannot be used is a warning.
 */
import { readdir, readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { matchesPattern } from './known-hosts.ts';

export interface ConfigDirective {
  /** Lower case. */
  readonly keyword: string;
  readonly args: readonly string[];
  /** `~/.ssh/config line 12` */
  readonly source: string;
  /** Of `Include` alone: what the files hold. */
  readonly included?: readonly ConfigDirective[];
}

export interface ConfigFileTree {
  readonly directives: readonly ConfigDirective[];
  readonly warnings: readonly string[];
}

export interface ConfigFileOptions {
  readonly path: string;
  /** What relative Includes are relative to. */
  readonly includeFolder: string;
  readonly homeFolder: string;
  /** For `${NAME}` in Include. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** OpenSSH stops here too (READCONF_MAX_DEPTH). */
const MAX_DEPTH = 16;

/** A file that does not exist gives an empty tree. */
export async function readConfigFile(options: ConfigFileOptions): Promise<ConfigFileTree> {
  const warnings: string[] = [];
  const directives = await readOne(options.path, 0, options, warnings);
  return { directives: directives ?? [], warnings };
}

async function readOne(
  path: string,
  depth: number,
  options: ConfigFileOptions,
  warnings: string[],
): Promise<ConfigDirective[] | undefined> {
  const shown = tilde(path, options.homeFolder);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT') warnings.push(`${shown} cannot be read (${code}).`);
    return undefined;
  }
  const directives: ConfigDirective[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const source = `${shown} line ${index + 1}`;
    const split = splitLine(line);
    if (split === undefined) continue;
    if ('problem' in split) {
      warnings.push(`${source}: ${split.problem}`);
      continue;
    }
    const { keyword, args } = split;
    if (keyword !== 'include') directives.push({ keyword, args, source });
    else if (depth >= MAX_DEPTH)
      warnings.push(`${source}: more than ${MAX_DEPTH} Includes inside each other.`);
    else {
      const included: ConfigDirective[] = [];
      for (const pattern of args)
        for (const found of await expandGlob(includePath(pattern, options)))
          included.push(...((await readOne(found, depth + 1, options, warnings)) ?? []));
      directives.push({ keyword, args, source, included });
    }
  }
  return directives;
}

function includePath(pattern: string, options: ConfigFileOptions): string {
  const withEnv = pattern.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => options.env[name] ?? '');
  if (withEnv === '~' || withEnv.startsWith('~/')) return join(options.homeFolder, withEnv.slice(1));
  return isAbsolute(withEnv) ? withEnv : join(options.includeFolder, withEnv);
}

/** Sorted, as glob(3); a leading dot is matched only by a dot. */
async function expandGlob(path: string): Promise<string[]> {
  let folders = ['/'];
  for (const part of path.split('/').filter((segment) => segment !== '')) {
    if (!/[*?[]/.test(part)) {
      folders = folders.map((folder) => join(folder, part));
      continue;
    }
    const next: string[] = [];
    for (const folder of folders)
      for (const name of (await readdir(folder).catch(() => [])).sort((a, b) => (a < b ? -1 : 1)))
        if (matchesPattern(name, part) && (part.startsWith('.') || !name.startsWith('.')))
          next.push(join(folder, name));
    folders = next;
  }
  return folders;
}

/**
 * One line into keyword and arguments: blanks or one `=` between them, double or single quotes, `\"`, `\'`, `\\` and,
 * outside quotes, `\ `; an unquoted `#` begins a comment (OpenSSH's argv_split). Undefined: nothing on the line.
 */
export function splitLine(
  line: string,
): { keyword: string; args: string[] } | { problem: string } | undefined {
  const trimmed = line.replaceAll('\r', '').trim();
  if (trimmed === '' || trimmed.startsWith('#')) return undefined;
  const head = /^"?([^\s="]+)"?[ \t]*=?[ \t]*/.exec(trimmed);
  if (!head?.[1]) return { problem: 'no keyword.' };
  const args = splitArguments(trimmed.slice(head[0].length));
  if (args === undefined) return { problem: 'a quote is not closed.' };
  if (args.length === 0) return { problem: `${head[1]} has no value.` };
  return { keyword: head[1].toLowerCase(), args };
}

function splitArguments(text: string): string[] | undefined {
  const args: string[] = [];
  let current: string | undefined;
  let quoteMark: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const character = text[index] as string;
    const next = text[index + 1];
    if (character === '\\' && next !== undefined && (`'"\\`.includes(next) || (next === ' ' && !quoteMark))) {
      current = (current ?? '') + next;
      index++;
    } else if (quoteMark !== undefined) {
      if (character === quoteMark) quoteMark = undefined;
      else current += character;
    } else if (character === '"' || character === "'") {
      quoteMark = character;
      current ??= '';
    } else if (character === ' ' || character === '\t') {
      if (current !== undefined) args.push(current);
      current = undefined;
    } else if (character === '#' && current === undefined) break;
    else current = (current ?? '') + character;
  }
  if (quoteMark !== undefined) return undefined;
  if (current !== undefined) args.push(current);
  return args;
}

function tilde(path: string, homeFolder: string): string {
  return path.startsWith(`${homeFolder}/`) ? `~${path.slice(homeFolder.length)}` : path;
}

/** Every directive, the included ones in their place, whatever Host or Match they stand under. */
export function* allDirectives(directives: readonly ConfigDirective[]): Generator<ConfigDirective> {
  for (const directive of directives) {
    yield directive;
    if (directive.included) yield* allDirectives(directive.included);
  }
}
