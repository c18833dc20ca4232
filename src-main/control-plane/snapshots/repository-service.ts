/**
 * Repositories: their records, their keys in the keychain, and what restic says of them. A repository that is added with its
 * key brings the snapshots in it along, also those of a host that is gone.
 */
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { CredentialId, type HostId, RepositoryId } from '#contract/ids.ts';
import type { ParsedInputOf } from '#contract/index.ts';
import { Repository, RepositoryPlace } from '#contract/repositories.ts';
import type { Caller } from '../caller.ts';
import { Collection } from '../changes.ts';
import type { HostLinks } from '../hosts/host-links.ts';
import { type Clock, instantOf } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { Random } from '../interfaces/random.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import { Secret } from '../interfaces/secret.ts';
import { nameKey } from '../workspaces/workspace.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import type { HelperEvent } from './helper-output.ts';
import { accessLine, type RepositoryAccess } from './repository-access.ts';
import type { SnapshotDirectory } from './snapshot-directory.ts';
import { askHelper } from './helper-work.ts';

export const RepositoryRecord = Repository.extend({ place: RepositoryPlace, credentialId: CredentialId });
export type RepositoryRecord = z.infer<typeof RepositoryRecord>;

/** Everybody may keep snapshots in one; where it is and what is wrong with it in words is for those who look after hosts. */
export function asSeenBy({ scopes }: Caller): (repository: Repository) => Repository {
  if (scopes.has('hosts.write')) return (repository) => repository;
  return (repository) => ({
    ...repository,
    place: null,
    problem: repository.problem && {
      code: repository.problem.code,
      message: 'The repository cannot be used at present. An owner sees why.',
      details: {},
    },
  });
}

/** What a repository needs of credentials. */
export interface RepositorySecrets {
  add(input: { label: string; secret: Secret }): Promise<CredentialId>;
  secretOf(id: CredentialId): Promise<Secret | undefined>;
  remove(id: CredentialId): Promise<void>;
}

export interface RepositoryServiceDeps {
  readonly records: RecordCollection<RepositoryRecord>;
  readonly snapshots: SnapshotDirectory;
  readonly secrets: RepositorySecrets;
  readonly links: HostLinks;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

const Kept = z.object({ key: z.string(), secret: z.string().nullable() });
/** 256 bits, as restic's own keys. */
const KEY_BYTES = 32;

export class RepositoryService {
  readonly collection = new Collection<Repository>();
  readonly #deps: RepositoryServiceDeps;
  readonly #records = new Map<string, RepositoryRecord>();

  constructor(deps: RepositoryServiceDeps) {
    this.#deps = deps;
  }

  async load(): Promise<void> {
    for (const record of await this.#deps.records.all()) this.#show(record);
  }

  /** Names of the repositories whose key it is. */
  usersOf(id: CredentialId): string[] {
    return [...this.#records.values()].filter((one) => one.credentialId === id).map(({ name }) => name);
  }

  require(id: string): RepositoryRecord {
    const record = this.#records.get(id);
    if (record === undefined)
      throw new BerthError(
        'not-found',
        'Berth does not know the repository any more. Add it again with its key.',
      );
    return record;
  }

  /** Throws credential.* where its key cannot be read. */
  async access(id: string): Promise<RepositoryAccess> {
    const { place, credentialId, name } = this.require(id);
    const secret = await this.#deps.secrets.secretOf(credentialId);
    if (secret === undefined)
      throw new BerthError(
        'credential.missing',
        `The key of the repository “${name}” is not in the keychain. Add the repository again with its key.`,
      );
    const kept = Kept.parse(JSON.parse(secret.reveal()));
    return { place, input: accessLine(place, kept) };
  }

  async add(input: ParsedInputOf<'repositories.add'>): Promise<{ repository: Repository; key: string }> {
    const { links, random, clock, secrets, snapshots } = this.#deps;
    const key = nameKey(input.name);
    const other = [...this.#records.values()].find(({ name }) => nameKey(name) === key);
    if (other !== undefined)
      throw new BerthError('repository.name-taken', `A repository named “${other.name}” is there already.`, {
        details: { field: 'name' },
      });
    const link = links.requireEngine(input.hostId);
    const kept = {
      key: input.key ?? Buffer.from(random.bytes(KEY_BYTES)).toString('base64url'),
      secret: input.secret,
    };
    const access: RepositoryAccess = { place: input.place, input: accessLine(input.place, kept) };
    // The key before the repository: one that is made and whose key is lost would be of no use to anybody.
    const credentialId = await secrets.add({
      label: `Key of the repository ${input.name}`.slice(0, 80),
      secret: new Secret(JSON.stringify(kept)),
    });
    let id: RepositoryId;
    try {
      const events = await this.#ask(link, input.key === null ? '--make' : '--open', access);
      // The host's word: what it calls this repository, whichever Berth asks.
      id = RepositoryId.parse(events.find(({ event }) => event === 'repository')?.id);
      const same = this.#records.get(id);
      if (same !== undefined)
        throw new BerthError('conflict', `The repository is here already, as “${same.name}”.`);
    } catch (error) {
      await secrets.remove(credentialId);
      throw error;
    }
    const record: RepositoryRecord = {
      id,
      name: input.name,
      hostId: input.hostId,
      place: input.place,
      createdAt: instantOf(clock),
      checkedAt: instantOf(clock),
      problem: null,
      credentialId,
    };
    await this.#put(record);
    // Opened with its key, it may hold snapshots that the folder of this host did not.
    if (input.key !== null) void snapshots.refresh(input.hostId);
    return { repository: this.#show(record), key: kept.key };
  }

  async check(id: RepositoryId): Promise<Repository> {
    const { links, clock } = this.#deps;
    const record = this.require(id);
    const link = links.requireEngine(record.hostId);
    const access = await this.access(id);
    try {
      await this.#ask(link, '--check', access);
      await this.#put({ ...record, checkedAt: instantOf(clock), problem: null });
    } catch (error) {
      if (!BerthError.is(error, 'snapshot.corrupt', 'repository.wrong-key', 'repository.unreachable'))
        throw error;
      await this.#put({ ...record, problem: error.toShape() });
    }
    return this.#show(this.require(id));
  }

  async remove(id: RepositoryId): Promise<void> {
    const { snapshots, secrets, records } = this.#deps;
    const record = this.require(id);
    const held = snapshots.all().filter(({ repositoryId }) => repositoryId === id).length;
    if (held > 0)
      throw new BerthError(
        'conflict',
        `${held === 1 ? 'A snapshot is' : `${held} snapshots are`} in the repository “${record.name}”. Delete ${held === 1 ? 'it' : 'them'} first.`,
        { details: { snapshots: held } },
      );
    await records.delete(id);
    this.#records.delete(id);
    this.collection.delete(id);
    await secrets.remove(record.credentialId);
  }

  /** A host that is removed from Berth takes its repositories' records along; their data stays where it is. */
  async forgetHost(hostId: HostId): Promise<void> {
    for (const record of [...this.#records.values()].filter((one) => one.hostId === hostId)) {
      await this.#deps.records.delete(record.id);
      this.#records.delete(record.id);
      this.collection.delete(record.id);
    }
  }

  #ask(
    link: ReadyLink,
    what: '--make' | '--open' | '--check',
    access: RepositoryAccess,
  ): Promise<HelperEvent[]> {
    return askHelper(
      link,
      {
        purpose: 'repository',
        id: this.#deps.random.id('op'),
        store: 'create',
        rights: 'write',
        args: ['repository', '--store=/store', what],
      },
      link.signal,
      access,
    );
  }

  async #put(record: RepositoryRecord): Promise<void> {
    await this.#deps.records.put(record);
    this.#show(record);
  }

  #show(record: RepositoryRecord): Repository {
    this.#records.set(record.id, record);
    const { credentialId: _credentialId, ...shown } = record;
    this.collection.put(shown);
    return shown;
  }
}
