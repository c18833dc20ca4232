/** On a host's page: whether it ends workspaces while no Berth runs; put there and taken off only when a person says so. */
import type { HostLease } from '#contract/lifecycles.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Card, Section } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useClient, useConfirm, useHostLeases, useMay } from '../../state/app-context.tsx';
import type { HostPartProps, Mark } from '../../state/feature.ts';
import { useAct } from '../../state/use-act.ts';

const marks: Record<HostLease['state'], Mark> = {
  absent: { signal: 'stopped', word: 'not installed' },
  installed: { signal: 'running', word: 'installed' },
  outdated: { signal: 'attention', word: 'of an older Berth' },
  unknown: { signal: 'stopped', word: 'not known' },
};

const thereWords = {
  user: 'A timer of Berth’s login stops workspaces whose lease ran out.',
  system: 'A timer of the system stops workspaces whose lease ran out.',
} as const;
const awayWords = {
  absent:
    'A small script and a timer would stop workspaces whose lease ran out, also while this computer sleeps.',
  unknown: 'It could not be asked whether a timer there stops workspaces whose lease ran out.',
} as const;

export function HostLeasePart({ host }: HostPartProps) {
  const client = useClient();
  const mayChange = useMay('hosts.write');
  const lease = useHostLeases().byId.get(host.id);
  const confirm = useConfirm();
  const act = useAct();
  if (lease === undefined || host.state.phase !== 'ready') return null;
  const isThere = lease.state === 'installed' || lease.state === 'outdated';
  const mark = marks[lease.state];
  const remove = () =>
    act.run(async () => {
      const isSure = await confirm({
        title: `Take the lease timer off ${host.name}?`,
        body: 'Workspaces there then run on while no Berth is there. Nothing of it stays on the host.',
        action: 'Take it off',
      });
      if (isSure) await client.call('lifecycles.removeLease', { hostId: host.id });
    });
  return (
    <Section
      title="While no Berth runs"
      actions={
        mayChange && (
          <>
            {isThere && (
              <Button variant="quiet" disabled={act.isBusy} onClick={() => void remove()}>
                Take it off…
              </Button>
            )}
            {lease.state !== 'installed' && (
              <Button
                isBusy={act.isBusy}
                onClick={() =>
                  void act.run(async () => {
                    await client.call('lifecycles.installLease', { hostId: host.id });
                  })
                }
              >
                {lease.state === 'outdated' ? 'Replace it' : 'Install the lease timer'}
              </Button>
            )}
          </>
        )
      }
    >
      <Card className="flex flex-col gap-2 px-3 py-2.5">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <StateMark signal={mark.signal} word={mark.word} />
          <span className="text-muted">
            {isThere
              ? thereWords[lease.how ?? 'system']
              : awayWords[lease.state === 'unknown' ? 'unknown' : 'absent']}
          </span>
        </p>
        {lease.limits.length > 0 && (
          <ul className="flex list-disc flex-col gap-0.5 pl-5 text-meta text-muted">
            {lease.limits.map((limit) => (
              <li key={limit}>{limit}</li>
            ))}
          </ul>
        )}
        {act.error !== null && <ErrorNote title="It was not changed" error={act.error} />}
      </Card>
    </Section>
  );
}
