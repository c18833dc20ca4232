/**
 * Repositories: where snapshots go that outgrow one disk. restic(1) keeps them, each piece of content once, encrypted with
 * a key that Berth makes and keeps in the keychain.
 */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { HostId, RepositoryId } from './ids.ts';
import { DisplayName, Instant } from './text.ts';

/** As restic names them (restic manual, "Preparing a new repository"), without any password. */
export const RepositoryPlace = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('folder'),
    path: z
      .string()
      .max(1000)
      .regex(/^\/[^\0\n]+$/, 'must be an absolute path on the host'),
  }),
  z.object({
    kind: z.literal('sftp'),
    user: z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be a user name'),
    host: z.string().regex(/^[A-Za-z0-9.:_-]{1,255}$/, 'must be a host name or address'),
    port: z.number().int().min(1).max(65_535),
    path: z
      .string()
      .max(1000)
      .regex(/^[^\0\n]+$/, 'must be a path'),
    /** A line of known_hosts for it. */
    hostKey: z.string().min(1).max(4000),
  }),
  z.object({
    kind: z.literal('rest'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(1000)
      .refine((url) => !url.includes('@'), 'must not hold a password'),
    user: z.string().max(200),
  }),
  z.object({
    kind: z.literal('s3'),
    endpoint: z.url({ protocol: /^https?$/ }).max(1000),
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,62}$/, 'must be the name of a bucket'),
    prefix: z.string().max(500),
    region: z.string().max(64),
    accessKeyId: z.string().max(200),
  }),
]);
export type RepositoryPlace = z.infer<typeof RepositoryPlace>;

export const Repository = z.object({
  id: RepositoryId,
  name: DisplayName,
  /** The host whose restic works on it. */
  hostId: HostId,
  /** Null: not for this caller's eyes, who needs hosts.write for that. */
  place: RepositoryPlace.nullable(),
  createdAt: Instant,
  /** When its structure was last checked by restic and found good. */
  checkedAt: Instant.nullable(),
  problem: ErrorShape.nullable(),
});
export type Repository = z.infer<typeof Repository>;

const needsHost = [
  'host.not-connected',
  'engine.unreachable',
  'engine.failed',
  'timed-out',
  'conflict',
  'host.disk-full',
  'snapshot.tools-missing',
  'repository.unreachable',
  'repository.wrong-key',
  'credential.keychain-unavailable',
  'credential.vault-locked',
  'credential.write-unverified',
  'credential.missing',
] as const;

export const repositoryMethods = {
  'repositories.watch': stream({
    summary: 'All repositories, then every change',
    scope: 'snapshots.read',
    input: z.object({}),
    item: collectionItem(Repository),
    errors: [],
    rest: { method: 'GET', path: '/repositories', shape: 'collection' },
  }),
  'repositories.add': call({
    summary: 'Makes a repository, or opens one that is there with its key',
    // A helper with the host's network and a folder of the host's: power over the whole host, as the next two.
    scope: 'hosts.write',
    input: z.object({
      name: DisplayName,
      hostId: HostId,
      place: RepositoryPlace,
      /** Of an existing repository. Null: Berth makes one. */
      key: z.string().min(8).max(500).nullable(),
      /** The password of a REST server, the secret access key of S3, a private key for SFTP. */
      secret: z.string().max(16_384).nullable(),
    }),
    /** `key` is told this once, to be written down: without it the repository cannot be read. */
    output: z.object({ repository: Repository, key: z.string() }),
    errors: [...needsHost, 'repository.name-taken'],
    rest: { method: 'POST', path: '/repositories', creates: 'repository.id', isConfidential: true },
  }),
  'repositories.check': call({
    summary: 'Lets restic check the structure of a repository, and read part of its data',
    scope: 'hosts.write',
    input: z.object({ id: RepositoryId }),
    output: Repository,
    errors: [...needsHost],
    rest: { method: 'POST', path: '/repositories/:id/check' },
  }),
  'repositories.remove': call({
    summary: 'Forgets a repository and its key; its data stays where it is',
    scope: 'hosts.write',
    input: z.object({ id: RepositoryId }),
    output: z.object({}),
    errors: ['conflict'],
    rest: { method: 'DELETE', path: '/repositories/:id' },
  }),
};
