/**
 * The page behind a shared terminal's link: what it is, what one may do, how long, and the screen. No rail, no palette,
 * no settings: a guest has none of what those lead to.
 */
import '@xterm/xterm/css/xterm.css';
import './terminal.css';
import { CircleStop, Clock, Eye, Keyboard, Link2Off, Radio } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useStore } from 'zustand';
import { settingsDefaults } from '#contract/settings.ts';
import type { SharedTerminal } from '#contract/terminal-shares.ts';
import { AlertDialog } from '../../components/alert-dialog.tsx';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { formatDuration } from '../../components/format.ts';
import { useNow } from '../../components/now.ts';
import { Spinner } from '../../components/spinner.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import type { ConnectionState } from '../../state/api.ts';
import { currentTheme, onThemeChange } from '../../theme/theme.ts';
import { xtermTheme } from '../../theme/xterm-theme.ts';
import { smallestFontPx } from './fit-font.ts';
import type { GuestClient, Visit } from './guest-visit.ts';
import type { PasteText } from './paste.ts';
import { accessWords } from './share-words.ts';
import { TerminalSession } from './terminal-session.ts';

/** Pixels. The terminal's grid is drawn as large as it fits, and no larger than this: beyond it nothing is gained. */
const largestFontPx = 18;
/** Pixels. Where fitting needs smaller text than this, it can be had larger, in a screen that is moved about. */
const readableFontPx = 10;
const largeFontPx = 13;
/** Milliseconds for which a key that did nothing is answered. */
const readOnlyHintMs = 3_000;
/** Milliseconds before a screen that was let go asks for the output again. */
const attachAgainMs = 1_000;

export function GuestPage({ visit }: { visit: Visit }) {
  const state = useStore(visit.store);
  const title = 'terminal' in state ? state.terminal.title : null;
  useEffect(() => {
    document.title = title === null ? 'Shared terminal · Berth' : `${title} · shared terminal`;
  }, [title]);
  switch (state.phase) {
    case 'opening':
      return (
        <Page>
          <p role="status" className="m-auto flex items-center gap-2 text-muted">
            <Spinner /> Opening the shared terminal…
          </p>
        </Page>
      );
    case 'refused':
      return (
        <Page>
          <Message icon={Clock} title="Not now" actions={<Button onClick={visit.retry}>Try again</Button>}>
            {state.error.message}
          </Message>
        </Page>
      );
    case 'over':
      if (state.why === 'terminal')
        return (
          <Page terminal={state.terminal}>
            <GuestScreen client={state.client} terminal={state.terminal} isOpen={false} />
            <Foot>
              <CircleStop aria-hidden size={14} className="shrink-0 text-stopped" />
              <span>
                The terminal has ended
                {state.terminal.exitCode === null ? '.' : ` with exit code ${state.terminal.exitCode}.`}
              </span>
            </Foot>
          </Page>
        );
      return (
        <Page>
          {state.why === 'link' ? (
            <Message icon={Link2Off} title="This link leads nowhere any more">
              It has expired or was revoked. Ask whoever shared the terminal for a new one.
            </Message>
          ) : (
            <Message icon={Link2Off} title="This link is not whole">
              The part behind # is missing. Copy the link again, all of it.
            </Message>
          )}
        </Page>
      );
    case 'open':
      return (
        <Page terminal={state.terminal}>
          <GuestScreen
            client={state.client}
            terminal={state.terminal}
            isOpen={state.connection.phase === 'open'}
          />
          <ConnectionFoot
            connection={state.connection}
            phase={state.terminal.phase}
            onTry={state.reconnect}
          />
        </Page>
      );
    default:
      return state satisfies never;
  }
}

function Page({ terminal, children }: { terminal?: SharedTerminal; children: ReactNode }) {
  return (
    <div className="flex h-dvh min-h-0 flex-col bg-app text-text">
      <header className="flex min-h-11 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-panel px-4 py-1.5">
        <Radio aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-accent" />
        <h1 dir="auto" className="min-w-0 flex-1 truncate font-semibold" title={terminal?.title}>
          {terminal?.title ?? 'Shared terminal'}
        </h1>
        {terminal && terminal.end === null && (
          <div className="flex shrink-0 items-center gap-3">
            <AccessMark access={terminal.access} />
            <TimeLeft expiresAt={terminal.expiresAt} />
          </div>
        )}
      </header>
      <main className="flex min-h-0 flex-1 flex-col">{children}</main>
    </div>
  );
}

function AccessMark({ access }: Pick<SharedTerminal, 'access'>) {
  const Icon = access === 'write' ? Keyboard : Eye;
  return (
    <span
      className={classNames(
        'inline-flex h-5 items-center gap-1 rounded-full px-2 text-small font-medium whitespace-nowrap',
        access === 'write' ? 'bg-attention-soft text-attention' : 'bg-hover text-muted',
      )}
    >
      <Icon aria-hidden size={12} strokeWidth={2} />
      {accessWords[access].guest}
    </span>
  );
}

function TimeLeft({ expiresAt }: Pick<SharedTerminal, 'expiresAt'>) {
  const nowMs = useNow(true);
  return (
    <time dateTime={expiresAt} className="tabular text-meta whitespace-nowrap text-muted">
      ends in {formatDuration(Date.parse(expiresAt) - nowMs)}
    </time>
  );
}

function Message(props: Parameters<typeof EmptyState>[0]) {
  return (
    <div role="status" className="m-auto">
      <EmptyState {...props} />
    </div>
  );
}

function Foot({ children }: { children: ReactNode }) {
  return (
    <div
      role="status"
      className="flex min-h-9 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-t border-line bg-panel px-4 py-1"
    >
      {children}
    </div>
  );
}

interface ConnectionFootProps {
  readonly connection: ConnectionState;
  readonly phase: SharedTerminal['phase'];
  readonly onTry: () => void;
}

function ConnectionFoot({ connection, phase, onTry }: ConnectionFootProps) {
  const retryAtMs = connection.phase === 'lost' ? connection.retryAtMs : null;
  const nowMs = useNow(retryAtMs !== null);
  if (connection.phase === 'open') {
    if (phase === 'live') return null;
    return (
      <Foot>
        <StateMark signal="attention" word={phase === 'lost' ? 'Its host is away' : 'Opening'} />
        {phase === 'lost' && <span className="text-muted">The terminal comes back with it.</span>}
      </Foot>
    );
  }
  const leftSeconds = retryAtMs === null ? 0 : Math.ceil((retryAtMs - nowMs) / 1000);
  return (
    <Foot>
      <StateMark signal="attention" word="Connection lost" />
      <span className="tabular text-muted">
        {leftSeconds > 0 ? `Trying again in ${leftSeconds} s.` : 'Trying again…'}
      </span>
      <span className="ml-auto" />
      <Button onClick={onTry}>Try now</Button>
    </Foot>
  );
}

interface GuestScreenProps {
  readonly client: GuestClient;
  readonly terminal: SharedTerminal;
  readonly isOpen: boolean;
}

function GuestScreen({ client, terminal, isOpen }: GuestScreenProps) {
  const holder = useRef<HTMLDivElement>(null);
  const [session, setSession] = useState<TerminalSession | null>(null);
  const [detachedCount, setDetachedCount] = useState(0);
  const [paste, setPaste] = useState<{ readonly text: PasteText; readonly confirm: () => void } | null>(null);
  const [isLarge, setLarge] = useState(false);
  const [isHinted, hint] = useHint();
  const { terminalId, access, isTypingDropped } = terminal;
  const { cols, rows } = terminal.size;
  const first = useRef(terminal.size);

  useEffect(() => {
    const parent = holder.current;
    if (parent === null) return;
    const made = new TerminalSession({
      id: terminalId,
      client,
      size: first.current,
      appearance: { ...settingsDefaults, terminalFontSizePx: largestFontPx },
      theme: xtermTheme(currentTheme()),
      isAppKey: () => false,
      // A guest's screen answers nothing at all: the owner's does.
      isAnsweredOnHost: true,
      guest: { mayType: access === 'write' },
      events: {
        onPasteWarning: (text, confirm) => setPaste({ text, confirm }),
        onOpenLink: (url) => void window.open(url, '_blank', 'noopener,noreferrer'),
        onBell: () => undefined,
        onSearchResult: () => undefined,
        onDetached: () => setDetachedCount((count) => count + 1),
        onDropped: () => undefined,
        onCopied: () => undefined,
        onAttached: () => undefined,
        onRefused: () => undefined,
        onTyped: () => undefined,
        onPasted: () => undefined,
        doOthersTakePastesWhole: () => true,
        onClipboardWrite: () => undefined,
        onCommandFinished: () => undefined,
        onPath: () => undefined,
      },
    });
    made.mount(parent);
    made.focus();
    setSession(made);
    const stop = onThemeChange((theme) =>
      made.setAppearance({ ...settingsDefaults, terminalFontSizePx: largestFontPx }, xtermTheme(theme)),
    );
    return () => {
      stop();
      made.dispose();
    };
  }, [client, terminalId, access]);

  useEffect(() => session?.size.hear({ cols, rows }), [session, cols, rows]);

  useEffect(() => {
    if (session === null || !isOpen || terminal.phase !== 'live' || session.isAttached) return;
    if (detachedCount === 0) return session.attach();
    const timer = setTimeout(() => session.attach(), attachAgainMs);
    return () => clearTimeout(timer);
  }, [session, isOpen, terminal.phase, detachedCount]);

  const isTiny = useSyncExternalStore(
    (listener) => session?.size.onChange(listener) ?? (() => undefined),
    () => session?.size.isFontBelow(readableFontPx) ?? false,
  );
  useEffect(() => {
    session?.size.setSmallestFont(isLarge ? largeFontPx : smallestFontPx);
  }, [session, isLarge]);

  const isShown = isHinted || isTypingDropped;
  return (
    <>
      <div
        className="relative flex min-h-0 flex-1 flex-col bg-(--terminal-background)"
        data-keys="terminal"
        onKeyDownCapture={access === 'read' ? hint : undefined}
      >
        <div ref={holder} className="terminal-holder guest-terminal min-h-0 flex-1" />
        {(isTiny || isLarge) && (
          <Button className="absolute right-5 bottom-3 z-10" onClick={() => setLarge(!isLarge)}>
            {isLarge ? 'Fit to window' : 'Larger text'}
          </Button>
        )}
        <p
          role="status"
          className={classNames(
            'floating pointer-events-none absolute top-3 left-1/2 w-max max-w-[90%] -translate-x-1/2 rounded-md px-3 py-1.5 text-center text-muted',
            !(isHinted && isShown) && 'sr-only',
          )}
        >
          {isShown ? 'You can only watch: what you type goes nowhere.' : ''}
        </p>
      </div>
      {paste !== null && (
        <AlertDialog
          isOpen
          title={
            paste.text.lineCount > 1 ? `Paste ${paste.text.lineCount} lines?` : 'Paste a line that runs?'
          }
          body="This program runs each line as soon as it is pasted."
          preview={paste.text.text.replaceAll('\r', '\n')}
          action="Paste"
          onAnswer={(isAgreed) => {
            setPaste(null);
            if (isAgreed) paste.confirm();
          }}
        />
      )}
    </>
  );
}

/** True for a while after the last call of the function. */
function useHint(): readonly [boolean, () => void] {
  const [count, setCount] = useState(0);
  const [isShown, setShown] = useState(false);
  useEffect(() => {
    if (count === 0) return;
    setShown(true);
    const timer = setTimeout(() => setShown(false), readOnlyHintMs);
    return () => clearTimeout(timer);
  }, [count]);
  return [isShown, () => setCount((before) => before + 1)];
}
