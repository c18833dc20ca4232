/** Shapes in which the earlier systems answered: names with underscores, and failures under `detail`. */
import type { Context } from 'hono';
import { BerthError } from '#contract/berth-error.ts';
import type { Operation } from '#contract/operations.ts';
import type { Project } from '#contract/projects.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { UserId } from '#contract/ids.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { notFound } from '../../control-plane/dispatcher.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { failureAnswer } from '../failure-answer.ts';

/** As everywhere: a problem's `detail` is also where programs that were written for FastAPI look for the message. */
export function failure(context: Context, error: unknown, log: Log): Response {
  // Not allowed and not there are the same bytes.
  return failureAnswer(BerthError.is(error, 'not-found') ? notFound() : error, context, log);
}

export function projectAnswer(project: Project, userId: UserId) {
  return {
    ...project,
    description: project.description ?? '',
    mount_point: project.mountPoint,
    created_at: project.createdAt,
    updated_at: project.changedAt,
    user_id: userId,
  };
}

export function containerAnswer(workspace: Workspace, userId: UserId) {
  return {
    id: workspace.id,
    name: workspace.name,
    status: workspace.state,
    image: workspace.image,
    container_id: workspace.containerId,
    project_id: workspace.projectId,
    user_id: userId,
    host_id: workspace.hostId,
    volume: workspace.volumeName,
    created_at: workspace.createdAt,
    started_at: workspace.startedAt,
    /** Nothing is opened on the host: ports are reached through Berth. */
    ports: [] as const,
    problem: workspace.problem,
  };
}

export function snapshotAnswer(snapshot: Snapshot) {
  return {
    id: snapshot.id,
    snapshot: snapshot.name ?? snapshot.id,
    name: snapshot.name,
    note: snapshot.note,
    workspace: snapshot.workspaceName,
    workspace_id: snapshot.workspaceId,
    created_at: snapshot.createdAt,
    reason: snapshot.reason,
    size_bytes: snapshot.sizeBytes,
    image: snapshot.image,
  };
}

/** Work that goes on after the answer: where it can be asked about. */
export function operationAnswer({ id, kind, state, title }: Operation) {
  return { id, kind, state, title, href: operationPath(id) };
}

export function operationPath(id: Operation['id']): string {
  return `/api/v1/operations/${id}`;
}
