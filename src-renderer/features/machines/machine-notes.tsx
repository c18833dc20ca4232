/** States of a machine that need a word: unfinished, off, asleep, half-way there, vanished; and an account that is away. */
import type { Cloud, CloudProviderInfo } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import {
  type CommandHandle,
  useClient,
  useCommand,
  useHosts,
  useMay,
  useViewActions,
} from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { Band } from '../../components/band.tsx';
import { actionWords, placeWords, wordFor } from './machine-words.ts';

export interface NoteProps {
  readonly machine: Machine;
  readonly provider: CloudProviderInfo | undefined;
}

function Act({ handle, label, isMain = false }: { handle: CommandHandle; label: string; isMain?: boolean }) {
  if (!handle.isShown || !handle.isEnabled) return null;
  return (
    <Button variant={isMain ? 'primary' : 'secondary'} onClick={handle.run}>
      {label}
    </Button>
  );
}

const subjectOf = ({ id }: Machine) => ({ kind: 'machine', id }) as const;

export function UnfinishedNote({ machine, provider }: NoteProps) {
  const finish = useCommand('machine.finish', subjectOf(machine));
  const wake = useCommand('machine.wake', subjectOf(machine));
  const destroy = useCommand('machine.destroy', subjectOf(machine));
  const isBilled = machine.providerId !== null;
  return (
    <Band
      tone="attention"
      title={machine.sleep === null ? 'Kept unfinished' : 'Kept half awake'}
      actions={
        <>
          <Act handle={finish} label="Finish setting up" isMain />
          <Act handle={wake} label="Go on waking…" isMain />
          <Act handle={destroy} label="Destroy…" />
        </>
      }
    >
      <p className="tabular">
        {isBilled
          ? `The ${wordFor(provider)} is there and costs ${formatPerHour(machine.hourlyUsd)}, but it is no host yet.`
          : `There is no ${wordFor(provider)}, so it costs nothing.`}
      </p>
      {machine.trouble !== null && <p className="wrap-anywhere">{machine.trouble.error.message}</p>}
    </Band>
  );
}

/** Its files are kept and proved good; the machine itself was not given back. Berth goes on with it by itself. */
export function HalfAsleepNote({ machine }: NoteProps) {
  const client = useClient();
  const mayChange = useMay('machines.write');
  const act = useAct();
  const goOn = () =>
    act.run(async () => {
      // Where they are kept already is where they stay, whatever is named.
      const place = machine.sleep?.place ?? { kind: 'machine-snapshot' };
      await client.call('machines.hibernate', { id: machine.id, place });
    });
  return (
    <Band
      tone="attention"
      title="It is not asleep yet"
      actions={
        mayChange && (
          <Button variant="primary" isBusy={act.isBusy} onClick={() => void goOn()}>
            Try now
          </Button>
        )
      }
    >
      <p className="tabular">
        Its files are kept, and its hardware could not be given back. It goes on costing{' '}
        {formatPerHour(machine.hourlyUsd)} until that is done.
      </p>
      {machine.retry === null ? <p>Berth goes on with it by itself.</p> : <Again retry={machine.retry} />}
      {act.error !== null && <ErrorNote title="It was not begun again" error={act.error} />}
    </Band>
  );
}

/** It was to end by itself, and did not. */
export function DidNotEndNote({ machine }: NoteProps) {
  const change = useCommand('machine.end', subjectOf(machine));
  const { retry } = machine;
  if (retry === null) return null;
  return (
    <Band
      tone="attention"
      title="It did not end by itself"
      actions={<Act handle={change} label="Change when it ends" />}
    >
      <p className="tabular">
        {retry.why === 'idle' ? 'For want of work' : 'At its set time'} it was to be{' '}
        {actionWords[retry.action]}. That failed, and it goes on costing {formatPerHour(machine.hourlyUsd)}.
      </p>
      <Again retry={retry} />
    </Band>
  );
}

function Again({ retry }: { retry: NonNullable<Machine['retry']> }) {
  return (
    <>
      <p className="wrap-anywhere">{retry.error.message}</p>
      <p>
        Tried <RelativeTime at={retry.failedAt} />, and again by itself <RelativeTime at={retry.againAt} />.
      </p>
    </>
  );
}

export function OffNote({ machine }: NoteProps) {
  const on = useCommand('machine.power-on', subjectOf(machine));
  const hibernate = useCommand('machine.hibernate', subjectOf(machine));
  return (
    <Band
      title="Switched off, and it still costs"
      actions={
        <>
          <Act handle={on} label="Switch on" isMain />
          <Act handle={hibernate} label="Hibernate…" />
        </>
      }
    >
      <p className="tabular">
        Switched off it costs {formatPerHour(machine.hourlyUsd)}, as it does when it is on. Hibernate it to
        pay less, or destroy it to pay nothing.
      </p>
    </Band>
  );
}

export function AsleepNote({ machine, provider }: NoteProps) {
  const hosts = useHosts().byId;
  const wake = useCommand('machine.wake', subjectOf(machine));
  const destroy = useCommand('machine.destroy', subjectOf(machine));
  const { sleep } = machine;
  if (sleep === null) return null;
  const place = placeWords(sleep.place, provider, (id) => hosts.get(id)?.name);
  return (
    <Band
      title="Asleep"
      actions={
        <>
          <Act handle={wake} label="Wake…" isMain />
          <Act handle={destroy} label="Destroy…" />
        </>
      }
    >
      <dl className="m-0 grid grid-cols-[auto_1fr] gap-x-6 gap-y-1 text-text max-sm:grid-cols-1 max-sm:gap-y-0">
        <dt className="text-muted">Since</dt>
        <dd className="m-0">
          <RelativeTime at={sleep.sinceAt} />
        </dd>
        <dt className="text-muted">Kept</dt>
        <dd className="m-0 wrap-anywhere">
          {place}
          {sleep.sizeBytes !== null && `, ${formatBytes(sleep.sizeBytes)}`},{' '}
          {formatCount(sleep.workspaces, 'workspace', 'workspaces')}
        </dd>
        <dt className="text-muted">Costs asleep</dt>
        <dd className="tabular m-0">
          {sleep.monthlyUsd === null ? 'nothing at the provider' : formatPerMonth(sleep.monthlyUsd)}
        </dd>
        <dt className="text-muted">Costs awake</dt>
        <dd className="tabular m-0">
          {formatPerMonth(machine.monthlyUsd)}, {formatPerHour(machine.hourlyUsd)}
        </dd>
      </dl>
    </Band>
  );
}

export function VanishedNote({ machine, provider }: NoteProps) {
  const forget = useCommand('machine.forget', subjectOf(machine));
  const name = provider?.name ?? 'The provider';
  return (
    <Band
      tone="attention"
      title={`${name} does not have it any more`}
      actions={<Act handle={forget} label="Forget…" />}
    >
      <p>
        It was destroyed there, and not by Berth: in the provider’s own console, perhaps, or by another
        program with a token of this account. What was on it is gone, and it costs nothing more. Snapshots and
        volumes of it may still be there; they are listed with the account.
      </p>
    </Band>
  );
}

/** Nothing works on it, though it was to be destroyed: that must not look as if it were on its way. */
export function HalfDestroyedNote({ machine }: NoteProps) {
  const destroy = useCommand('machine.destroy', subjectOf(machine));
  return (
    <Band
      tone="attention"
      title="It is not destroyed yet"
      actions={<Act handle={destroy} label="Try again…" />}
    >
      <p className="tabular">
        It was to be destroyed, and that did not end well. What is still there goes on costing
        {machine.providerId === null ? '' : `: the machine itself ${formatPerHour(machine.hourlyUsd)}`}.
      </p>
    </Band>
  );
}

/** What is shown of the machine is the last that was known. */
export function AccountNote({ cloud }: { cloud: Cloud }) {
  const view = useViewActions();
  const { state } = cloud;
  if (state.phase !== 'unreachable' && state.phase !== 'refused') return null;
  return (
    <Band
      title={
        state.phase === 'refused'
          ? `The token of ${cloud.label} is not accepted`
          : `${cloud.label} cannot be reached`
      }
      tone={state.phase === 'refused' ? 'attention' : 'info'}
      actions={<Button onClick={() => view.open({ type: 'clouds' })}>Open the account</Button>}
    >
      <p>
        What is shown here is the last that was known, since <RelativeTime at={state.sinceAt} />.{' '}
        {state.error.message}
      </p>
    </Band>
  );
}
