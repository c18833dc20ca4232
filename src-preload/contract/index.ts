/** The joined contract: every method there is, and the types that follow from it. The only barrel in the tree. */
import type { z } from 'zod';
import { aboutMethods } from './about.ts';
import { accountMethods } from './account.ts';
import { cloudMethods } from './clouds.ts';
import type { BytesMethod, CallMethod, Method, StreamMethod } from './contract.ts';
import { credentialMethods } from './credentials.ts';
import { fileMethods } from './files.ts';
import { forwardMethods } from './forwards.ts';
import { hostMethods } from './hosts.ts';
import { lifecycleMethods } from './lifecycles.ts';
import { machineMethods } from './machines.ts';
import { operationMethods } from './operations.ts';
import { projectMethods } from './projects.ts';
import { questionMethods } from './questions.ts';
import { repositoryMethods } from './repositories.ts';
import { settingsMethods } from './settings.ts';
import { snapshotRuleMethods } from './snapshot-rules.ts';
import { snapshotMethods } from './snapshots.ts';
import { terminalShareMethods } from './terminal-shares.ts';
import { terminalMethods } from './terminals.ts';
import { userMethods } from './users.ts';
import { workspaceAccessMethods } from './workspace-access.ts';
import { workspaceMethods } from './workspaces.ts';

export const contract = {
  ...aboutMethods,
  ...hostMethods,
  ...questionMethods,
  ...credentialMethods,
  ...projectMethods,
  ...workspaceMethods,
  ...workspaceAccessMethods,
  ...snapshotMethods,
  ...snapshotRuleMethods,
  ...repositoryMethods,
  ...operationMethods,
  ...terminalMethods,
  ...terminalShareMethods,
  ...settingsMethods,
  ...accountMethods,
  ...userMethods,
  ...cloudMethods,
  ...machineMethods,
  ...forwardMethods,
  ...fileMethods,
  ...lifecycleMethods,
} as const satisfies Record<string, Method>;

export type Contract = typeof contract;
export type MethodName = keyof Contract;
type NameOf<K extends Method['kind']> = {
  [M in MethodName]: Contract[M] extends { kind: K } ? M : never;
}[MethodName];
export type CallName = NameOf<'call'>;
export type StreamName = NameOf<'stream'>;
export type BytesName = NameOf<'bytes'>;

/** What a caller passes (before defaults) and what a handler receives (after them). */
export type InputOf<M extends MethodName> = z.input<Contract[M]['input']>;
export type ParsedInputOf<M extends MethodName> = z.output<Contract[M]['input']>;
export type OutputOf<M extends CallName> =
  Contract[M] extends CallMethod<z.ZodType, infer O> ? z.output<O> : never;
export type ItemOf<M extends StreamName> =
  Contract[M] extends StreamMethod<z.ZodType, infer T> ? z.output<T> : never;
export type { BytesMethod, Method };
