/** A terminal's tab: its screen, the find bar, and one line that tells the truth when the screen is not live. */
import '@xterm/xterm/css/xterm.css';
import './terminal.css';
import { EyeOff } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { formatBytes } from '../../components/format.ts';
import { ContextMenu, type MenuEntry } from '../../components/menu.tsx';
import {
  commandContext,
  runCommand,
  useApp,
  useConnection,
  useKeymap,
  useMay,
  useSettings,
  useTerminal,
  useTerminals,
} from '../../state/app-context.tsx';
import { commandLabel, isCommandEnabled, type Subject } from '../../state/commands.ts';
import type { ViewProps } from '../../state/feature.ts';
import { chordId, chordOfEvent } from '#contract/key-chord.ts';
import { chordKeys } from '../../state/shortcut.ts';
import { currentTheme, onThemeChange } from '../../theme/theme.ts';
import { xtermTheme } from '../../theme/xterm-theme.ts';
import { openLink } from '../../state/open-link.ts';
import { type FindResult, TerminalFindBar } from './terminal-find-bar.tsx';
import { TerminalMarks } from './terminal-marks.tsx';
import { SizeNote } from './size-note.tsx';
import { TerminalSession } from './terminal-session.ts';
import { terminalHealths } from './terminal-health.ts';
import { terminalSessions } from './terminal-sessions.ts';
import { StateLine } from './terminal-state-line.tsx';
import { createWorkEvents } from './work-events.ts';

const bellMarkMs = 1_200;

export default function TerminalPage(props: ViewProps<'terminal'>) {
  // Whoever looks into a terminal can type into it: there is no half of it for viewers.
  if (useMay('terminals.write')) return <TerminalView {...props} />;
  return (
    <EmptyState icon={EyeOff} title="Terminals are not for viewers">
      You may look at workspaces and snapshots here. An owner can make you a member.
    </EmptyState>
  );
}

function TerminalView({ view, isVisible, isActive }: ViewProps<'terminal'>) {
  const app = useApp();
  const id = view.terminalId;
  const terminal = useTerminal(id);
  const terminals = useTerminals();
  const settings = useSettings();
  const connection = useConnection();
  const keymap = useKeymap();
  const holder = useRef<HTMLDivElement>(null);
  const [session, setSession] = useState<TerminalSession | null>(null);
  /** How often the find bar was asked for since it was closed. */
  const [findAsked, setFindAsked] = useState(0);
  const isFinding = findAsked > 0;
  const [found, setFound] = useState<FindResult | null>(null);
  const [isBellMarked, setBellMarked] = useState(false);
  const [isAttached, setAttached] = useState(true);
  const [refusedCount, setRefusedCount] = useState(0);

  // The session outlives renders and asks these when it needs them.
  const latest = useRef({ keymap, settings });
  latest.current = { keymap, settings };

  const phase = terminal?.state.phase;
  const isKnown = terminal !== undefined;

  useEffect(() => {
    if (!isKnown) return;
    const known = app.mirror.terminals.getState().byId.get(id);
    if (known === undefined) return;
    const made = terminalSessions.obtain(
      id,
      () =>
        new TerminalSession({
          id,
          client: app.client,
          size: known.size,
          appearance: latest.current.settings,
          theme: xtermTheme(currentTheme()),
          isAnsweredOnHost: known.lifetime === 'multiplexer',
          isAppKey: (event) => {
            const chord = chordOfEvent(event);
            return chord !== undefined && latest.current.keymap.inTerminal.has(chordId(chord));
          },
          events: createEvents(),
        }),
    );
    setSession(made);

    function createEvents() {
      return {
        ...createWorkEvents(app, id),
        onPasteWarning: (paste: { text: string; lineCount: number }, confirm: () => void) => {
          void app.confirmations
            .ask({
              title: paste.lineCount > 1 ? `Paste ${paste.lineCount} lines?` : 'Paste a line that runs?',
              body: 'This program runs each line as soon as it is pasted.',
              preview: paste.text.replaceAll('\r', '\n'),
              action: 'Paste',
            })
            .then((isAgreed) => {
              if (isAgreed) confirm();
            });
        },
        onOpenLink: (url: string) => openLink(app, url),
        onBell: () => {
          if (latest.current.settings.terminalBell === 'none') return;
          if (latest.current.settings.terminalBell === 'sound') ring();
          setBellMarked(true);
          setTimeout(() => setBellMarked(false), bellMarkMs);
        },
        onSearchResult: setFound,
        onDetached: () => setAttached(false),
        onAttached: () => setAttached(true),
        onRefused: () => setRefusedCount((count) => count + 1),
        onDropped: (bytes: number) =>
          app.notices.show({
            title: `Dropped ${formatBytes(bytes)} of output`,
            body: 'It was waiting behind the interrupt.',
          }),
        onCopied: () => undefined,
      };
    }
  }, [app, id, isKnown]);

  // Attach when there is something to attach to; again after the way to the plane was cut.
  useEffect(() => {
    if (session === null || connection.phase !== 'open' || session.isAttached) return;
    // Of one that has ended the plane may still hold the last screen: a window that is loaded anew shows it, too.
    if (phase === 'live' || phase === 'lost' || (phase === 'ended' && !session.wasAttached)) session.attach();
  }, [session, connection, phase]);

  useEffect(() => {
    session?.setTakesKeys(phase === 'live' && connection.phase === 'open');
  }, [session, phase, connection]);

  // Only where somebody looks: each look is a round trip to the host.
  useEffect(() => {
    if (session === null || !isVisible || phase !== 'live' || connection.phase !== 'open') return;
    return terminalHealths.watch(id, app.client, () => session.measured());
  }, [app, id, session, isVisible, phase, connection]);

  useEffect(() => {
    const parent = holder.current;
    if (session === null || parent === null || !isVisible) return;
    session.mount(parent);
    return () => session.unmount();
  }, [session, isVisible]);

  useEffect(() => {
    if (isActive && isVisible && !isFinding) session?.focus();
  }, [session, isActive, isVisible, isFinding]);

  // The tab strip gives the keyboard to the page; here that is the screen.
  useEffect(() => {
    const panel = holder.current?.closest<HTMLElement>('[role=tabpanel]');
    if (session === null || panel == null) return;
    const pass = () => session.focus();
    panel.addEventListener('focus', pass);
    return () => panel.removeEventListener('focus', pass);
  }, [session]);

  useEffect(() => {
    if (session === null) return;
    session.setAppearance(settings, xtermTheme(currentTheme()));
    return onThemeChange((theme) => session.setAppearance(settings, xtermTheme(theme)));
  }, [session, settings]);

  useEffect(
    () =>
      terminalSessions.onFindRequest((request) => {
        if (request.id === id) setFindAsked((count) => count + 1);
      }),
    [id],
  );

  const closeFind = useCallback(() => {
    setFindAsked(0);
    session?.focus();
  }, [session]);

  if (!isKnown) {
    return (
      <p className="p-6 text-muted" role="status">
        {terminals.status === 'loading' ? 'Opening…' : 'This terminal was closed.'}
      </p>
    );
  }

  return (
    <div
      className="relative flex h-full min-h-0 flex-col bg-(--terminal-background)"
      data-keys="terminal"
      data-bell={isBellMarked || undefined}
    >
      <TerminalMarks id={id} />
      <TerminalMenu terminalId={id}>
        <div ref={holder} className="terminal-holder min-h-0 flex-1" />
      </TerminalMenu>
      {isFinding && session !== null && (
        <TerminalFindBar session={session} asked={findAsked} result={found} onClose={closeFind} />
      )}
      <SizeNote session={session} size={terminal.size} />
      <StateLine id={id} isAttached={isAttached || connection.phase !== 'open'} refusedCount={refusedCount} />
    </div>
  );
}

function TerminalMenu({ terminalId, children }: { terminalId: TerminalId; children: ReactNode }) {
  const app = useApp();
  const keymap = useKeymap();
  const [entries, setEntries] = useState<readonly MenuEntry[]>([]);
  const subject: Subject = { kind: 'terminal', id: terminalId };
  return (
    <ContextMenu
      className="flex min-h-0 flex-1 flex-col"
      entries={entries}
      onOpenChange={(isOpen) => {
        if (!isOpen) return;
        const { state } = commandContext(app, subject);
        setEntries(
          contextRows.flatMap((id): MenuEntry[] => {
            if (id.startsWith('-')) return [{ kind: 'line', id }];
            const command = app.commands.get(id);
            if (command === undefined) return [];
            const chord = keymap.chords.get(id);
            return [
              {
                kind: 'item',
                id,
                label: commandLabel(command, state),
                isDisabled: !isCommandEnabled(command, state),
                ...(chord === undefined ? {} : { keys: chordKeys(chord, app.platform) }),
                run: () => runCommand(app, id, subject),
              },
            ];
          }),
        );
      }}
    >
      {children}
    </ContextMenu>
  );
}

const contextRows = [
  'terminal.copy',
  'terminal.copy-html',
  'terminal.copy-output',
  'terminal.paste',
  'terminal.select-all',
  '-1',
  'terminal.find',
  'terminal.clear',
  '-2',
  'terminal.split-right',
  'terminal.split-down',
  'terminal.broadcast',
  'terminal.rename',
  'terminal.share',
] as const;

/** A short, soft tone; made anew each time, since a bell is rare and a kept context keeps the sound card awake. */
function ring(): void {
  const audio = new AudioContext();
  const tone = audio.createOscillator();
  const volume = audio.createGain();
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.08, audio.currentTime);
  volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.15);
  tone.connect(volume).connect(audio.destination);
  tone.onended = () => void audio.close();
  tone.start();
  tone.stop(audio.currentTime + 0.16);
}
