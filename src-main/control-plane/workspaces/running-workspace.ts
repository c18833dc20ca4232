/** A workspace that can be worked in now: it runs, on a host that is there. */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceId } from '#contract/ids.ts';
import type { Caller } from '../caller.ts';
import type { HostLink, HostLinks } from '../hosts/host-links.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { WorkspaceRecord } from './workspace.ts';

export interface RunningWorkspaceDeps {
  readonly links: HostLinks;
  /** Throws not-found for what is not there or not the caller's. */
  readonly recordOf: (id: WorkspaceId, caller?: Caller) => WorkspaceRecord;
  /** Undefined unless it runs. */
  readonly runningContainer: (id: WorkspaceId) => string | undefined;
}

export interface RunningWorkspace {
  readonly record: WorkspaceRecord;
  readonly link: HostLink;
  readonly engine: ContainerEngine;
  readonly containerId: string;
}

/** Throws not-found, workspace.not-running, host.not-connected, engine.*. */
export function requireRunning(
  deps: RunningWorkspaceDeps,
  id: WorkspaceId,
  /** Absent: Berth itself. */
  caller?: Caller,
): RunningWorkspace {
  const record = deps.recordOf(id, caller);
  const link = deps.links.requireEngine(record.hostId);
  const containerId = deps.runningContainer(id);
  if (containerId === undefined)
    throw new BerthError('workspace.not-running', `“${record.name}” is not running. Start it first.`);
  return { record, link, engine: link.engine, containerId };
}
