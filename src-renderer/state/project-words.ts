/** What a project's choices are called and mean, in one sentence each: for its editor and for its workspaces. Pure. */
import type { Limits, ProjectDefinition } from '#contract/projects.ts';

export const profileSentences = [
  {
    value: 'standard',
    label: 'Standard',
    help: 'The image’s own user, or user 1000 where that is root. No Linux capabilities and no way to gain any, so sudo and apt do not work.',
  },
  {
    value: 'root-inside',
    label: 'Root inside',
    help: 'Root within the container, with the few capabilities that package managers need. A hole in the host’s kernel is worth more to such a program.',
  },
  {
    value: 'locked',
    label: 'Locked',
    help: 'As standard, and everything but the mount point and /tmp is read-only. Programs that write elsewhere fail.',
  },
] as const satisfies readonly { value: ProjectDefinition['profile']; label: string; help: string }[];

export const runtimeSentences: Readonly<
  Record<ProjectDefinition['runtime'], { label: string; detail: string }>
> = {
  default: { label: 'The host’s default', detail: 'What the engine there is set up to use' },
  runc: { label: 'runc', detail: 'Fast; shares the host’s kernel' },
  runsc: { label: 'gVisor (runsc)', detail: 'A kernel of its own in user space; slower file access' },
  kata: { label: 'Kata Containers', detail: 'A small virtual machine; needs virtualization on the host' },
};

/** Exact, in the largest unit that needs at most two places: "2 GiB", "1.5 GiB", "700 MiB". */
export function sizeText(bytes: number): string {
  for (const [unit, power] of [
    ['TiB', 4],
    ['GiB', 3],
    ['MiB', 2],
    ['KiB', 1],
  ] as const) {
    const amount = bytes / 1024 ** power;
    if (amount >= 1 && Number.isInteger(amount * 100)) return `${amount} ${unit}`;
  }
  return `${bytes} B`;
}

export function limitsText(limits: Limits): string {
  return [
    limits.cpus === null
      ? 'all processors'
      : `${limits.cpus} ${limits.cpus === 1 ? 'processor' : 'processors'}`,
    limits.memoryBytes === null ? 'no memory limit' : sizeText(limits.memoryBytes),
    `${limits.pids} processes`,
  ].join(', ');
}
