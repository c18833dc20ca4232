/** Into a running workspace: commands, files and TCP ports. Bytes are framed as framed-bytes.ts says where both sides talk. */
import { z } from 'zod';
import { bytes, call } from './contract.ts';
import { hostErrorCodes } from './error-codes.ts';
import { PortNumber } from './hosts.ts';
import { WorkspaceId } from './ids.ts';
import { EnvironmentVariable } from './projects.ts';
import { TerminalSize } from './terminals.ts';

const noZeroByte = (value: string) => !value.includes('\0');
/** Bytes of one argument; Linux takes 128 KiB (MAX_ARG_STRLEN, execve(2)). */
const Argument = z
  .string()
  .max(131_071, 'must have at most 131,071 characters')
  .refine(noZeroByte, 'must not contain a zero byte');
/** In the container; a relative one is below the mount point. PATH_MAX is 4,096 bytes with its zero. */
export const WorkspacePath = z
  .string()
  .min(1, 'must not be empty')
  .max(4095, 'must have at most 4,095 characters')
  .refine(noZeroByte, 'must not contain a zero byte');
/** A name or number, with or without a group, as the engine takes it. */
const ContainerUser = z
  .string()
  .max(128)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$/, 'must be a user, or user:group');

const byPath = z.object({ id: WorkspaceId, path: WorkspacePath });
const running = [...hostErrorCodes, 'workspace.not-running'] as const;

export const PathKind = z.enum(['folder', 'other', 'missing']);
export type PathKind = z.infer<typeof PathKind>;

export const workspaceAccessMethods = {
  /**
   * Up: input, inputEnd, resize, signal. Down: output, errorOutput (not with a terminal), then exit. It ends with its
   * stream: what it started is ended when the client goes.
   */
  'workspaces.exec': bytes({
    summary: 'Runs a command in a workspace: its input, output, error output and exit code, framed',
    scope: 'terminals.write',
    input: z.object({
      id: WorkspaceId,
      /** The program and its arguments; no shell reads them. */
      argv: z.tuple([Argument.min(1, 'must not be empty')], Argument).refine((argv) => argv.length <= 4096),
      /** Null: the user of the workspace. */
      user: ContainerUser.nullable().default(null),
      /** Null: the mount point. */
      workingFolder: WorkspacePath.nullable().default(null),
      environment: z.array(EnvironmentVariable).max(128).default([]),
      /** Null: no terminal, and the two outputs stay apart. */
      terminal: z
        .object({
          size: TerminalSize,
          term: z
            .string()
            .max(64)
            .regex(/^[A-Za-z0-9._+-]+$/),
        })
        .nullable()
        .default(null),
      hasInput: z.boolean().default(false),
    }),
    errors: [...running, 'workspace.command-failed', 'too-many'],
    rest: { method: 'GET', path: '/workspaces/:id/exec', shape: 'duplex' },
  }),
  'workspaces.pathKind': call({
    summary: 'What is at a path in a workspace; links are followed',
    scope: 'workspaces.read',
    input: byPath,
    output: z.object({ kind: PathKind }),
    errors: [...running, 'workspace.command-failed'],
    rest: { method: 'GET', path: '/workspaces/:id/path-kind' },
  }),
  'workspaces.readTree': bytes({
    summary:
      'A file or folder of a running workspace as a tar archive; its names begin with the path’s last part',
    scope: 'workspaces.read',
    input: byPath,
    errors: [...running, 'workspace.command-failed', 'too-many'],
    rest: { method: 'GET', path: '/workspaces/:id/tree', shape: 'download', fileName: ':path.tar' },
  }),
  /** Up: input (a tar archive), inputEnd. It has worked when the stream ends without a failure. */
  'workspaces.writeTree': bytes({
    summary: 'Unpacks a tar archive into a folder of a running workspace, as its user',
    scope: 'workspaces.write',
    input: byPath,
    errors: [...running, 'workspace.command-failed', 'too-many'],
    rest: { method: 'GET', path: '/workspaces/:id/unpack', shape: 'duplex' },
  }),
  /**
   * Up: input, inputEnd. Down: output, outputEnd. Ends when both directions have. `skipsSilence`: what comes down is sound
   * (PCM, signed 16 bit, two channels), of which nothing is sent while there is none: after half a second of zeros, until
   * something else comes, in whole frames.
   */
  'workspaces.dial': bytes({
    summary:
      'A TCP connection to a port inside a running workspace, also where its server listens on loopback alone',
    scope: 'workspaces.write',
    input: z.object({ id: WorkspaceId, port: PortNumber, skipsSilence: z.boolean().optional() }),
    errors: [...running, 'workspace.port-refused', 'snapshot.tools-missing', 'too-many'],
    rest: { method: 'GET', path: '/workspaces/:id/ports/:port', shape: 'duplex' },
  }),
};
