/**
 * Files of workspaces and hosts. A place is a workspace (as its user sees it; of one that does not run, its lasting files) or
 * a host (as Berth's login there sees it: for who owns hosts). Paths are absolute or relative to where a person would begin.
 */
import { z } from 'zod';
import { bytes, call, stream } from './contract.ts';
import { hostErrorCodes } from './error-codes.ts';
import { HostId, WorkspaceId } from './ids.ts';
import { Operation } from './operations.ts';
import type { Scope } from './scopes.ts';
import { Bytes, Instant } from './text.ts';

export const PlaceId = z.union([WorkspaceId, HostId]);
export type PlaceId = z.infer<typeof PlaceId>;

/** PATH_MAX is 4,096 bytes with its zero. Names that are no UTF-8 are shown with U+FFFD and cannot be asked for. */
export const FilePath = z
  .string()
  .min(1, 'must not be empty')
  .max(4095, 'must have at most 4,095 characters')
  .refine((path) => !path.includes('\0'), 'must not contain a zero byte');
/** One part of a path. NAME_MAX. */
export const FileName = z
  .string()
  .min(1, 'must not be empty')
  .max(255, 'must have at most 255 characters')
  .refine((name) => !/[/\0]/.test(name) && name !== '.' && name !== '..', 'must be a name, not a path');

export const FileKind = z.enum(['file', 'folder', 'link', 'other']);
export type FileKind = z.infer<typeof FileKind>;

export const FileEntry = z.object({
  name: z.string(),
  kind: FileKind,
  sizeBytes: Bytes,
  /** The twelve bits of chmod(2). */
  mode: z.number().int().min(0).max(0o7777),
  /** Names where they are known there, else numbers. */
  owner: z.string(),
  group: z.string(),
  modifiedAt: Instant,
  /** Of a link: what it says, and what is there. */
  target: z.string().nullable(),
  targetKind: FileKind.nullable(),
  /** Differs when the file does: by its size, its time to the nanosecond and its number. Opaque. */
  version: z.string().max(128),
});
export type FileEntry = z.infer<typeof FileEntry>;

/** Part of a folder, in the order in which it was read. The first comes at once. */
export const FolderPart = z.object({
  /** The folder's own absolute path, links resolved. */
  path: z.string(),
  /** Whether the person may make and delete things in it. */
  isWritable: z.boolean(),
  entries: z.array(FileEntry).max(1_000),
});
export type FolderPart = z.infer<typeof FolderPart>;

export const FileMode = z.number().int().min(0).max(0o7777);
/** Made by the client, once for each file that it sends: by it an upload that broke off goes on. */
export const UploadKey = z.string().regex(/^[0-9a-z]{20}$/);
/** Bytes of text that can be edited here. */
export const maxTextBytes = 1024 * 1024;

const onHosts = ({ placeId }: { readonly placeId: PlaceId }): Scope | null =>
  placeId.startsWith('host_') ? 'hosts.write' : null;
const at = z.object({ placeId: PlaceId, path: FilePath });
const reading = [
  ...hostErrorCodes,
  'file.permission-denied',
  'file.wrong-kind',
  'file.failed',
  'file.tools-missing',
  'too-many',
] as const;
const writing = [...reading, 'file.exists', 'file.no-space', 'file.changed'] as const;

export const fileMethods = {
  'files.start': call({
    summary: 'Where a person begins: the home on a host, the mount point of a workspace',
    scope: 'workspaces.read',
    alsoNeeds: onHosts,
    input: z.object({ placeId: PlaceId }),
    output: z.object({
      path: z.string(),
      /** Only these are there now: of a workspace that does not run. Null: everything. */
      only: z.string().nullable(),
    }),
    errors: [...reading],
    rest: { method: 'GET', path: '/files/:placeId/start' },
  }),
  'files.list': stream({
    summary: 'The entries of a folder, in parts, until all were there',
    scope: 'workspaces.read',
    alsoNeeds: onHosts,
    input: at,
    item: FolderPart,
    errors: [...reading],
    rest: { method: 'GET', path: '/files/:placeId/list', shape: 'items' },
  }),
  'files.look': call({
    summary: 'One entry; a link itself, not what it leads to',
    scope: 'workspaces.read',
    alsoNeeds: onHosts,
    input: at,
    output: FileEntry,
    errors: [...reading],
    rest: { method: 'GET', path: '/files/:placeId/entry' },
  }),
  'files.read': bytes({
    summary: 'The bytes of a file, from an offset on',
    scope: 'workspaces.read',
    alsoNeeds: onHosts,
    input: at.extend({
      offset: Bytes.default(0),
      /** Fails with file.changed where the file is another one by now: for whoever goes on in the middle. */
      ifVersion: FileEntry.shape.version.nullable().default(null),
    }),
    errors: [...reading, 'file.changed'],
    rest: { method: 'GET', path: '/files/:placeId/content', shape: 'download', fileName: ':path' },
  }),
  'files.readFolder': bytes({
    summary: 'Files and folders of one folder as an archive',
    scope: 'workspaces.read',
    alsoNeeds: onHosts,
    input: at.extend({
      /** Of what is in the folder; empty: all of it. */
      names: z.array(FileName).max(1_000).default([]),
      format: z.enum(['zip', 'tar']).default('zip'),
    }),
    errors: [...reading],
    rest: { method: 'GET', path: '/files/:placeId/archive', shape: 'download', fileName: ':path.archive' },
  }),
  'files.uploaded': call({
    summary: 'How much of an upload that broke off is there',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({ uploadKey: UploadKey }),
    output: z.object({ bytes: Bytes }),
    errors: [...reading],
    rest: { method: 'GET', path: '/files/:placeId/uploads/:uploadKey' },
  }),
  /**
   * Up: input, inputEnd. The bytes go beside the file, and become it in one step when all `sizeBytes` are there and it
   * has ended; until then nothing of what was there changes. It has worked when the stream ends without a failure.
   */
  'files.write': bytes({
    summary: 'Sends a file, from the offset on that an earlier try of the same key came to',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({
      uploadKey: UploadKey,
      offset: Bytes.default(0),
      sizeBytes: Bytes,
      /** Null: as it was, or by the umask. */
      mode: FileMode.nullable().default(null),
      /** What there may be already: nothing, or anything, or (a version) this very file. */
      replaces: z.union([z.enum(['nothing', 'anything']), FileEntry.shape.version]).default('nothing'),
      modifiedAt: Instant.nullable().default(null),
    }),
    errors: [...writing],
    rest: { method: 'GET', path: '/files/:placeId/upload', shape: 'duplex' },
  }),
  'files.discardUpload': call({
    summary: 'Deletes what there is of an upload that broke off',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({ uploadKey: UploadKey }),
    output: z.object({}),
    errors: [...reading],
    rest: { method: 'DELETE', path: '/files/:placeId/uploads/:uploadKey' },
  }),
  'files.readText': call({
    summary: 'A small text file, to be edited',
    scope: 'workspaces.read',
    alsoNeeds: onHosts,
    input: at,
    output: z.object({ text: z.string(), entry: FileEntry, isWritable: z.boolean() }),
    errors: [...reading, 'file.too-large', 'file.not-text'],
    rest: { method: 'GET', path: '/files/:placeId/text' },
  }),
  'files.writeText': call({
    summary: 'Writes a text file in one step, unless it was changed meanwhile',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({
      text: z.string().max(maxTextBytes),
      replaces: z.union([z.enum(['nothing', 'anything']), FileEntry.shape.version]),
    }),
    output: FileEntry,
    errors: [...writing],
    rest: { method: 'PUT', path: '/files/:placeId/text' },
  }),
  'files.makeFolder': call({
    summary: 'Makes a folder, and those above it that are missing',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({ mayExist: z.boolean().default(false) }),
    output: FileEntry,
    errors: [...writing],
    rest: { method: 'POST', path: '/files/:placeId/folders' },
  }),
  'files.rename': call({
    summary: 'Gives a file or folder another name or place in the same file system',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({ toPath: FilePath, mayReplace: z.boolean().default(false) }),
    output: FileEntry,
    errors: [...writing],
    rest: { method: 'POST', path: '/files/:placeId/rename' },
  }),
  'files.remove': call({
    summary: 'Begins to delete files and folders with all that is in them, for good',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({ names: z.array(FileName).min(1).max(1_000) }),
    output: Operation,
    errors: [...reading],
    rest: { method: 'POST', path: '/files/:placeId/remove' },
  }),
  'files.setPermissions': call({
    summary: 'Begins to change permissions, of all that is within too where asked',
    scope: 'workspaces.write',
    alsoNeeds: onHosts,
    input: at.extend({
      names: z.array(FileName).min(1).max(1_000),
      mode: FileMode,
      /** Folders then also get `x` where they get `r`. */
      isRecursive: z.boolean().default(false),
    }),
    output: Operation,
    errors: [...reading],
    rest: { method: 'POST', path: '/files/:placeId/permissions' },
  }),
  'files.copy': call({
    summary: 'Begins to copy or move files and folders to another folder, of another workspace or host too',
    scope: 'workspaces.write',
    alsoNeeds: ({ placeId, toId }) =>
      placeId.startsWith('host_') || toId.startsWith('host_') ? 'hosts.write' : null,
    input: at.extend({
      names: z.array(FileName).min(1).max(1_000),
      toId: PlaceId,
      toPath: FilePath,
      /** Where something of the name is there: `both` gives the new one another name. */
      onConflict: z.enum(['fail', 'replace', 'skip', 'both']).default('fail'),
      isMove: z.boolean().default(false),
    }),
    output: Operation,
    errors: [...writing],
    rest: { method: 'POST', path: '/files/:placeId/copy' },
  }),
};
