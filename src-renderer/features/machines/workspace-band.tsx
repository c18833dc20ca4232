/** On the page of a workspace whose machine is about to end, or rests: that, and what can be done about it. */
import type { Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { useCommand, useHost, useMachineOfHost } from '../../state/app-context.tsx';
import type { WorkspacePartProps } from '../../state/feature.ts';
import { machineMark, machineRest } from '../../state/marks.ts';
import { Band } from '../../components/band.tsx';
import { EndBand } from './end-band.tsx';

export function WorkspaceBand({ workspace, isVisible }: WorkspacePartProps) {
  const host = useHost(workspace.hostId);
  const machine = useMachineOfHost(workspace.hostId);
  if (machine === undefined) return null;
  return (
    <>
      <EndBand machine={machine} isVisible={isVisible} />
      {host !== undefined && machineRest(host, machine) !== null && <RestBand machine={machine} />}
    </>
  );
}

function RestBand({ machine }: { machine: Machine }) {
  const subject = { kind: 'machine', id: machine.id } as const;
  const open = useCommand('machine.open', subject);
  const wake = useCommand('machine.wake', subject);
  const on = useCommand('machine.power-on', subject);
  return (
    <Band
      title={`Its machine: ${machineMark(machine).word}`}
      actions={
        <>
          {wake.isShown && wake.isEnabled && <Button onClick={wake.run}>Wake…</Button>}
          {on.isShown && on.isEnabled && <Button onClick={on.run}>Switch on</Button>}
          {open.isShown && <Button onClick={open.run}>Open machine</Button>}
        </>
      }
    >
      {machine.life === 'asleep' && <p>Its files are kept, and come back when the machine is woken.</p>}
    </Band>
  );
}
