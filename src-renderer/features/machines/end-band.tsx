/** The last quarter of an hour of a machine: a clock, and what puts the end off. */
import type { Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { formatClock } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { useClient, useMay } from '../../state/app-context.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useAct } from '../../state/use-act.ts';
import { Band } from '../../components/band.tsx';
import { type Ending, endingOf, keepRunning, oneMoreHour } from './ending.ts';
import { actionWords } from './machine-words.ts';

export function EndBand({ machine, isVisible }: { machine: Machine; isVisible: boolean }) {
  const client = useClient();
  const mayChange = useMay('machines.write');
  const nowMs = useNow(isVisible && machine.endsAt !== null);
  const act = useAct();
  const ending = endingOf(machine, nowMs);
  if (ending === null) return null;
  const set = (end: Machine['end']) =>
    act.run(async () => {
      await client.call('machines.setEnd', { id: machine.id, end });
    });
  return (
    <Band
      tone="attention"
      title={
        <span className="tabular" role="timer">
          {endingTitle(machine.name, ending)}
        </span>
      }
      actions={
        mayChange && (
          <>
            <Button
              isBusy={act.isBusy}
              onClick={() => void set(oneMoreHour(machine.end, ending.cause, Date.now()))}
            >
              One more hour
            </Button>
            <Button
              disabled={act.isBusy}
              reason="The change is on its way"
              onClick={() => void set(keepRunning(machine.end, ending.cause))}
            >
              Keep it running
            </Button>
          </>
        )
      }
    >
      <p>
        {ending.cause === 'time'
          ? 'This time was set for it.'
          : 'Nobody has worked on it for a while; work puts the end off, too.'}
      </p>
      {act.error !== null && <ErrorNote title="The end was not put off" error={act.error} />}
    </Band>
  );
}

export function endingTitle(name: string, { action, leftMs }: Ending): string {
  if (leftMs === 0) return `${name} is about to be ${actionWords[action]}`;
  return `In ${formatClock(leftMs)} ${name} is ${actionWords[action]}`;
}
