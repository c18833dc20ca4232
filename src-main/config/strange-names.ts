/**
 * Names that look like settings and are none: a setting that is spelt wrong is not there, and nothing else would say so.
 * Warns; never refuses, since an environment has names of everybody.
 */
import type { Findings } from './config-error.ts';
import type { EnvFile } from './env-file.ts';
import { providerFieldOf, variables } from './variables.ts';

/** Berth's own, that are no settings: in its terminals, in its marks on hosts, in its tests. */
const ownOtherNames = /^BERTH_(TERMINAL_ID|MARK|TEST_[A-Z_]+)$/;
const prefixes = ['SMTP_', 'OIDC_', 'QUOTA_'];
/** What other programs call the same. */
const otherWords: Readonly<Record<string, string>> = {
  BASE_URL: 'PUBLIC_URL',
  DATABASE_URL: 'DB_URL',
  JWT_SECRET: 'SECRET_KEY',
  MAIL_FROM: 'SMTP_FROM',
  SMTP_PASS: 'SMTP_PASSWORD',
  SMTP_SECURE: 'SMTP_SECURITY',
  SMTP_USERNAME: 'SMTP_USER',
  TRUST_PROXY: 'TRUSTED_PROXIES',
};
/** Shorter names are a letter or two away from everything. */
const shortestTellingName = 7;

const settingNames: readonly string[] = variables.flatMap((row) => [
  row.name,
  ...('isSecret' in row ? [`${row.name}_FILE`] : []),
]);

const earlierNames: readonly string[] = variables.flatMap((row) =>
  'earlierNames' in row ? row.earlierNames.map((name) => `BERTH_${name}`) : [],
);

export function warnOfStrangeNames(
  env: Readonly<Record<string, string | undefined>>,
  file: EnvFile | undefined,
  findings: Findings,
): void {
  for (const name of Object.keys(env)) warnOf(name, name, false, findings);
  for (const name of Object.keys(file?.values ?? {}))
    warnOf(name, `${name} (line ${file?.lineOf[name] ?? '?'} of ${file?.path})`, true, findings);
}

function warnOf(name: string, place: string, isInOurFile: boolean, findings: Findings): void {
  if (ownOtherNames.test(name) || earlierNames.includes(name)) return;
  const isBerths = name.startsWith('BERTH_');
  const bare = isBerths ? name.slice('BERTH_'.length) : name;
  if (settingNames.includes(bare) || providerFieldOf(bare.replace(/_FILE$/, '')) !== undefined) return;
  const other = otherWords[bare];
  const near = other ?? nearest(bare);
  const suggestion = near === undefined ? '' : ` Is ${isBerths ? 'BERTH_' : ''}${near} meant?`;
  // In the environment, another program's words may well be for another program.
  const isClose =
    other === undefined ? near !== undefined && bare.length >= shortestTellingName : isInOurFile;
  if (isBerths || isClose || prefixes.some((prefix) => bare.startsWith(prefix)))
    findings.warn(`${place} is no setting of Berth and was passed over.${suggestion}`);
}

/** The setting that the name is one slip away from, or two where it is long. */
function nearest(name: string): string | undefined {
  const most = name.length >= 12 ? 2 : 1;
  const [best] = settingNames
    .map((setting) => ({ setting, slips: slipsBetween(name, setting) }))
    .filter(({ slips }) => slips <= most)
    .sort((a, b) => a.slips - b.slips);
  return best?.setting;
}

/** Letters left out, put in, changed, or two neighbours swapped (optimal string alignment distance). */
export function slipsBetween(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const ways = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + (isSame ? 0 : 1)];
      if (i > 1 && j > 1 && isSwapped) ways.push(at(i - 2, j - 2) + 1);
      rows[i]?.push(Math.min(...ways));
    }
  }
  return at(a.length, b.length);
}
