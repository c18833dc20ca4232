/**
 * What was said, and where: flags first, then the environment, then the file of settings; in each of the two `BERTH_NAME`
 * before `NAME`. Reads a value once, through its parser; what is wrong with it becomes a finding that names its place.
 */
import { readFileSync, statSync } from 'node:fs';
import { Secret } from '../control-plane/interfaces/secret.ts';
import { type Findings, WrongValue } from './config-error.ts';
import type { EnvFile } from './env-file.ts';
import { parseLine } from './values.ts';
import { providerFieldOf, type VariableName, variableOf } from './variables.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsSource {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly env: Environment;
  /** Whether `NAME` counts in the environment, or `BERTH_NAME` alone. */
  readonly arePlainNamesOurs: boolean;
  readonly file: EnvFile | undefined;
  readonly findings: Findings;
}

/** One setting as it was found. */
export interface Said {
  readonly name: string;
  /** As it stands in an error: `SMTP_PORT (line 4 of /srv/.env)`. */
  readonly place: string;
  readonly text: string;
  /** All variables of the environment that say it, this way or hidden behind another; to be taken out of it. */
  readonly environmentNames: readonly string[];
}

/** A swarm's secrets lie in a memory file system of the container, 0444 for whatever user it runs as. */
const secretMounts = '/run/secrets/';
const maxSecretBytes = 64 * 1024;

export class Settings {
  readonly findings: Findings;
  readonly #source: SettingsSource;
  readonly #said = new Map<string, Said | undefined>();

  constructor(source: SettingsSource) {
    this.#source = source;
    this.findings = source.findings;
  }

  /** All that was read so far and is there, in the order of reading. */
  get all(): readonly Said[] {
    return [...this.#said.values()].filter((said) => said !== undefined);
  }

  /** Undefined: nobody said it. */
  said(name: string): Said | undefined {
    if (!this.#said.has(name)) this.#said.set(name, this.#find(name));
    return this.#said.get(name);
  }

  /** The value, or `otherwise` where it was not said or is wrong, which is then a finding. */
  read<T>(name: VariableName | `OIDC_${string}`, parse: (text: string) => T, otherwise: T): T {
    const said = this.said(name);
    if (said === undefined) return otherwise;
    try {
      return parse(parseLine(said.text));
    } catch (error) {
      if (!(error instanceof WrongValue)) throw error;
      this.wrong(name, error.message);
      return otherwise;
    }
  }

  /** As `read`, for what must not be printed. `check` throws WrongValue. */
  readSecret(
    name: VariableName | `OIDC_${string}`,
    check: (text: string) => void = () => undefined,
  ): Secret | null {
    return this.read(
      name,
      (text) => {
        check(text);
        return new Secret(text);
      },
      null,
    );
  }

  /** Notes that a setting breaks a rule: "must be …" or any text that may follow the name. */
  wrong(name: string, rule: string): void {
    const row = variableOf(name);
    const place = this.said(name)?.place ?? name;
    const example = row === undefined || row.isSecret ? '' : ` Example: ${name}=${row.example}`;
    this.findings.error(`${place} ${rule}.${example}`);
  }

  /** `OIDC_<KEY>_…`: the keys that are in use, sorted. */
  providerKeys(): string[] {
    const { env, file, arePlainNamesOurs } = this.#source;
    const names = [
      ...Object.keys(env).filter((name) => arePlainNamesOurs || name.startsWith('BERTH_')),
      ...Object.keys(file?.values ?? {}),
    ];
    const keys = names.flatMap(
      (name) => providerFieldOf(name.replace(/^BERTH_/, '').replace(/_FILE$/, ''))?.key ?? [],
    );
    return [...new Set(keys)].sort();
  }

  #find(name: string): Said | undefined {
    const row = variableOf(name);
    const direct =
      this.#direct(name, row?.flag, row?.earlierFlag) ?? this.#earlier(name, row?.earlierNames ?? []);
    if (row?.isSecret !== true) return direct;
    const path = this.#direct(`${name}_FILE`);
    if (path === undefined) return direct;
    if (direct !== undefined) {
      this.findings.error(`${direct.place} and ${path.place} are both given. Keep one of them.`);
      return direct;
    }
    return this.#fromFile(name, path);
  }

  #direct(name: string, ...flags: readonly (string | undefined)[]): Said | undefined {
    const { flags: values, env, file, arePlainNamesOurs } = this.#source;
    const environmentNames = [`BERTH_${name}`, ...(arePlainNamesOurs ? [name] : [])].filter(
      (key) => env[key],
    );
    for (const flag of flags) {
      const value = flag === undefined ? undefined : values[flag];
      // Said empty on purpose, a flag is a mistake; a variable that is empty is how composers leave one out.
      if (typeof value === 'string') return { name, place: `--${flag}`, text: value, environmentNames };
    }
    const [key] = environmentNames;
    if (key !== undefined) return { name, place: key, text: env[key] ?? '', environmentNames };
    for (const key of [`BERTH_${name}`, name]) {
      const text = file?.values[key];
      const place = `${key} (line ${file?.lineOf[key] ?? '?'} of ${file?.path})`;
      if (text) return { name, place, text, environmentNames };
    }
    return undefined;
  }

  /** Only in their long form: the short one was never a setting. */
  #earlier(name: string, earlierNames: readonly string[]): Said | undefined {
    for (const earlier of earlierNames) {
      const key = `BERTH_${earlier}`;
      const text = this.#source.env[key];
      if (text) return { name, place: key, text, environmentNames: [key] };
    }
    return undefined;
  }

  #fromFile(name: string, path: Said): Said | undefined {
    try {
      const facts = statSync(path.text);
      if (!facts.isFile() || facts.size > maxSecretBytes) {
        this.findings.error(`${path.place} must name a plain file of at most ${maxSecretBytes / 1024} KiB.`);
        return undefined;
      }
      if (process.platform !== 'win32' && (facts.mode & 0o004) !== 0 && !path.text.startsWith(secretMounts))
        this.findings.warn(
          `${path.place} names a file that every user of this computer can read. Shut it: chmod 600 FILE`,
        );
      const text = readFileSync(path.text, 'utf8').replace(/\r?\n$/, '');
      if (text === '') {
        this.findings.error(`${path.place} names an empty file.`);
        return undefined;
      }
      return { name, place: path.place, text, environmentNames: path.environmentNames };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.findings.error(`${path.place} names a file that cannot be read (${code ?? 'unknown'}).`);
      return undefined;
    }
  }
}
