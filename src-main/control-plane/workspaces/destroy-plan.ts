/** What destroying a workspace deletes and what stays, in words that a person can decide by. Pure. */
import type { DestroyPlan } from '#contract/workspaces.ts';
import type { WorkspaceRecord } from './workspace.ts';
import { remoteName } from './workspace-spec.ts';

export interface DestructionFacts {
  readonly record: WorkspaceRecord;
  readonly keepVolume: boolean;
  readonly hostName: string;
  readonly projectName: string;
  /** Undefined: its host has none. */
  readonly containerName: string | undefined;
  /** Undefined: not measured in time. */
  readonly volumeBytes: number | undefined;
  /** Of this workspace, on whichever host. */
  readonly snapshotCount: number;
  /** From before restores. */
  readonly volumesBefore: readonly string[];
}

export function planDestruction(facts: DestructionFacts): DestroyPlan {
  const { record, keepVolume, hostName, containerName, volumeBytes } = facts;
  const { mountPoint, image } = record.definition;
  const size = volumeBytes === undefined ? '' : ` (${readableSize(volumeBytes)})`;
  const fate = keepVolume
    ? 'It stays on the host, is listed under kept volumes, and can be given to a new workspace.'
    : 'These files cannot be brought back.';
  const volume = {
    what: `Volume ${record.volumeName}`,
    detail: `Everything in ${mountPoint}${size}. ${fate}`,
  };
  const deletes = [
    {
      what: `Container ${containerName ?? remoteName(record.id)}`,
      detail:
        containerName === undefined
          ? 'It is not on the host any more.'
          : `Programs that run in it end, and files outside ${mountPoint} are lost.`,
    },
    {
      what: `Network ${remoteName(record.id)}`,
      detail: `It connects this workspace alone; nothing else on “${hostName}” uses it.`,
    },
  ];
  const before = facts.volumesBefore.map((name) => ({
    what: `Volume ${name}`,
    detail: `Everything in ${mountPoint} from before a restore. ${fate}`,
  }));
  const { snapshotCount } = facts;
  const snapshots = {
    what: snapshotCount === 1 ? 'Its snapshot' : `Its ${snapshotCount} snapshots`,
    detail: `New workspaces can be made of ${snapshotCount === 1 ? 'it' : 'them'}; delete ${snapshotCount === 1 ? 'it' : 'them'} on the Snapshots page.`,
  };
  const keeps = [
    ...(snapshotCount === 0 ? [] : [snapshots]),
    { what: `Image ${image}`, detail: 'Images stay on the host for other workspaces.' },
    { what: `Project “${facts.projectName}”`, detail: 'Its definition is not touched.' },
  ];
  return {
    workspaceName: record.name,
    deletes: keepVolume ? deletes : [...deletes, volume, ...before],
    keeps: keepVolume ? [volume, ...before, ...keeps] : keeps,
  };
}

function readableSize(sizeBytes: number): string {
  if (sizeBytes < 1024 ** 2) return `${Math.ceil(sizeBytes / 1024)} KiB`;
  return sizeBytes < 1024 ** 3
    ? `${Math.round(sizeBytes / 1024 ** 2)} MiB`
    : `${(sizeBytes / 1024 ** 3).toFixed(1)} GiB`;
}
