/** Terminals: a PTY in a workspace or on a host. Its bytes travel as binary frames; its state is a collection. */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { bytes, call, stream } from './contract.ts';
import { HostId, TerminalId, WorkspaceId } from './ids.ts';
import { Instant, line } from './text.ts';

/** Columns and rows; the bounds are those under which every terminal program still draws. */
export const TerminalSize = z.object({
  cols: z.number().int().min(2).max(1000),
  rows: z.number().int().min(1).max(500),
});
export type TerminalSize = z.infer<typeof TerminalSize>;

export const TerminalTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('workspace'), workspaceId: WorkspaceId }),
  z.object({ kind: z.literal('host'), hostId: HostId }),
]);
export type TerminalTarget = z.infer<typeof TerminalTarget>;

export const TerminalState = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('opening') }),
  z.object({
    phase: z.literal('live'),
    /** When it came back after its connection was lost; null when it was never away. */
    reattachedAt: Instant.nullable(),
  }),
  /** Its shell runs on where it is; the way there is cut. What is typed meanwhile is refused, never kept back. */
  z.object({
    phase: z.literal('lost'),
    at: Instant,
    /** Bytes that were sent before the loss was noticed and whose arrival nobody confirmed. */
    unconfirmedBytes: z.number().int().min(0),
  }),
  z.object({
    phase: z.literal('ended'),
    at: Instant,
    exitCode: z.number().int().nullable(),
    error: ErrorShape.nullable(),
  }),
]);
export type TerminalState = z.infer<typeof TerminalState>;

export const Terminal = z.object({
  id: TerminalId,
  target: TerminalTarget,
  /** Given by the person; null shows the title that the program set. */
  name: line(80).nullable(),
  /** Set by the program, cleaned of control characters, at most 256 characters. */
  programTitle: z.string().max(256),
  size: TerminalSize,
  state: TerminalState,
  /** `connection`: it ends with the connection. `multiplexer`: it runs under tmux on its host and outlives it. */
  lifetime: z.enum(['connection', 'multiplexer']),
  /** Why it ends with the connection, in a sentence; null where it does not. */
  lifetimeNote: z.string().max(300).nullable(),
  /** What joins the same shell from any login on its host; null where it ends with the connection. */
  attachCommand: z.string().max(200).nullable(),
  /** Found running on its host, with no tab that anybody remembers. */
  isFound: z.boolean(),
  openedAt: Instant,
});
export type Terminal = z.infer<typeof Terminal>;

/** One look at a terminal's way, from end to end. Milliseconds are of this one look. */
export const TerminalMeasure = z.object({
  /** From the plane to the host and back; null for a terminal on this computer. */
  hostMs: z.number().min(0).nullable(),
  /** From the plane through the terminal's own stream and back; null where it has no way to ask. */
  streamMs: z.number().min(0).nullable(),
  /** Written by the program and not yet on its way to this window. */
  behindBytes: z.number().int().min(0),
});
export type TerminalMeasure = z.infer<typeof TerminalMeasure>;

export const terminalMethods = {
  'terminals.watch': stream({
    summary: 'All terminals, then every change',
    scope: 'terminals.read',
    input: z.object({}),
    item: collectionItem(Terminal),
    errors: [],
    rest: { method: 'GET', path: '/terminals', shape: 'collection' },
  }),
  'terminals.open': call({
    summary: 'Opens a shell in a workspace, or on a host for those who may change hosts',
    scope: 'terminals.write',
    alsoNeeds: ({ target }) => (target.kind === 'host' ? 'hosts.write' : null),
    input: z.object({
      target: TerminalTarget,
      size: TerminalSize,
      name: line(80).nullable(),
      /** Typed into it once its shell has shown something, without Return: a person reads it and decides. */
      typed: line(2000).optional(),
    }),
    output: Terminal,
    errors: [
      'host.not-connected',
      'host.sessions-exhausted',
      'engine.unreachable',
      'engine.permission-denied',
      'engine.forwarding-denied',
      'engine.too-old',
      'engine.failed',
      'workspace.not-running',
      'terminal.open-failed',
      'too-many',
      'timed-out',
    ],
    rest: { method: 'POST', path: '/terminals', creates: 'id' },
  }),
  'terminals.attach': bytes({
    summary:
      'Output since `fromByte` (or what is still held of it), then live, and keystrokes up; ends with the terminal',
    scope: 'terminals.write',
    input: z.object({ id: TerminalId }),
    errors: ['terminal.ended'],
    rest: { method: 'GET', path: '/terminals/:id/attach', shape: 'duplex' },
  }),
  'terminals.measure': call({
    summary: 'One round trip through the terminal’s own way, and how far its output is behind',
    scope: 'terminals.read',
    input: z.object({ id: TerminalId }),
    output: TerminalMeasure,
    errors: ['terminal.ended', 'host.not-connected', 'timed-out'],
    rest: { method: 'GET', path: '/terminals/:id/measure' },
  }),
  'terminals.resize': call({
    summary: 'Tells the program its new size',
    scope: 'terminals.write',
    input: z.object({ id: TerminalId, size: TerminalSize }),
    output: z.object({}),
    errors: ['terminal.ended'],
    rest: { method: 'PUT', path: '/terminals/:id/size' },
  }),
  'terminals.rename': call({
    summary: 'Names a terminal; null goes back to the title of its program',
    scope: 'terminals.write',
    input: z.object({ id: TerminalId, name: line(80).nullable() }),
    output: Terminal,
    errors: [],
    rest: { method: 'PATCH', path: '/terminals/:id' },
  }),
  'terminals.dropBacklog': call({
    summary: 'Throws away output that was not shown yet; says how much',
    scope: 'terminals.write',
    input: z.object({ id: TerminalId }),
    output: z.object({ droppedBytes: z.number().int() }),
    errors: ['terminal.ended'],
    rest: { method: 'POST', path: '/terminals/:id/drop-backlog' },
  }),
  'terminals.close': call({
    summary: 'Ends what the terminal started and forgets it',
    scope: 'terminals.write',
    input: z.object({ id: TerminalId }),
    output: z.object({}),
    errors: [],
    rest: { method: 'DELETE', path: '/terminals/:id' },
  }),
};
