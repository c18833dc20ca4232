/**
 * Reads what the scripts of resources/remote print: key=value lines that end with `end=yes`. Pure. The host is not
 * trusted: keys must look like keys, values lose control characters and are cut.
 */

const KEY = /^[a-z][a-z0-9_.]{0,60}$/;
const VALUE_CHARACTERS = 300;
const LINES = 500;

export interface ScriptReport {
  /** False when the script did not come to its end, or its output was cut. */
  readonly isComplete: boolean;
  text(key: string): string | null;
  /** A finite number that is not negative. */
  count(key: string): number | null;
  isYes(key: string): boolean;
}

export function parseScriptReport(output: string): ScriptReport {
  const values = new Map<string, string>();
  for (const line of output.split('\n').slice(0, LINES)) {
    const at = line.indexOf('=');
    const key = line.slice(0, at);
    if (at < 1 || !KEY.test(key)) continue;
    const value = line
      .slice(at + 1)
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '')
      .trim()
      .slice(0, VALUE_CHARACTERS);
    if (value !== '' && !values.has(key)) values.set(key, value);
  }
  return {
    isComplete: values.get('end') === 'yes',
    text: (key) => values.get(key) ?? null,
    count: (key) => {
      const text = values.get(key);
      if (text === undefined || !/^\d{1,18}$/.test(text)) return null;
      return Number(text);
    },
    isYes: (key) => values.get(key) === 'yes',
  };
}
