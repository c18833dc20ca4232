/**
 * What a workspace is called and labelled on its host, and how it is read back from there. A database that was lost is
 * rebuilt from these labels; so they hold everything but environment values, which may be secrets and stay out.
 */
import { createHash } from 'node:crypto';
import { WorkspaceId, ProjectId, type OperationId, UserId } from '#contract/ids.ts';
import { ProjectDefinition } from '#contract/projects.ts';
import { DisplayName, Instant } from '#contract/text.ts';
import type { ContainerSummary } from '../interfaces/container-engine.ts';
import { label } from './labels.ts';

/** 12 characters of base 32 (60 bits): names that a person can read in `docker ps`, and no two alike. */
export function shortId(id: WorkspaceId): string {
  return id.slice('ws_'.length, 'ws_'.length + 12);
}
/** Name of the container as it is made; also that of the network and of a new volume. Display names never get here. */
export function remoteName(id: WorkspaceId): string {
  return `berth-${shortId(id)}`;
}

/**
 * Labels of a container cannot change, so a later display name goes into the container's own name, behind a dot:
 * letters, digits and dashes as they are, every other byte of its UTF-8 as `_` and two hexadecimal digits.
 */
export function renamedContainer(id: WorkspaceId, name: string): string {
  let text = '';
  for (const byte of Buffer.from(name, 'utf8')) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9-]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`;
  }
  return `${remoteName(id)}.${text}`;
}
export function nameInContainerName(containerName: string): string | undefined {
  const encoded = /^\/?berth-[0-9a-z]{12}\.((?:[A-Za-z0-9-]|_[0-9a-f]{2})+)$/.exec(containerName)?.[1];
  if (encoded === undefined) return undefined;
  const bytes = encoded.replace(/_([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const parsed = DisplayName.safeParse(Buffer.from(bytes, 'latin1').toString('utf8'));
  return parsed.success ? parsed.data : undefined;
}

/** RFC 1123 host name: what the shell's prompt shows. */
export function hostnameOf(name: string, id: WorkspaceId): string {
  const text = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return text === '' ? shortId(id) : text;
}

/** The definition without values: the names stay, so that a rebuilt project says what has to be filled in again. */
export function withoutValues(definition: ProjectDefinition): ProjectDefinition {
  return { ...definition, environment: definition.environment.map(({ name }) => ({ name, value: '' })) };
}

export interface LabelledWorkspace {
  readonly id: WorkspaceId;
  readonly name: string;
  readonly projectId: ProjectId | null;
  readonly definition: ProjectDefinition;
  readonly volumeName: string;
  readonly createdAt: string;
  /** Whose it was when it was made; null where that cannot be read. */
  readonly ownerId: UserId | null;
}

export function labelsFor(
  workspace: LabelledWorkspace & { readonly ownerId: UserId },
  operationId: OperationId,
): Record<string, string> {
  const spec = JSON.stringify({ ...withoutValues(workspace.definition), volumeName: workspace.volumeName });
  return {
    [label.managed]: '1',
    [label.workspace]: workspace.id,
    [label.operation]: operationId,
    [label.name]: workspace.name,
    [label.owner]: workspace.ownerId,
    ...(workspace.projectId === null ? {} : { [label.project]: workspace.projectId }),
    [label.spec]: spec,
    [label.specHash]: createHash('sha256').update(spec).digest('hex'),
    [label.createdAt]: workspace.createdAt,
  };
}

/**
 * Reads a container's labels; undefined where they are not those of a workspace. Labels are the host's word: every
 * field is checked as if a stranger had written it.
 */
export function readLabels(
  container: Pick<ContainerSummary, 'labels' | 'name' | 'image' | 'createdAtMs'>,
): LabelledWorkspace | undefined {
  const { labels } = container;
  const id = WorkspaceId.safeParse(labels[label.workspace]);
  const spec = parseJson(labels[label.spec]);
  const definition = ProjectDefinition.safeParse(spec);
  if (!id.success || !definition.success) return undefined;
  const volumeName =
    typeof spec === 'object' && spec !== null && 'volumeName' in spec && typeof spec.volumeName === 'string'
      ? spec.volumeName
      : remoteName(id.data);
  const name = DisplayName.safeParse(nameInContainerName(container.name) ?? labels[label.name]);
  const projectId = ProjectId.safeParse(labels[label.project]);
  const createdAt = Instant.safeParse(labels[label.createdAt]);
  return {
    id: id.data,
    name: name.success ? name.data : remoteName(id.data),
    projectId: projectId.success ? projectId.data : null,
    definition: definition.data,
    volumeName,
    createdAt: createdAt.success ? createdAt.data : new Date(container.createdAtMs).toISOString(),
    ownerId: UserId.safeParse(labels[label.owner]).data ?? null,
  };
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
