/** The tab of a screen: its bar, the picture, what stands in its place while there is none, and files on their way to it. */
import { ChevronDown, EyeOff } from 'lucide-react';
import { type DragEvent, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { BerthError } from '#contract/berth-error.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { IconButton } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import {
  useApp,
  useConnection,
  useHost,
  useMay,
  useNotices,
  useWorkspace,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { DropList } from './drop-list.tsx';
import { useFullScreen } from './full-screen.ts';
import { browserClipboard, ScreenClipboard } from './screen-clipboard.ts';
import { ScreenCover } from './screen-cover.tsx';
import { guardKeyboard } from './screen-keyboard.ts';
import { ClipboardPanel, KeysPanel } from './screen-panels.tsx';
import { screenDefaults, ScreenSession } from './screen-session.ts';
import { type ScreenPanel, ScreenToolbar } from './screen-toolbar.tsx';
import { DroppedFiles } from './send-dropped.ts';
import { openSoundPlayer } from './sound-player.ts';
import { SoundSession } from './sound-session.ts';
import './screen.css';

/** What shows that somebody is there. */
const uses = ['keydown', 'pointerdown', 'pointermove', 'wheel'] as const;

type ScreenProps = ViewProps<'screen'>;

export default function ScreenPage(props: ScreenProps) {
  const workspace = useWorkspace(props.view.workspaceId);
  const { status } = useWorkspaces();
  const mayUse = useMay('workspaces.write');
  // Whoever sees a screen can use it: there is no half of it for viewers.
  if (!mayUse)
    return (
      <EmptyState icon={EyeOff} title="Screens are not for viewers">
        You may look at workspaces and snapshots here. An owner can make you a member.
      </EmptyState>
    );
  if (workspace !== undefined) return <ScreenTab {...props} workspace={workspace} />;
  return (
    <div className="mx-auto w-full max-w-[480px] px-6 py-10">
      {status === 'loading' ? (
        <LoadingRows label="Loading the workspace" />
      ) : (
        <p className="text-muted">The workspace of this screen is gone.</p>
      )}
    </div>
  );
}

interface Parts {
  readonly session: ScreenSession;
  readonly clipboard: ScreenClipboard;
  readonly files: DroppedFiles;
  /** Null: its image gives none. */
  readonly sound: SoundSession | null;
}

/** What lives as long as the tab. Null before the first effect: there is no element to draw into yet. */
function useParts(props: ScreenProps & { readonly workspace: Workspace }) {
  const { view, workspace, isActive } = props;
  const app = useApp();
  const holder = useRef<HTMLDivElement>(null);
  const [parts, setParts] = useState<Parts | null>(null);
  // The parts outlive renders and ask these when they need them.
  const latest = useRef({ workspace, isActive });
  latest.current = { workspace, isActive };
  const { id, mountPoint } = workspace;
  const { port } = view;
  const soundPort = workspace.apps?.find((each) => each.port === port)?.soundPort;

  useEffect(() => {
    const element = holder.current;
    if (element === null) return;
    const login = latest.current.workspace.apps?.find((each) => each.port === port)?.login;
    const session = new ScreenSession({
      holder: element,
      options: screenDefaults,
      load: async () => (await import('@novnc/novnc')).default,
      dial: () => app.client.bytes('workspaces.dial', { id, port }),
      userName: login?.how === 'basic' ? login.user : null,
      readPassword: async () => {
        if (latest.current.workspace.accessPassword === undefined) return null;
        try {
          return (await app.client.call('workspaces.revealPassword', { id })).password;
        } catch (cause) {
          // The keychain lost it, or the workspace was found on its host: a person may know it.
          if (BerthError.is(cause, 'credential.missing')) return null;
          throw cause;
        }
      },
      onClipboard: (text) => void clipboard.copied(text, latest.current.isActive && document.hasFocus()),
    });
    const clipboard = new ScreenClipboard(browserClipboard, (text) =>
      session.screen?.clipboardPasteFrom(text),
    );
    const files = new DroppedFiles(app.client, id, mountPoint);
    const sound =
      soundPort === undefined
        ? null
        : new SoundSession({
            dial: () => app.client.bytes('workspaces.dial', { id, port: soundPort, skipsSilence: true }),
            openPlayer: openSoundPlayer,
          });
    const unguard = guardKeyboard({
      holder: element,
      screen: () => session.screen,
      isMac: app.platform === 'darwin',
      onPaste: (text) => clipboard.put(text),
    });
    const onFocus = (event: FocusEvent) => {
      if (event.target instanceof HTMLCanvasElement) void clipboard.focused();
      // The element is what Tab reaches; the canvas is what takes keys.
      else session.screen?.focus({ preventScroll: true });
    };
    const onWindowFocus = () => {
      if (element.contains(document.activeElement)) void clipboard.focused();
    };
    const onUse = () => sound?.use();
    for (const kind of uses) element.addEventListener(kind, onUse, { capture: true, passive: true });
    element.addEventListener('focusin', onFocus);
    window.addEventListener('focus', onWindowFocus);
    setParts({ session, clipboard, files, sound });
    return () => {
      for (const kind of uses) element.removeEventListener(kind, onUse, { capture: true });
      element.removeEventListener('focusin', onFocus);
      window.removeEventListener('focus', onWindowFocus);
      unguard();
      files.close();
      sound?.close();
      session.close();
      setParts(null);
    };
  }, [app, id, port, soundPort, mountPoint]);
  return { holder, parts };
}

function ScreenTab(props: ScreenProps & { readonly workspace: Workspace }) {
  const { view, workspace, isVisible, isActive } = props;
  const { holder, parts } = useParts(props);
  const session = parts?.session;
  const host = useHost(workspace.hostId);
  const connection = useConnection();
  const notices = useNotices();
  const fullScreen = useFullScreen(isVisible);
  const [panel, setPanel] = useState<ScreenPanel | null>(null);
  const [isFolded, setFolded] = useState(false);
  const [isOver, setOver] = useState(false);
  const isPageShown = usePageShown();
  const title = `${workspace.name}${host === undefined ? '' : ` on ${host.name}`}`;

  const isReachable =
    connection.phase === 'open' && host?.state.phase === 'ready' && workspace.state === 'running';
  const sound = parts?.sound;
  useEffect(() => {
    session?.setReachable(isReachable);
    sound?.setReachable(isReachable);
  }, [session, sound, isReachable]);
  useLayoutEffect(() => {
    session?.setLookedAt(isVisible && isPageShown);
    sound?.setLookedAt(isVisible && isPageShown);
  }, [session, sound, isVisible, isPageShown]);

  const isLive = useIsLive(session);
  useEffect(() => {
    if (isLive && isActive && isVisible && mayTakeKeys(holder.current))
      session?.screen?.focus({ preventScroll: true });
  }, [session, isLive, isActive, isVisible, holder]);
  // The tab strip gives the keyboard to the page; here that is the screen.
  useEffect(() => {
    const tab = holder.current?.closest<HTMLElement>('[role=tabpanel]');
    if (session === undefined || tab == null) return;
    const pass = () => session.screen?.focus({ preventScroll: true });
    tab.addEventListener('focus', pass);
    return () => tab.removeEventListener('focus', pass);
  }, [session, holder]);

  const dropping = {
    onDragOver: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      if (!event.dataTransfer.types.includes('Files')) return;
      event.preventDefault();
      setOver(false);
      parts?.files.add([...event.dataTransfer.files]);
    },
  };
  return (
    <div
      className={classNames(
        'flex min-h-0 flex-col bg-app',
        fullScreen.isOn ? 'fixed inset-0 z-20' : 'relative h-full',
      )}
      {...dropping}
    >
      {parts !== null && !isFolded && (
        <ScreenToolbar
          {...parts}
          title={title}
          panel={panel}
          onPanel={setPanel}
          fullScreen={fullScreen}
          onFailure={(what, cause) => notices.fail(what, cause)}
          onFold={() => {
            setPanel(null);
            setFolded(true);
          }}
        />
      )}
      {parts !== null && panel === 'clipboard' && (
        <ClipboardPanel clipboard={parts.clipboard} isLive={isLive} />
      )}
      {parts !== null && panel === 'keys' && <KeysPanel session={parts.session} />}
      <div className="relative min-h-0 flex-1">
        <div
          ref={holder}
          role="application"
          aria-label={`Screen of ${title}`}
          aria-roledescription="remote screen"
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it is as interactive as a computer
          tabIndex={0}
          data-keys="screen"
          data-live={isLive || undefined}
          className="screen-holder absolute inset-0"
        />
        {parts !== null && <Cover parts={parts} workspace={workspace} port={view.port} />}
        {isOver && (
          <div className="pointer-events-none absolute inset-2 z-10 flex items-center justify-center rounded-lg border-2 border-dashed border-accent bg-scrim">
            <p className="floating px-4 py-2">Drop the files to put them on the desktop</p>
          </div>
        )}
        {isFolded && (
          <IconButton
            label="Unfold the bar"
            icon={ChevronDown}
            className="absolute top-0 left-1/2 z-10 -translate-x-1/2 rounded-t-none border border-t-0 border-line bg-panel"
            onClick={() => setFolded(false)}
          />
        )}
        {parts !== null && <DropList files={parts.files} />}
      </div>
    </div>
  );
}

function Cover({ parts, workspace, port }: { parts: Parts; workspace: Workspace; port: number }) {
  const state = useStore(parts.session.store, (each) => each.state);
  if (state.phase === 'connected') return null;
  return (
    <div className="absolute inset-0 overflow-y-auto bg-app">
      <ScreenCover session={parts.session} state={state} workspace={workspace} port={port} />
    </div>
  );
}

function useIsLive(session: ScreenSession | undefined): boolean {
  const [isLive, setLive] = useState(false);
  useEffect(() => {
    if (session === undefined) return setLive(false);
    const read = () => setLive(session.store.getState().state.phase === 'connected');
    read();
    return session.store.subscribe(read);
  }, [session]);
  return isLive;
}

/** Nobody types or presses elsewhere in the window now: the keyboard is in this tab's own page, or nowhere. */
function mayTakeKeys(holder: HTMLElement | null): boolean {
  const active = document.activeElement;
  const tab = holder?.closest('[role=tabpanel]');
  return active === null || active === document.body || active === tab || holder?.contains(active) === true;
}

/** False: the window is hidden, or another tab of the browser is in front. */
function usePageShown(): boolean {
  const [isShown, setShown] = useState(() => document.visibilityState === 'visible');
  useEffect(() => {
    const follow = () => setShown(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', follow);
    return () => document.removeEventListener('visibilitychange', follow);
  }, []);
  return isShown;
}
