/**
 * Ports of workspaces, and ways to them. A port is seen from the host, with nothing installed in the workspace. A forward is
 * kept, and leads from the same local address to its workspace through every reconnection, sleep and restart; nothing is
 * ever published on the host. An app is a forward that a browser opens: each has an origin of its own.
 */
import { z } from 'zod';
import { ErrorShape } from './berth-error.ts';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { hostErrorCodes } from './error-codes.ts';
import { PortNumber } from './hosts.ts';
import { ForwardId, WorkspaceId } from './ids.ts';
import { AppLogin, PortProtocol, UrlPath } from './projects.ts';
import type { Scope } from './scopes.ts';
import { Bytes, DisplayName, Instant } from './text.ts';

/** A TCP port that something in a workspace listens on. */
export const ListeningPort = z.object({
  port: PortNumber,
  /** `loopback`: only the workspace itself, and Berth, reach it. */
  reach: z.enum(['loopback', 'network']),
  /** Name of the program, where it can be seen. */
  program: z.string().nullable(),
  /** As the project says, or as it answered when it was first asked; null: not known. */
  protocol: PortProtocol.nullable(),
  /** As the project calls it, or by the port's common use, or empty. */
  name: z.string(),
  sinceAt: Instant,
});
export type ListeningPort = z.infer<typeof ListeningPort>;

/** By the id of the workspace. One that does not run has none. */
export const WorkspacePorts = z.object({
  id: WorkspaceId,
  ports: z.array(ListeningPort).max(512),
  /** Why they cannot be seen; then `ports` is what was seen last. */
  problem: ErrorShape.nullable(),
});
export type WorkspacePorts = z.infer<typeof WorkspacePorts>;

/**
 * `app`: a web app in the workspace, at an origin of its own. `tcp`: a local port that leads to a port in the workspace, byte for byte (TLS too).
 * `socks`: a local SOCKS5 proxy (RFC 1928) whose connections begin in the workspace. `remote`: a port in the workspace that
 * leads to a port of the computer that Berth runs on.
 */
export const ForwardKind = z.enum(['app', 'tcp', 'socks', 'remote']);
export type ForwardKind = z.infer<typeof ForwardKind>;

/** What an app gets as its Host: the name that the browser uses, or `localhost` with its own port. */
export const HostHeader = z.enum(['kept', 'localhost']);

export const ForwardTraffic = z.object({
  /** Toward the workspace, and from it, since this Berth started. */
  sentBytes: Bytes,
  receivedBytes: Bytes,
  /** Open now, and since this Berth started. */
  connections: z.number().int(),
  allConnections: z.number().int(),
  usedAt: Instant.nullable(),
});
export type ForwardTraffic = z.infer<typeof ForwardTraffic>;

export const Forward = z.object({
  id: ForwardId,
  workspaceId: WorkspaceId,
  kind: ForwardKind,
  /** Empty: none was given. */
  name: z.string(),
  /** In the workspace; null for socks, which reaches all of them. */
  port: PortNumber.nullable(),
  protocol: PortProtocol,
  /** Of tcp and socks: where it listens on this computer's loopback. Of remote: where it leads. Null for apps. */
  localPort: PortNumber.nullable(),
  /** Of an app: without a path, as `http://api-server-3000.localhost:47100`; null while none is known. */
  origin: z.string().nullable(),
  path: UrlPath,
  login: AppLogin,
  hostHeader: HostHeader,
  /** Made by a rule of the workspace; goes with its port. */
  isByRule: z.boolean(),
  /** False: a person stopped it. */
  isWanted: z.boolean(),
  /** `waiting`: it listens, and the way is cut; who comes gets told so. */
  state: z.enum(['ready', 'waiting', 'stopped', 'failed']),
  problem: ErrorShape.nullable(),
  traffic: ForwardTraffic,
  createdAt: Instant,
});
export type Forward = z.infer<typeof Forward>;

/** Ports that are forwarded as soon as something listens on them. */
export const ForwardRule = z.object({
  fromPort: PortNumber,
  toPort: PortNumber,
  kind: z.enum(['app', 'tcp']),
});
export type ForwardRule = z.infer<typeof ForwardRule>;
/** By the id of the workspace. */
export const ForwardRules = z.object({
  id: WorkspaceId,
  rules: z
    .array(ForwardRule)
    .max(32)
    .refine((rules) => rules.every(({ fromPort, toPort }) => fromPort <= toPort), 'must go upward'),
  /** Offer a forward when a port appears that no rule is about. */
  announces: z.boolean(),
});
export type ForwardRules = z.infer<typeof ForwardRules>;

/** What listens on the computer that Berth runs on, or leads there, is for who owns it. */
const localPower = ({ kind }: { readonly kind: ForwardKind }): Scope | null =>
  kind === 'app' ? null : 'hosts.write';
const byId = z.object({ id: ForwardId });
const made = ['forward.port-taken', 'forward.exists', 'app.no-address', 'too-many'] as const;

export const forwardMethods = {
  'forwards.watch': stream({
    summary: 'One’s own forwards with their states and traffic, then every change',
    scope: 'workspaces.read',
    input: z.object({}),
    item: collectionItem(Forward),
    errors: [],
    rest: { method: 'GET', path: '/forwards', shape: 'collection' },
  }),
  'forwards.ports': stream({
    summary: 'What listens in one’s own running workspaces, then every change',
    scope: 'workspaces.read',
    input: z.object({}),
    item: collectionItem(WorkspacePorts),
    errors: [],
    rest: { method: 'GET', path: '/workspace-ports', shape: 'collection' },
  }),
  'forwards.rules': stream({
    summary: 'Which ports are forwarded by themselves, by workspace, then every change',
    scope: 'workspaces.read',
    input: z.object({}),
    item: collectionItem(ForwardRules),
    errors: [],
    rest: { method: 'GET', path: '/forward-rules', shape: 'collection' },
  }),
  'forwards.setRules': call({
    summary:
      'Says which ports of a workspace are forwarded by themselves; those that listen already are at once',
    scope: 'workspaces.write',
    alsoNeeds: ({ rules }) => (rules.some(({ kind }) => kind === 'tcp') ? 'hosts.write' : null),
    input: z.object({
      workspaceId: WorkspaceId,
      rules: ForwardRules.shape.rules,
      announces: z.boolean(),
    }),
    output: ForwardRules,
    errors: [],
    rest: { method: 'PUT', path: '/workspaces/:workspaceId/forward-rules' },
  }),
  'forwards.create': call({
    summary: 'Makes a forward, which stays until it is removed; the workspace need not run',
    scope: 'workspaces.write',
    alsoNeeds: localPower,
    input: z
      .object({
        workspaceId: WorkspaceId,
        kind: ForwardKind,
        name: DisplayName.nullable().default(null),
        /** Not for socks. */
        port: PortNumber.nullable().default(null),
        /** Null: as the project says, or found out when it is used. Of an app: http, https or vnc. */
        protocol: PortProtocol.nullable().default(null),
        /** Null: the same as in the workspace where it is free, else any. For remote: the same. */
        localPort: PortNumber.nullable().default(null),
        /** Null: as the project says, else `/`. */
        path: UrlPath.nullable().default(null),
        login: AppLogin.nullable().default(null),
        hostHeader: HostHeader.default('kept'),
      })
      .refine(({ kind, port }) => (kind === 'socks') === (port === null), {
        path: ['port'],
        message: 'is needed, but for socks',
      }),
    output: Forward,
    errors: [...made],
    rest: { method: 'POST', path: '/forwards', creates: 'id' },
  }),
  'forwards.edit': call({
    summary: 'Changes a forward; what goes through it is cut where its address changes',
    scope: 'workspaces.write',
    input: z.object({
      id: ForwardId,
      name: DisplayName.nullable().optional(),
      protocol: PortProtocol.optional(),
      localPort: PortNumber.optional(),
      path: UrlPath.optional(),
      login: AppLogin.optional(),
      hostHeader: HostHeader.optional(),
    }),
    output: Forward,
    errors: [...made],
    rest: { method: 'PATCH', path: '/forwards/:id' },
  }),
  'forwards.start': call({
    summary: 'Wants it again',
    scope: 'workspaces.write',
    input: byId,
    output: Forward,
    errors: ['forward.port-taken'],
    rest: { method: 'POST', path: '/forwards/:id/start' },
  }),
  'forwards.stop': call({
    summary: 'Cuts what goes through it, and listens no more until it is started',
    scope: 'workspaces.write',
    input: byId,
    output: Forward,
    errors: [],
    rest: { method: 'POST', path: '/forwards/:id/stop' },
  }),
  'forwards.restart': call({
    summary: 'Begins it anew, its way into the workspace included; no other forward is touched',
    scope: 'workspaces.write',
    input: byId,
    output: Forward,
    errors: ['forward.port-taken'],
    rest: { method: 'POST', path: '/forwards/:id/restart' },
  }),
  'forwards.remove': call({
    summary: 'Cuts it and forgets it',
    scope: 'workspaces.write',
    input: byId,
    output: z.object({}),
    errors: [],
    rest: { method: 'DELETE', path: '/forwards/:id' },
  }),
  'forwards.open': call({
    summary: 'A link that lets one browser into the app once, within a minute',
    scope: 'workspaces.write',
    input: z.object({
      id: ForwardId,
      /** `frame`: within Berth's own page; the app's cookies are then apart from those of the same app in a tab. */
      shownIn: z.enum(['browser', 'frame']).default('browser'),
    }),
    output: z.object({ url: z.string(), expiresAt: Instant }),
    errors: ['conflict', 'app.no-address'],
    rest: { method: 'POST', path: '/forwards/:id/open', isConfidential: true },
  }),
  'forwards.openPort': call({
    summary: 'The app on this port of a workspace: its forward, made where there is none yet',
    scope: 'workspaces.write',
    input: z.object({ workspaceId: WorkspaceId, port: PortNumber }),
    output: Forward,
    errors: [...made],
    rest: { method: 'POST', path: '/workspaces/:workspaceId/apps/:port' },
  }),
  'forwards.probe': call({
    summary: 'Asks a port in a workspace what it speaks: HTTP, TLS, VNC or something else',
    scope: 'workspaces.write',
    input: z.object({ workspaceId: WorkspaceId, port: PortNumber }),
    output: z.object({ protocol: PortProtocol }),
    errors: [
      ...hostErrorCodes,
      'workspace.not-running',
      'workspace.port-refused',
      'snapshot.tools-missing',
      'too-many',
    ],
    rest: { method: 'POST', path: '/workspaces/:workspaceId/ports/:port/probe' },
  }),
};
