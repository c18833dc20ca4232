/** A terminal's tab: its screen, the find bar, and one line that tells the truth when the screen is not live. */
import '@xterm/xterm/css/xterm.css';
import './terminal.css';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import type { TerminalId } from '#contract/ids.ts';
import type { Terminal } from '#contract/terminals.ts';
import { Button } from '../../components/button.tsx';
import { ContextMenu, type MenuEntry } from '../../components/menu.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  commandContext,
  runCommand,
  useApp,
  useCommand,
  useConnection,
  useKeymap,
  useSettings,
  useTerminal,
  useTerminals,
} from '../../state/app-context.tsx';
import { commandLabel, isCommandEnabled, type Subject } from '../../state/commands.ts';
import type { ViewProps } from '../../state/feature.ts';
import { chordId, chordKeys, chordOfEvent } from '../../state/shortcut.ts';
import { currentTheme, onThemeChange } from '../../theme/theme.ts';
import { xtermTheme } from '../../theme/xterm-theme.ts';
import { FindBar, type FindResult } from './find-bar.tsx';
import { SizeNote } from './size-note.tsx';
import { TerminalSession } from './terminal-session.ts';
import { terminalSessions } from './terminal-sessions.ts';

const bellMarkMs = 1_200;

export default function TerminalView({ view, isVisible, isActive }: ViewProps<'terminal'>) {
  const app = useApp();
  const id = view.terminalId;
  const terminal = useTerminal(id);
  const terminals = useTerminals();
  const settings = useSettings();
  const connection = useConnection();
  const keymap = useKeymap();
  const holder = useRef<HTMLDivElement>(null);
  const [session, setSession] = useState<TerminalSession | null>(null);
  const [isFinding, setFinding] = useState(false);
  const [found, setFound] = useState<FindResult | null>(null);
  const [isBellMarked, setBellMarked] = useState(false);
  const [isDetached, setDetached] = useState(false);

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
        onOpenLink: (url: string) => {
          if (app.shell !== null)
            app.shell
              .request('openExternal', { url })
              .catch((cause: unknown) => app.notices.fail('The link could not be opened', cause));
          else window.open(url, '_blank', 'noopener,noreferrer');
        },
        onBell: () => {
          if (latest.current.settings.terminalBell === 'none') return;
          if (latest.current.settings.terminalBell === 'sound') ring();
          setBellMarked(true);
          setTimeout(() => setBellMarked(false), bellMarkMs);
        },
        onSearchResult: setFound,
        onDetached: () => setDetached(true),
        onDropped: (bytes: number) =>
          app.notices.show({
            title: `Dropped ${Math.round(bytes / 1024)} KiB of output`,
            body: 'It was waiting behind the interrupt.',
          }),
        onCopied: () => undefined,
      };
    }
  }, [app, id, isKnown]);

  // Attach when there is something to attach to; again after the way to the plane was cut.
  useEffect(() => {
    if (session === null || connection.phase !== 'open' || phase !== 'live' || session.isAttached) return;
    setDetached(false);
    session.attach();
  }, [session, connection, phase]);

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
        if (request.id === id) setFinding(true);
      }),
    [id],
  );

  const closeFind = useCallback(() => {
    setFinding(false);
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
      <TerminalMenu terminalId={id}>
        <div ref={holder} className="terminal-holder min-h-0 flex-1" />
      </TerminalMenu>
      {isFinding && session !== null && <FindBar session={session} result={found} onClose={closeFind} />}
      <SizeNote session={session} size={terminal.size} />
      <StateLine id={id} isDetached={isDetached && connection.phase === 'open'} />
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
  'terminal.paste',
  'terminal.select-all',
  '-1',
  'terminal.find',
  'terminal.clear',
  '-2',
  'terminal.split-right',
  'terminal.split-down',
  'terminal.rename',
  'terminal.share',
] as const;

/** Nothing while it is live: the screen speaks for itself. */
function StateLine({ id, isDetached }: { id: TerminalId; isDetached: boolean }) {
  const terminal = useTerminal(id);
  const again = useCommand('terminal.open-again', terminal ? { kind: 'terminal', id: terminal.id } : null);
  if (terminal === undefined) return null;
  const { state } = terminal;
  if (state.phase === 'live' && !isDetached) return null;
  return (
    <div
      role="status"
      className="flex min-h-9 flex-wrap items-center gap-x-3 gap-y-1 border-t border-line bg-panel px-3 py-1"
    >
      {state.phase === 'opening' && <StateMark signal="busy" word="Opening" />}
      {state.phase === 'live' && <StateMark signal="attention" word="Detached" />}
      {state.phase === 'ended' && (
        <>
          <StateMark
            signal={state.error === null && (state.exitCode ?? 0) === 0 ? 'stopped' : 'failed'}
            word={endWord(state)}
          />
          {state.error !== null && (
            <span className="min-w-0 flex-1 truncate text-muted" title={state.error.message}>
              {state.error.message}
            </span>
          )}
          <span className="ml-auto" />
          <Button onClick={again.run} disabled={!again.isEnabled} reason="Its workspace or host is not ready">
            Open again
          </Button>
        </>
      )}
    </div>
  );
}

function endWord({ exitCode, error }: Extract<Terminal['state'], { phase: 'ended' }>): string {
  if (exitCode !== null) return `Ended with exit code ${exitCode}`;
  // After a restart of Berth the message says so; it was no failure of the line.
  return error?.code === 'connection-lost' && error.details?.reason !== 'restarted'
    ? 'Connection lost'
    : 'Ended';
}

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
