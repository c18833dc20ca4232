/** The help of `berth serve`, made of the table of settings. */
import { groups, type Variable, variables } from './variables.ts';

const rows: readonly Variable[] = variables;
const columns = 100;

export const serveUsage = `Usage: berth serve [FLAGS]
  Runs Berth for a browser and prints a link that signs one in, once.

Flags without a setting:
  --env-file FILE     Settings from this file in place of .env in the working directory.
  --check-config      Reads everything, prints what would hold, and ends: 0 good, 2 something is wrong.
  --add-host FILE     A JSON file with a host to add when it is absent.
  --open              Opens the link in a browser.

Settings, each from its flag, from the environment or from .env. BERTH_NAME means the same as NAME and wins.
Secrets have no flags, since everybody can read those: NAME_FILE names a file with the secret in it.
${groups.map(groupUsage).join('')}`;

function groupUsage(group: string): string {
  return `\n${group}:\n${rows
    .filter((row) => row.group === group)
    .map(rowUsage)
    .join('')}`;
}

function rowUsage(row: Variable): string {
  const flag = row.flag === undefined ? '' : `, --${row.flag} ${row.argument ?? 'VALUE'}`;
  const secret = row.isSecret ? `, ${row.name}_FILE  (secret)` : '';
  const text = wrap(`${row.what} Default: ${row.without}.`, columns - 6);
  return `  ${row.name}${flag}${secret}\n${text.map((line) => `      ${line}\n`).join('')}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
