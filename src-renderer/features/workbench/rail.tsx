/** The places of the app, at the left edge. In a narrow window they stand at the bottom of the drawer. */
import {
  ArrowRightLeft,
  Cloud,
  FolderCog,
  History,
  House,
  KeyRound,
  ListChecks,
  Layers,
  type LucideIcon,
  Settings2,
  UserRound,
  Users,
} from 'lucide-react';
import type { Scope } from '#contract/scopes.ts';
import { Tooltip } from '../../components/tooltip.tsx';
import {
  useAbout,
  useApp,
  useClouds,
  useCosts,
  useFound,
  useMachines,
  useOperations,
  useViewActions,
  useViewState,
} from '../../state/app-context.tsx';
import { isAllowed } from '../../state/commands.ts';
import type { Mark } from '../../state/feature.ts';
import { moneyMark } from '../../state/money-mark.ts';
import { isUnderWay } from '../../state/operation-progress.ts';
import type { ViewRef, ViewType } from '../../state/view-ref.ts';
import { activeTab } from '../../state/view-state.ts';

interface Place {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly ref: ViewRef;
  readonly types: readonly ViewType[];
  /** Not there for who lacks it. */
  readonly scope?: Scope;
  /** Not in the desktop, which has no accounts. */
  readonly isServedOnly?: boolean;
}

const places: readonly Place[] = [
  { label: 'Home', icon: House, ref: { type: 'home' }, types: ['home', 'add-host'] },
  {
    label: 'Workspaces',
    icon: Layers,
    ref: { type: 'workspaces' },
    types: ['workspaces', 'workspace', 'new-workspace'],
  },
  {
    label: 'Snapshots',
    icon: History,
    ref: { type: 'snapshots' },
    types: ['snapshots', 'snapshot', 'snapshot-compare', 'repositories'],
  },
  { label: 'Ports', icon: ArrowRightLeft, ref: { type: 'ports' }, types: ['ports', 'app'] },
  { label: 'Projects', icon: FolderCog, ref: { type: 'projects' }, types: ['projects', 'project'] },
  { label: 'Operations', icon: ListChecks, ref: { type: 'operations' }, types: ['operations', 'operation'] },
  {
    label: 'Machines and costs',
    icon: Cloud,
    ref: { type: 'clouds' },
    types: ['clouds', 'create-machine', 'machine'],
    scope: 'machines.read',
  },
  {
    label: 'Credentials',
    icon: KeyRound,
    ref: { type: 'credentials' },
    types: ['credentials'],
    scope: 'credentials.read',
  },
  {
    label: 'People',
    icon: Users,
    ref: { type: 'people' },
    types: ['people', 'audit'],
    scope: 'users.read',
    isServedOnly: true,
  },
];
/** What is the person's own stands apart, at the end. */
const ownPlaces: readonly Place[] = [
  {
    label: 'Account',
    icon: UserRound,
    ref: { type: 'account' },
    types: ['account'],
    isServedOnly: true,
  },
  {
    label: 'Settings',
    icon: Settings2,
    ref: { type: 'settings' },
    types: ['settings', 'shortcuts'],
  },
];

export function Rail({ isFlat = false }: { isFlat?: boolean }) {
  const { shell } = useApp();
  const about = useAbout().value;
  const isThere = ({ scope, isServedOnly }: Place) =>
    isAllowed(scope, about) && (shell === null || !isServedOnly);
  return (
    <nav
      aria-label="Places"
      className={
        isFlat
          ? 'flex shrink-0 justify-between border-t border-line px-2 py-1'
          : 'flex w-11 shrink-0 flex-col items-center gap-1 border-r border-line bg-app py-2'
      }
    >
      {places.filter(isThere).map((place) => (
        <RailButton key={place.label} place={place} isFlat={isFlat} />
      ))}
      {!isFlat && <span className="flex-1" />}
      {ownPlaces.filter(isThere).map((place) => (
        <RailButton key={place.label} place={place} isFlat={isFlat} />
      ))}
    </nav>
  );
}

/** What is to be seen from everywhere: that something runs, that something waits for the person. */
function useRailMark(type: ViewType): Mark | null {
  const operations = useOperations().items;
  const clouds = useClouds().items;
  const machines = useMachines().items;
  const found = useFound().items;
  const costs = useCosts().value;
  if (type === 'operations')
    return operations.some(isUnderWay) ? { signal: 'busy', word: 'some are running' } : null;
  return type === 'clouds' ? moneyMark({ clouds, machines, found, costs }) : null;
}

function RailButton({ place, isFlat }: { place: Place; isFlat: boolean }) {
  const view = useViewActions();
  const type = useViewState((state) => activeTab(state)?.ref.type);
  const mark = useRailMark(place.ref.type);
  const isHere = type !== undefined && place.types.includes(type);
  const Icon = place.icon;
  return (
    <Tooltip text={place.label} side={isFlat ? 'top' : 'right'}>
      <button
        type="button"
        aria-label={mark === null ? place.label : `${place.label}, ${mark.word}`}
        aria-current={isHere ? 'page' : undefined}
        onClick={() => view.open(place.ref)}
        className={`relative flex size-8 items-center justify-center rounded-md transition-colors hover:bg-hover hover:text-text ${isHere ? 'bg-hover text-text' : 'text-muted'}`}
      >
        <Icon aria-hidden size={18} strokeWidth={1.6} />
        {isHere && !isFlat && (
          <span aria-hidden className="absolute top-2 bottom-2 -left-1.5 w-0.5 rounded-full bg-accent" />
        )}
        {mark !== null && (
          <span
            aria-hidden
            className={`absolute top-1.5 right-1.5 size-1.5 rounded-full ring-2 ring-app ${mark.signal === 'busy' ? 'bg-busy' : 'bg-attention'}`}
          />
        )}
      </button>
    </Tooltip>
  );
}
