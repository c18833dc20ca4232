/** Failures of a connection whose cause is one field of the form: they stand there, not below it. Pure. */
import type { BerthError } from '#contract/berth-error.ts';
import type { HostDefinition, SshAuth } from '#contract/hosts.ts';

/** Messages by field, as `fieldErrors` has them; empty where the cause is no single field. */
export function failureAtField(
  error: BerthError | null,
  definition: HostDefinition,
): Readonly<Record<string, string>> {
  if (error === null) return {};
  if (error.code === 'host.name-taken') return { name: error.message };
  if (error.code !== 'credential.unreadable-key' || definition.kind !== 'ssh') return {};
  const places: readonly (readonly [string, SshAuth])[] = [
    ['definition.auth', definition.auth],
    ...definition.jumps.map(({ auth }, index) => [`definition.jumps.${index}.auth`, auth] as const),
  ];
  const meant = places.filter(([, auth]) => isKeyFile(auth, String(error.details.key ?? '')));
  const [only] = meant;
  return only === undefined || meant.length > 1 ? {} : { [`${only[0]}.source.path`]: error.message };
}

/** The plane names the file in full; the field may begin with `~`. */
function isKeyFile(auth: SshAuth, path: string): boolean {
  if (auth.method !== 'key' || auth.source.kind !== 'file') return false;
  const typed = auth.source.path;
  return typed === path || (typed.startsWith('~/') && path.endsWith(typed.slice(1)));
}
