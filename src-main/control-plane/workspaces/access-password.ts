/**
 * The password that programs in a workspace's container ask for. Owns where it is kept (the store of secrets, under an id
 * that the workspace's record names) and how it gets into a container each time that one is made. Guarantees that the
 * password is in no record, label, log line or list, and that no container is made without the one that it should have.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { CredentialId, type WorkspaceId } from '#contract/ids.ts';
import { AccessPassword, type ProjectDefinition } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import { Secret } from '../interfaces/secret.ts';
import type { SecretStore } from '../interfaces/secret-store.ts';
import type { WorkspaceRecord } from './workspace.ts';
import type { WorkspaceDirectory } from './workspace-directory.ts';
import type { ContainerContents } from './workspace-parts.ts';

/** What a workspace's record holds of its password: everything but the password. */
export const AccessPasswordRecord = AccessPassword.extend({
  secretId: CredentialId,
  /** The container that is there was made with the one before. */
  isPending: z.boolean().default(false),
});
export type AccessPasswordRecord = z.infer<typeof AccessPasswordRecord>;

/** A password that a new workspace is to have. `value` null: one is made. */
export interface PasswordWish extends AccessPassword {
  readonly value: Secret | null;
}

/** 120 bits in 20 characters that need no quoting anywhere. */
const madeBytes = 15;

/** Where Docker's own secrets are mounted, so that images look there (docs.docker.com/engine/swarm/secrets). */
export const secretsFolder = '/run/secrets';

export interface AccessPasswordDeps {
  readonly secrets: Pick<SecretStore, 'put' | 'get' | 'delete'>;
  readonly directory: WorkspaceDirectory;
  readonly random: Pick<Random, 'id' | 'bytes'>;
  readonly log: Log;
}

export class AccessPasswords {
  readonly #deps: AccessPasswordDeps;
  readonly #forgetting = new Set<Promise<void>>();

  constructor(deps: AccessPasswordDeps) {
    this.#deps = deps;
    deps.directory.onRemove((record) => {
      const forgetting = this.#forget(record).finally(() => this.#forgetting.delete(forgetting));
      this.#forgetting.add(forgetting);
    });
  }

  /** Resolves when what is to be forgotten is. */
  async close(): Promise<void> {
    await Promise.all(this.#forgetting);
  }

  /**
   * Keeps a password and returns what the record says of it. Throws credential.keychain-unavailable,
   * credential.vault-locked, credential.write-unverified, or invalid-input where it could not be delivered.
   */
  async keep(wish: PasswordWish, profile: ProjectDefinition['profile']): Promise<AccessPasswordRecord> {
    const { random, secrets } = this.#deps;
    requireDeliverable(wish, profile);
    const secretId = CredentialId.parse(random.id('cred'));
    const value = wish.value ?? new Secret(Buffer.from(random.bytes(madeBytes)).toString('base64url'));
    await secrets.put(secretId, value);
    return { variable: wish.variable, delivery: wish.delivery, secretId, isPending: false };
  }

  /** Takes back what `keep` did, where no record came to hold it. */
  async discard(kept: AccessPasswordRecord | null): Promise<void> {
    if (kept === null) return;
    const { secrets, log } = this.#deps;
    await secrets.delete(kept.secretId).catch((cause: unknown) => {
      log.warn('a password that nothing uses any more stays sealed in the store', { cause });
    });
  }

  async reveal(id: WorkspaceId): Promise<AccessPassword & { password: string }> {
    const record = this.#deps.directory.require(id);
    if (record.accessPassword === null)
      throw new BerthError(
        'credential.missing',
        `“${record.name}” has no password that Berth knows of. Give it one, then restart it.`,
      );
    const { variable, delivery } = record.accessPassword;
    return { variable, delivery, password: (await this.#secretOf(record)).reveal() };
  }

  async change(
    id: WorkspaceId,
    wish: {
      readonly value: Secret | null;
      readonly variable?: AccessPassword['variable'] | undefined;
      readonly delivery?: AccessPassword['delivery'] | undefined;
    },
  ): Promise<Workspace> {
    const { directory } = this.#deps;
    const { accessPassword: before, definition } = directory.require(id);
    this.#requireIdle(id);
    const kept = await this.keep(
      {
        value: wish.value,
        variable: wish.variable ?? before?.variable ?? 'PASSWORD',
        delivery: wish.delivery ?? before?.delivery ?? 'environment',
      },
      definition.profile,
    );
    try {
      this.#requireIdle(id);
      // The new one is kept before the record names it, and the old one goes after: no moment has a name without a secret.
      await directory.change(id, { accessPassword: { ...kept, isPending: true } });
    } catch (error) {
      await this.discard(kept);
      throw error;
    }
    if (directory.record(id) === undefined) await this.discard(kept);
    else if (before !== null && !this.#isHeld(before)) await this.discard(before);
    return directory.workspace(id);
  }

  /** What a container of this workspace is made with beside its image. Throws credential.*. */
  async contentsOf(
    record: WorkspaceRecord,
    environment: ProjectDefinition['environment'],
  ): Promise<ContainerContents> {
    if (record.accessPassword === null) return { environment, secretFiles: [] };
    const { variable, delivery } = record.accessPassword;
    requireDeliverable(record.accessPassword, record.definition.profile);
    const content = await this.#secretOf(record);
    const path = `${secretsFolder}/${variable}`;
    const added =
      delivery === 'environment'
        ? [{ name: variable, value: content }]
        : [
            // Docker's own images read `<variable>_FILE`, those of LinuxServer.io `FILE__<variable>`.
            { name: `${variable}_FILE`, value: path },
            { name: `FILE__${variable}`, value: path },
          ];
    // An image that is told both ways takes the wrong one, or refuses to start (file_env of Docker's own images).
    const names = new Set([variable, `${variable}_FILE`, `FILE__${variable}`]);
    return {
      environment: [...environment.filter(({ name }) => !names.has(name)), ...added],
      secretFiles: delivery === 'file' ? [{ path, content }] : [],
    };
  }

  /** An operation may make a container just now, with the password that there is. */
  #requireIdle(id: WorkspaceId): void {
    if (this.#deps.directory.operation(id) === undefined) return;
    throw new BerthError('conflict', 'An operation on this workspace is under way; wait for its end.');
  }

  async #secretOf({ name, accessPassword }: WorkspaceRecord): Promise<Secret> {
    const secret =
      accessPassword === null ? undefined : await this.#deps.secrets.get(accessPassword.secretId);
    if (secret !== undefined) return secret;
    throw new BerthError(
      'credential.missing',
      `The password of “${name}” is not in the keychain any more. Give the workspace another one.`,
    );
  }

  /** The two halves of a move share one. */
  #isHeld({ secretId }: AccessPasswordRecord): boolean {
    return this.#deps.directory.records().some((record) => record.accessPassword?.secretId === secretId);
  }

  async #forget({ accessPassword }: WorkspaceRecord): Promise<void> {
    if (accessPassword !== null && !this.#isHeld(accessPassword)) await this.discard(accessPassword);
  }
}

/** What the record says once a container was made with the password. */
export function asMade(password: AccessPasswordRecord | null): AccessPasswordRecord | null {
  return password === null ? null : { ...password, isPending: false };
}

/** What others may see of it. */
export function shownPassword(password: AccessPasswordRecord | null): AccessPassword | undefined {
  return password === null ? undefined : { variable: password.variable, delivery: password.delivery };
}

function requireDeliverable({ delivery }: AccessPassword, profile: ProjectDefinition['profile']): void {
  if (delivery === 'environment' || profile !== 'locked') return;
  throw new BerthError(
    'invalid-input',
    `Not valid: delivery: must be environment, for the project's profile is “locked”: nothing can be written into a read-only root, and ${secretsFolder} is memory that is empty at each start.`,
    { details: { fields: ['delivery: must be environment where the profile is locked'] } },
  );
}
