/**
 * What shells tell of themselves in control sequences: the folder they are in and where a prompt, a command and its
 * output begin and end. Pure; whatever it cannot read is null, for any program may print anything.
 * Sources: OSC 7 (`file://host/path`), OSC 133 (FinalTerm's semantic prompts), OSC 633 (VS Code's superset of it).
 */

export type ShellMark =
  | { readonly kind: 'prompt' }
  | { readonly kind: 'command' }
  | { readonly kind: 'output' }
  /** Null: the shell did not say. */
  | { readonly kind: 'finished'; readonly exitCode: number | null }
  | { readonly kind: 'command-line'; readonly text: string }
  | { readonly kind: 'directory'; readonly path: string };

/** Characters of a path; PATH_MAX of Linux. */
const maximumPathLength = 4_096;
/** Characters of a command line that are looked at; more is not shown anywhere. */
const maximumCommandLength = 4_096;

const controls = /[\u0000-\u001f\u007f-\u009f]/;

/** OSC 7: the path alone. The host in it is the shell's own word for its machine, of no use here. */
export function parseWorkingDirectory(data: string): string | null {
  if (data.length > 3 * maximumPathLength) return null;
  const encoded = /^file:\/\/[^/]*(\/.*)$/i.exec(data)?.[1];
  if (encoded === undefined) return null;
  try {
    return absolutePath(decodeURIComponent(encoded));
  } catch {
    // A stray `%`: some shells send the path as it is.
    return absolutePath(encoded);
  }
}

/** OSC 133. Options after the letter (`aid=…`, `cl=…`) are of no interest. */
export function parsePromptMark(data: string): ShellMark | null {
  const [letter = '', first = ''] = data.split(';', 2);
  if (letter === 'A') return { kind: 'prompt' };
  if (letter === 'B') return { kind: 'command' };
  if (letter === 'C') return { kind: 'output' };
  if (letter !== 'D') return null;
  return { kind: 'finished', exitCode: /^-?\d{1,10}$/.test(first) ? Number(first) : null };
}

/** OSC 633: the same letters, the command line itself (E), and properties (P) of which the folder is one. */
export function parseEditorMark(data: string): ShellMark | null {
  if (data.startsWith('E;')) {
    const text = unescaped((data.slice(2).split(';', 1)[0] ?? '').slice(0, maximumCommandLength));
    return { kind: 'command-line', text };
  }
  if (data.startsWith('P;')) {
    const path = /^P;Cwd=(.*)$/.exec(data)?.[1];
    const absolute =
      path === undefined ? null : absolutePath(unescaped(path.slice(0, 4 * maximumPathLength)));
    return absolute === null ? null : { kind: 'directory', path: absolute };
  }
  return parsePromptMark(data);
}

function absolutePath(path: string): string | null {
  return path.startsWith('/') && path.length <= maximumPathLength && !controls.test(path) ? path : null;
}

/** `\xAB` is a character by its code, `\\` a backslash. */
function unescaped(text: string): string {
  return text.replace(/\\(?:x([0-9a-f]{2})|\\)/gi, (_all, code: string | undefined) =>
    code === undefined ? '\\' : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
