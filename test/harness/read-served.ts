/** Reads the configuration of a served Berth as `berth serve` does, on a folder of its own; tells what it was told. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Config, ConfigError, type ConfigSource, readConfig } from '#main/config.ts';

export interface ReadServed {
  /** Undefined where it was refused. */
  readonly config: Config | undefined;
  /** A line each. */
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** A folder that goes with the test. */
export function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'berth-config-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function readServed(
  env: Readonly<Record<string, string>>,
  source: Partial<Omit<ConfigSource, 'mode' | 'env'>> = {},
): ReadServed {
  const withFolder = { BERTH_DATA_DIR: join(ownFolder(), 'data'), ...env };
  try {
    const config = readConfig({ mode: 'served', argv: [], ...source, env: withFolder });
    return { config, errors: [], warnings: config.warnings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { config: undefined, errors: error.message.split('\n'), warnings: error.warnings };
  }
}

/** Random enough for every rule. */
export const goodKey = 'q7Zt1pXv9LmN3sKd8RwY5uBh2JcF6gEa4TiOoPxQzWyV';
