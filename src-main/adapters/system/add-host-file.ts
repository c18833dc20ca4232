/** Reads the file of `--add-host`: a host to add at the start, with the key that it will show. */
import { readFile } from 'node:fs/promises';
import { BerthError } from '#contract/berth-error.ts';
import { Host, SshDefinition } from '#contract/hosts.ts';

export interface HostToAdd {
  readonly name: string;
  readonly definition: SshDefinition;
  /** The base64 of its public key, as in known_hosts; undefined: the person is asked. */
  readonly hostKey: Buffer | undefined;
}

/** @throws invalid-input with the field that is wrong. */
export async function readAddHostFile(path: string): Promise<HostToAdd> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new BerthError('invalid-input', `${path} cannot be read as JSON.`, { cause, details: { path } });
  }
  const fields = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const name = Host.shape.name.safeParse(fields.name);
  const definition = SshDefinition.safeParse(fields.definition);
  const wrong = [...(name.success ? [] : ['name']), ...(definition.success ? [] : ['definition'])];
  if (!name.success || !definition.success)
    throw new BerthError('invalid-input', `${path}: not valid: ${wrong.join(', ')}.`, {
      details: { path, fields: wrong },
    });
  const key = typeof fields.hostKey === 'string' ? fields.hostKey.trim().split(/\s+/)[1] : undefined;
  return {
    name: name.data,
    definition: definition.data,
    hostKey: key === undefined ? undefined : Buffer.from(key, 'base64'),
  };
}
