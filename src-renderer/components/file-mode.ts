/** The twelve bits of chmod(2) as a person reads them. Pure. */

/** `modeText(0o4755)` is "rwsr-xr-x", as `ls` draws it. */
export function modeText(mode: number): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = (mode >> shift) & 7;
    const isSpecial = (mode & special) !== 0;
    const isRun = (bits & 1) !== 0;
    const last = isSpecial ? (isRun ? letter : letter.toUpperCase()) : isRun ? 'x' : '-';
    return `${bits & 4 ? 'r' : '-'}${bits & 2 ? 'w' : '-'}${last}`;
  };
  return `${triple(6, 0o4000, 's')}${triple(3, 0o2000, 's')}${triple(0, 0o1000, 't')}`;
}

/** "0755", "4755". */
export function octalText(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}

/** The bits that octal digits say; null: they say none. Three digits leave the special bits away. */
export function modeOfOctal(text: string): number | null {
  return /^[0-7]{3,4}$/.test(text) ? Number.parseInt(text, 8) : null;
}

const who = ['owner', 'group', 'others'] as const;

/** "owner: read, write; group: read; others: nothing". */
export function modeWords(mode: number): string {
  return who
    .map((name, index) => {
      const bits = (mode >> (6 - index * 3)) & 7;
      const words = [bits & 4 ? 'read' : '', bits & 2 ? 'write' : '', bits & 1 ? 'run' : ''].filter(Boolean);
      return `${name}: ${words.length === 0 ? 'nothing' : words.join(', ')}`;
    })
    .join('; ');
}
