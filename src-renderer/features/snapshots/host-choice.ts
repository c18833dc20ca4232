/** Hosts as one chooses among them for a workspace or a snapshot: by name, with what keeps one from being chosen. */
import type { Host } from '#contract/hosts.ts';
import type { SnapshotHost } from '#contract/snapshots.ts';
import { formatBytes } from '../../components/format.ts';
import type { SelectOption } from '../../components/select.tsx';
import { hostMark } from '../../state/marks.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export function isUsable(host: Host): boolean {
  return host.state.phase === 'ready' && host.state.engineRoute !== 'none';
}

export function hostOptions(
  hosts: readonly Host[],
  use: ReadonlyMap<string, SnapshotHost>,
): SelectOption<Host['id']>[] {
  return [...hosts]
    .sort((a, b) => byName.compare(a.name, b.name))
    .map((host) => {
      const freeBytes = use.get(host.id)?.freeBytes ?? null;
      const detail = isUsable(host)
        ? freeBytes === null
          ? null
          : `${formatBytes(freeBytes)} free`
        : host.state.phase === 'ready'
          ? 'no engine that answers'
          : hostMark(host).word;
      return {
        value: host.id,
        label: host.name,
        ...(detail === null ? {} : { detail }),
        isDisabled: !isUsable(host),
      };
    });
}
