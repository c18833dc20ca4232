/**
 * What a terminal may send by itself. Every answer to a query is a way for output to type for the person, so answers
 * pass only if they have exactly the form of a known, harmless report; keystrokes never have the form of the others.
 * Sources: xterm control sequences (ctlseqs): DA1/DA2 (`c`), DSR/CPR (`n`, `R`), DECRQM (`$y`), DECRQSS (DCS r),
 * colour queries (OSC 4, 10, 11, 12). Title reports (CSI 21 t), OSC 52 reads and everything unknown are dropped.
 */

const ESC = '\u001b';
const rgb = 'rgb:[0-9a-f]{1,4}/[0-9a-f]{1,4}/[0-9a-f]{1,4}';
const allowedOsc = new RegExp(`^${ESC}\\](?:4;\\d{1,3}|1[0-2]);${rgb}${ESC}\\\\$`, 'i');
/** DECRQSS: `1$r` or `0$r`, then at most a short report made of digits, `;`, `:`, quotes and letters. */
const allowedDcs = new RegExp(`^${ESC}P[01]\\$r[0-9;: "'$a-z]{0,64}${ESC}\\\\$`, 'i');
const windowReport = new RegExp(`^${ESC}\\[(?!8;\\d{1,4};\\d{1,4}t$)[0-9;]*t$`);
const stringOpeners = new RegExp(`${ESC}[\\]PX^_]`);

const answer = new RegExp(
  `^${ESC}(?:\\[[?>=]?[0-9;]*(?:[cn]|\\$y)|\\[\\??\\d+;\\d+R|\\[[0-9;]*t|[\\]P].*)$`,
  's',
);

/**
 * True for what a screen sends by itself, asked by output. One window answers a program, and a guest's is not the one:
 * a second answer would arrive as typing. (Shift+F3 and its kin look like a cursor's place; a guest does without them.)
 */
export function isAnswer(data: string): boolean {
  return data.length > 2 && answer.test(data);
}

/** True when the data may go to the program: what a person typed or pasted, or an allowed report. */
export function mayLeaveTerminal(data: string): boolean {
  // Alt with a key: ESC and one character. Two characters cannot be a report.
  if (data.length === 2) return true;
  if (data.startsWith(`${ESC}]`)) return allowedOsc.test(data);
  if (data.startsWith(`${ESC}P`)) return allowedDcs.test(data);
  if (windowReport.test(data)) return false;
  return !(data.startsWith(ESC) && stringOpeners.test(data));
}
