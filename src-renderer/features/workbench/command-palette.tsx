/**
 * One field that finds everything: commands, hosts, workspaces, terminals, projects. `>` looks in commands only. The
 * field keeps the keyboard; arrow keys move through the list; what cannot run now is shown last and grey.
 */
import { Dialog } from '@base-ui/react/dialog';
import {
  CloudCog,
  Container,
  FolderCog,
  type LucideIcon,
  Search,
  Server,
  SquareChevronRight,
  SquareTerminal,
} from 'lucide-react';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { classNames } from '../../components/class-names.ts';
import { KeyHint } from '../../components/key-hint.tsx';
import { type Signal, StateMark } from '../../components/state-mark.tsx';
import { runCommand, useApp, useAppState, useKeymap, useViewState } from '../../state/app-context.tsx';
import {
  type AppState,
  type Command,
  commandLabel,
  isCommandEnabled,
  isCommandShown,
  machineOfHost,
} from '../../state/commands.ts';
import { hostMark, machineMark, terminalMark, terminalTitle, workspaceMark } from '../../state/marks.ts';
import { chordKeys } from '../../state/shortcut.ts';
import type { ViewRef } from '../../state/view-ref.ts';
import { fuzzyMatch } from './fuzzy.ts';

export interface PaletteRow {
  readonly id: string;
  readonly kind: 'command' | 'thing';
  readonly label: string;
  /** What it belongs to, as "on atlas" or "Workspace". */
  readonly detail: string;
  /** Other words that find it. */
  readonly words: string;
  readonly icon: LucideIcon;
  readonly mark: { readonly signal: Signal; readonly word: string } | null;
  readonly isDisabled: boolean;
  readonly ref: ViewRef | null;
}

export interface FoundRow {
  readonly row: PaletteRow;
  readonly at: readonly number[];
}

/** Shown at most; the rest is found by typing more. */
const shownCount = 80;

export function paletteRows(commands: Iterable<Command>, state: AppState): PaletteRow[] {
  const hostName = (id: string) => state.hosts.get(id)?.name ?? 'a removed host';
  const things: PaletteRow[] = [
    ...[...state.workspaces.values()].map((workspace) => ({
      id: workspace.id,
      label: workspace.name,
      detail: `on ${hostName(workspace.hostId)}`,
      words: `workspace ${workspace.image} ${workspace.projectName}`,
      icon: Container,
      mark: workspaceMark(workspace, machineOfHost(state.machines, workspace.hostId)),
      ref: { type: 'workspace' as const, workspaceId: workspace.id },
    })),
    ...[...state.terminals.values()].map((terminal) => ({
      id: terminal.id,
      label: terminalTitle(terminal),
      detail:
        terminal.target.kind === 'workspace'
          ? `in ${state.workspaces.get(terminal.target.workspaceId)?.name ?? 'a workspace that is gone'}`
          : `on ${hostName(terminal.target.hostId)}`,
      words: 'terminal shell',
      icon: SquareTerminal,
      mark: terminalMark(terminal),
      ref: { type: 'terminal' as const, terminalId: terminal.id },
    })),
    ...[...state.hosts.values()].map((host) => ({
      id: host.id,
      label: host.name,
      detail: host.definition.kind === 'local' ? 'this computer' : 'host',
      words: 'host server',
      icon: Server,
      mark: hostMark(host, machineOfHost(state.machines, host.id)),
      ref: { type: 'host' as const, hostId: host.id },
    })),
    // One that is a host is found as that; its page leads on to the machine.
    ...[...state.machines.values()]
      .filter(({ hostId }) => hostId === null || !state.hosts.has(hostId))
      .map((machine) => ({
        id: machine.id,
        label: machine.name,
        detail: 'machine',
        words: `machine server ${machine.region} ${machine.size}`,
        icon: CloudCog,
        mark: machineMark(machine),
        ref: { type: 'machine' as const, machineId: machine.id },
      })),
    ...[...state.projects.values()].map((project) => ({
      id: project.id,
      label: project.name,
      detail: 'project',
      words: project.image,
      icon: FolderCog,
      mark: null,
      ref: { type: 'project' as const, projectId: project.id },
    })),
  ].map((thing) => ({ ...thing, kind: 'thing' as const, isDisabled: false }));
  const acts = [...commands]
    .filter(
      (command) =>
        isCommandShown(command, state) && command.id !== 'go.palette' && command.id !== 'go.commands',
    )
    .map(
      (command): PaletteRow => ({
        id: command.id,
        kind: 'command',
        label: commandLabel(command, state),
        detail: command.menu,
        words: `${command.menu} ${command.keywords ?? ''}`,
        icon: SquareChevronRight,
        mark: null,
        isDisabled: !isCommandEnabled(command, state),
        ref: null,
      }),
    );
  return [...things, ...acts];
}

function hasWords(query: string, text: string): boolean {
  const words = text.toLocaleLowerCase().split(/[\s\-_./:@]+/);
  return query
    .toLocaleLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .every((wanted) => words.some((word) => word.startsWith(wanted)));
}

export function findRows(rows: readonly PaletteRow[], text: string): FoundRow[] {
  const isCommandsOnly = text.startsWith('>');
  const query = isCommandsOnly ? text.slice(1) : text;
  const found = rows.flatMap((row) => {
    if (isCommandsOnly && row.kind !== 'command') return [];
    const direct = fuzzyMatch(query, row.label);
    // What is not in the name is found by whole beginnings of words only: letters here and there would find everything.
    if (!direct && !hasWords(query, `${row.label} ${row.words} ${row.detail}`)) return [];
    const score = (direct?.score ?? 0) - (row.isDisabled ? 1000 : 0);
    return [{ row, at: direct?.at ?? [], score }];
  });
  return found.sort((a, b) => b.score - a.score).slice(0, shownCount);
}

export function CommandPalette() {
  const { view } = useApp();
  const isOpen = useViewState((state) => state.overlay === 'palette');
  return (
    <Dialog.Root
      open={isOpen}
      onOpenChange={(next) => {
        if (!next) view.actions.hideOverlay();
      }}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className="fixed inset-0 z-30 bg-scrim/60" />
        <Dialog.Popup
          data-palette
          // What was run may have moved the keyboard already, as into a new terminal: it is not taken from there.
          finalFocus={() => document.activeElement?.closest('[role=tabpanel]') == null}
          className="floating fixed top-[min(9vh,72px)] left-1/2 z-30 flex max-h-[min(560px,80vh)] w-[min(620px,calc(100vw-24px))] -translate-x-1/2 flex-col overflow-hidden rounded-lg"
        >
          <Dialog.Title className="sr-only">Search or run a command</Dialog.Title>
          <PaletteContent />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

function PaletteContent() {
  const app = useApp();
  const state = useAppState();
  const keymap = useKeymap();
  const listId = useId();
  const [text, setText] = useState(() => app.view.getState().paletteText);
  const [chosen, setChosen] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);
  // Not with the next frame as the dialog would: what is typed right behind the shortcut must not reach the terminal that had
  // the keyboard. Yet behind the dialog's own effects: in one it notes whom to give the keyboard back to.
  useEffect(() => queueMicrotask(() => field.current?.focus({ preventScroll: true })), []);
  const rows = useMemo(() => paletteRows(app.commands.values(), state), [app, state]);
  const found = useMemo(() => findRows(rows, text), [rows, text]);
  const index = Math.min(chosen, found.length - 1);

  // biome-ignore lint/correctness/useExhaustiveDependencies: follows the chosen row whatever the list holds
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [index, found]);

  const run = (row: PaletteRow | undefined) => {
    if (!row || row.isDisabled) return;
    app.view.actions.hideOverlay();
    if (row.ref) app.view.actions.open(row.ref);
    else runCommand(app, row.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const go = (to: number) => setChosen(Math.max(0, Math.min(found.length - 1, to)));
    if (event.key === 'ArrowDown') go(index === found.length - 1 ? 0 : index + 1);
    else if (event.key === 'ArrowUp') go(index <= 0 ? found.length - 1 : index - 1);
    else if (event.key === 'PageDown') go(index + 8);
    else if (event.key === 'PageUp') go(index - 8);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) run(found[index]?.row);
    else return;
    event.preventDefault();
  };

  return (
    <>
      <div className="flex h-11 shrink-0 items-center gap-2.5 border-b border-line px-4">
        <Search aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
        <input
          ref={field}
          type="text"
          role="combobox"
          aria-label="Search or run a command"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={found[index] ? `${listId}-${found[index].row.id}` : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder="Search hosts, workspaces, terminals and commands"
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
          className="h-full min-w-0 flex-1 bg-transparent text-lead outline-none"
        />
        <KeyHint keys={['Esc']} />
      </div>
      <div
        ref={list}
        id={listId}
        role="listbox"
        aria-label="Found"
        className="min-h-0 flex-1 overflow-y-auto p-1.5 empty:hidden"
      >
        {found.map(({ row, at }, position) => {
          const chord = row.kind === 'command' ? keymap.chords.get(row.id) : undefined;
          return (
            <div
              key={row.id}
              id={`${listId}-${row.id}`}
              role="option"
              tabIndex={-1}
              aria-selected={position === index}
              aria-disabled={row.isDisabled || undefined}
              onMouseMove={() => setChosen(position)}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => run(row)}
              onKeyDown={() => undefined}
              className={classNames(
                'flex h-8 items-center gap-2.5 rounded-md px-2.5',
                position === index && 'bg-hover',
                row.isDisabled && 'text-muted',
              )}
            >
              <row.icon aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
              <span dir="auto" className="min-w-0 truncate">
                <Marked text={row.label} at={at} />
              </span>
              <span className="min-w-0 flex-1 truncate text-meta text-muted">{row.detail}</span>
              {row.mark && <StateMark {...row.mark} className="text-meta" />}
              {row.isDisabled && <span className="text-meta">not now</span>}
              {chord && !row.isDisabled && <KeyHint keys={chordKeys(chord, app.platform)} />}
            </div>
          );
        })}
      </div>
      {found.length === 0 && (
        <p role="status" className="px-4 py-6 text-center text-muted">
          Nothing has “{text.replace(/^>/, '').trim()}” in its name.
        </p>
      )}
    </>
  );
}

function Marked({ text, at }: { text: string; at: readonly number[] }) {
  if (at.length === 0) return text;
  const marked = new Set(at);
  const runs: { text: string; isMarked: boolean; from: number }[] = [];
  for (let index = 0; index < text.length; index += 1) {
    const isMarked = marked.has(index);
    const last = runs.at(-1);
    if (last && last.isMarked === isMarked) last.text += text[index];
    else runs.push({ text: text[index]!, isMarked, from: index });
  }
  return runs.map((run) =>
    run.isMarked ? (
      <span key={run.from} className="font-semibold text-accent">
        {run.text}
      </span>
    ) : (
      <span key={run.from}>{run.text}</span>
    ),
  );
}
