/** On the page of a host that is a machine: what it costs, how it is, and the way to its own page. */
import { CloudCog } from 'lucide-react';
import type { Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { Card } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { useCommand, useMachineOfHost } from '../../state/app-context.tsx';
import type { HostPartProps } from '../../state/feature.ts';
import { machineMark } from '../../state/marks.ts';
import { EndBand } from './end-band.tsx';

export function HostBand({ host, isVisible }: HostPartProps) {
  const machine = useMachineOfHost(host.id);
  return machine === undefined ? null : <Loaded machine={machine} isVisible={isVisible} />;
}

function Loaded({ machine, isVisible }: { machine: Machine; isVisible: boolean }) {
  const subject = { kind: 'machine', id: machine.id } as const;
  const open = useCommand('machine.open', subject);
  const wake = useCommand('machine.wake', subject);
  const on = useCommand('machine.power-on', subject);
  const mark = machineMark(machine);
  return (
    <>
      <EndBand machine={machine} isVisible={isVisible} />
      <Card className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-2">
        <CloudCog aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
        <span>A rented machine</span>
        <StateMark signal={mark.signal} word={mark.word} />
        <span className="tabular text-muted">{costWords(machine)}</span>
        <span className="ml-auto flex flex-wrap gap-2">
          {wake.isShown && wake.isEnabled && <Button onClick={wake.run}>Wake…</Button>}
          {on.isShown && on.isEnabled && <Button onClick={on.run}>Switch on</Button>}
          {open.isShown && <Button onClick={open.run}>Open machine</Button>}
        </span>
      </Card>
    </>
  );
}

/** What it costs now: off as on, asleep what its files cost, gone nothing. */
export function costWords({ life, hourlyUsd, power, sleep }: Machine): string {
  if (life === 'vanished') return 'costs nothing more';
  if (life === 'asleep')
    return sleep?.monthlyUsd == null ? 'costs nothing asleep' : `${formatPerMonth(sleep.monthlyUsd)} asleep`;
  return `${formatPerHour(hourlyUsd)}${power?.state === 'off' ? ', off as on' : ''}`;
}
