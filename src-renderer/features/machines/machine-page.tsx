/** One machine: how it is and what it costs, what is under way or waits for the person, what it is, what can be changed. */
import { CloudOff, Ellipsis, Moon, Plus } from 'lucide-react';
import type { ReactNode } from 'react';
import type { CloudOffer, CloudProviderInfo } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Menu } from '../../components/menu.tsx';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { Page } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useApp,
  useAppState,
  useCloud,
  useCommand,
  useHost,
  useKeymap,
  useMachine,
  useMachines,
  useOperations,
  useViewActions,
} from '../../state/app-context.tsx';
import type { Mark, ViewProps } from '../../state/feature.ts';
import { machineMark } from '../../state/marks.ts';
import { subjectEntries } from '../../state/subject-menu.ts';
import { useCloudProvider } from '../../state/use-providers.ts';
import { EndBand } from './end-band.tsx';
import { isOn, operationOn } from './machine-commands.ts';
import { MachineFacts } from './machine-facts.tsx';
import {
  AccountNote,
  AsleepNote,
  DidNotEndNote,
  HalfAsleepNote,
  HalfDestroyedNote,
  type NoteProps,
  OffNote,
  UnfinishedNote,
  VanishedNote,
} from './machine-notes.tsx';
import { FailedOperation, MachineOperation } from './machine-operation.tsx';
import { MachineSettings } from './machine-settings.tsx';
import { sizeWords, wordFor } from './machine-words.ts';
import { MakingCard } from './making-card.tsx';
import { makingKinds } from './making-steps.ts';
import { regionName } from './offer-choices.ts';
import { SnapshotsSection } from './snapshots-section.tsx';
import { TroubleNote } from './trouble-note.tsx';
import { useOffer } from './use-offer.ts';

export default function MachinePage({ view, isVisible }: ViewProps<'machine'>) {
  const machine = useMachine(view.machineId);
  const machines = useMachines();
  if (machine !== undefined) return <Loaded machine={machine} isVisible={isVisible} />;
  return (
    <Page title="Machine">
      <Missing machines={machines} />
    </Page>
  );
}

function Missing({ machines }: { machines: ReturnType<typeof useMachines> }) {
  const view = useViewActions();
  if (machines.status === 'error' && machines.error !== null)
    return (
      <ErrorNote
        title="The machine could not be read"
        error={machines.error}
        actions={<Button onClick={machines.retry}>Read again</Button>}
      />
    );
  if (machines.status === 'loading') return <LoadingRows label="Loading the machine" />;
  return (
    <EmptyState
      icon={CloudOff}
      title="This machine is gone"
      actions={<Button onClick={() => view.open({ type: 'clouds' })}>All machines</Button>}
    >
      It was destroyed or forgotten. What it may have left at the provider is shown with the account.
    </EmptyState>
  );
}

function Loaded({ machine, isVisible }: { machine: Machine; isVisible: boolean }) {
  const cloud = useCloud(machine.cloudId);
  const provider = useCloudProvider(machine.cloudId);
  // Only for names: without it the ids are shown.
  const { answer: offer } = useOffer(machine.cloudId, isVisible);
  return (
    <Page
      title={machine.name}
      lead={<Lead machine={machine} provider={provider} offer={offer} />}
      actions={<Verbs machine={machine} />}
    >
      <EndBand machine={machine} isVisible={isVisible} />
      {cloud !== undefined && <AccountNote cloud={cloud} />}
      <State machine={machine} provider={provider} isVisible={isVisible} />
      <MachineFacts machine={machine} cloud={cloud} offer={offer} providerName={provider?.name ?? ''} />
      {machine.life === 'made' && (
        <>
          <MachineSettings machine={machine} />
          <SnapshotsSection machine={machine} isVisible={isVisible} />
        </>
      )}
    </Page>
  );
}

/** Nothing works on it any more: it must not look as if it were on its way. */
const halfWay: Readonly<Partial<Record<Machine['life'], Mark>>> = {
  destroying: { signal: 'attention', word: 'not destroyed' },
  hibernating: { signal: 'attention', word: 'not asleep' },
};

function Lead(props: {
  machine: Machine;
  provider: CloudProviderInfo | undefined;
  offer: CloudOffer | null;
}) {
  const { machine, provider, offer } = props;
  const { items } = useOperations();
  const isAtWork = operationOn(items, machine) !== undefined;
  const mark = (isAtWork ? undefined : halfWay[machine.life]) ?? machineMark(machine);
  const word = wordFor(provider);
  return (
    <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <StateMark signal={mark.signal} word={mark.word} />
      <span>
        {word.slice(0, 1).toUpperCase() + word.slice(1)} in {regionName(offer, machine.region)}
      </span>
      <span className="tabular">{sizeWords(machine) || machine.size}</span>
      <Price machine={machine} />
    </span>
  );
}

function Price({ machine }: { machine: Machine }) {
  if (machine.life === 'vanished') return <span>costs nothing more</span>;
  if (machine.life === 'asleep')
    return (
      <span className="tabular">
        {machine.sleep?.monthlyUsd == null ? 'costs nothing' : formatPerMonth(machine.sleep.monthlyUsd)}{' '}
        asleep
      </span>
    );
  return (
    <span className="tabular">
      {formatPerHour(machine.hourlyUsd)}, {formatPerMonth(machine.monthlyUsd)}
    </span>
  );
}

/** What is under way, what waits, what failed: at most one thing of each. */
function State({ machine, provider, isVisible }: NoteProps & { isVisible: boolean }): ReactNode {
  const { items } = useOperations();
  const running = operationOn(items, machine);
  const last = items
    .filter((each) => isOn(each, machine))
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt))[0];
  const isMaking =
    machine.life === 'creating' ||
    (machine.life !== 'incomplete' && (machine.gate !== null || machine.trouble !== null)) ||
    (running !== undefined && makingKinds.has(running.kind));
  const isFailed = running === undefined && last?.state === 'failed';
  // What failed in destroying says all that the note would.
  const isTold = isFailed && machine.life === 'destroying' && machine.retry === null;
  const hasNote = running === undefined && !isMaking && !isTold;
  return (
    <>
      {machine.life !== 'incomplete' && <TroubleNote machine={machine} word={wordFor(provider)} />}
      {isMaking && (
        <MakingCard machine={machine} operation={running} word={wordFor(provider)} isVisible={isVisible} />
      )}
      {!isMaking && running !== undefined && <MachineOperation operation={running} isVisible={isVisible} />}
      {isFailed && <FailedOperation machine={machine} operation={last} />}
      {hasNote && <Note machine={machine} provider={provider} />}
    </>
  );
}

function Note(props: NoteProps): ReactNode {
  const { machine } = props;
  switch (machine.life) {
    case 'incomplete':
      return <UnfinishedNote {...props} />;
    case 'asleep':
      return <AsleepNote {...props} />;
    case 'vanished':
      return <VanishedNote {...props} />;
    case 'destroying':
      return <HalfDestroyedNote {...props} />;
    case 'made':
      if (machine.retry !== null) return <DidNotEndNote {...props} />;
      return machine.power?.state === 'off' ? <OffNote {...props} /> : null;
    case 'hibernating':
      return <HalfAsleepNote {...props} />;
    case 'creating':
    case 'waking':
      return null;
    default:
      return machine.life satisfies never;
  }
}

/** The verbs that matter in its state; the rest is in the menu. */
function Verbs({ machine }: { machine: Machine }) {
  const app = useApp();
  const keymap = useKeymap();
  // The menu's rows are judged anew when anything changes that they look at.
  useAppState();
  const host = useHost(machine.hostId);
  const subject = { kind: 'machine', id: machine.id } as const;
  const hibernate = useCommand('machine.hibernate', subject);
  const workspace = useCommand(
    'host.new-workspace',
    host === undefined ? null : { kind: 'host', id: host.id },
  );
  // A host that is still being woken takes no new work.
  const isReady =
    machine.life === 'made' && host?.state.phase === 'ready' && host.state.engineRoute !== 'none';
  return (
    <>
      {hibernate.isShown && hibernate.isEnabled && machine.power?.state === 'on' && (
        <Button icon={Moon} onClick={hibernate.run}>
          Hibernate…
        </Button>
      )}
      {isReady && workspace.isShown && (
        <Button variant="primary" icon={Plus} onClick={workspace.run}>
          Create a workspace
        </Button>
      )}
      <Menu
        align="end"
        trigger={<IconButton label="More acts" icon={Ellipsis} />}
        entries={subjectEntries(app, keymap, subject)}
      />
    </>
  );
}
