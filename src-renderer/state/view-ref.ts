/**
 * What a tab can show: a closed list, checked when a saved window is restored. A feature that brings a page adds its
 * line here and its `ViewDefinition` in its own `feature.ts`. References hold ids, never data.
 */
import { z } from 'zod';
import { FilePath, PlaceId } from '#contract/files.ts';
import { PortNumber } from '#contract/hosts.ts';
import {
  CloudId,
  ForwardId,
  HostId,
  MachineId,
  OperationId,
  ProjectId,
  SnapshotId,
  TerminalId,
  WorkspaceId,
} from '#contract/ids.ts';
import { AppPath } from '#contract/shell.ts';

export const ViewRef = z.discriminatedUnion('type', [
  z.object({ type: z.literal('home') }),
  z.object({ type: z.literal('add-host') }),
  z.object({ type: z.literal('host'), hostId: HostId }),
  /** Accounts at providers, machines, and what they cost. */
  z.object({ type: z.literal('clouds') }),
  /** `makingId`: what the form has asked for, and waits for the provider's answer to. */
  z.object({
    type: z.literal('create-machine'),
    cloudId: CloudId.nullable(),
    makingId: OperationId.optional(),
  }),
  z.object({ type: z.literal('machine'), machineId: MachineId }),
  z.object({ type: z.literal('projects') }),
  z.object({ type: z.literal('project'), projectId: ProjectId.nullable() }),
  z.object({ type: z.literal('workspaces') }),
  z.object({
    type: z.literal('new-workspace'),
    hostId: HostId.nullable(),
    projectId: ProjectId.nullable(),
  }),
  z.object({ type: z.literal('workspace'), workspaceId: WorkspaceId }),
  z.object({ type: z.literal('terminal'), terminalId: TerminalId }),
  /** Ports, forwards and web apps of all workspaces. */
  z.object({ type: z.literal('ports') }),
  /** A web app of a workspace. With a path: a page of it that the app opened beside the first. */
  z.object({ type: z.literal('app'), forwardId: ForwardId, path: AppPath.optional() }),
  /** A screen of a workspace, over VNC on this port of it. */
  z.object({ type: z.literal('screen'), workspaceId: WorkspaceId, port: PortNumber }),
  /** A folder of a workspace or host; null: where a person begins. */
  z.object({ type: z.literal('files'), placeId: PlaceId, path: FilePath.nullable() }),
  /** A text file, to be edited. */
  z.object({ type: z.literal('file'), placeId: PlaceId, path: FilePath }),
  /** A recording of a terminal that was opened in this window. */
  z.object({ type: z.literal('recording'), recordingId: z.string().max(64) }),
  z.object({ type: z.literal('snapshots') }),
  z.object({ type: z.literal('snapshot'), snapshotId: SnapshotId }),
  /** Null: the files that the workspace has now. */
  z.object({
    type: z.literal('snapshot-compare'),
    snapshotId: SnapshotId,
    otherId: SnapshotId.nullable(),
  }),
  z.object({ type: z.literal('repositories') }),
  z.object({ type: z.literal('operations') }),
  z.object({ type: z.literal('operation'), operationId: OperationId }),
  z.object({ type: z.literal('credentials') }),
  z.object({ type: z.literal('account') }),
  z.object({ type: z.literal('people') }),
  z.object({ type: z.literal('audit') }),
  z.object({ type: z.literal('settings') }),
  z.object({ type: z.literal('shortcuts') }),
  z.object({ type: z.literal('notifications') }),
  z.object({ type: z.literal('help') }),
]);
export type ViewRef = z.infer<typeof ViewRef>;
export type ViewType = ViewRef['type'];
export type ViewRefOf<T extends ViewType> = Extract<ViewRef, { type: T }>;

/** Two references with the same key are the same page: opening one goes to its tab instead of making another. */
export function viewKey(ref: ViewRef): string {
  const { type, ...params } = ref;
  const values = Object.entries(params).map(([name, value]) => `${name}=${String(value)}`);
  return [type, ...values.sort()].join(' ');
}
