/**
 * An app in the desktop: a page of its own over this element, which the shell draws. Opened when this is mounted, closed
 * when it is not: a reload from nothing is a new key.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { Forward } from '#contract/forwards.ts';
import type { ShellBridge } from '#contract/shell.ts';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';
import { AppFailure } from './app-failure.tsx';
import { appViewStates } from './app-view-states.ts';
import { forwardName } from './forward-words.ts';
import { useViewPlace } from './use-view-place.ts';
import { createViewPlacer, type ViewPlacer } from './view-placer.ts';

export interface AppViewProps {
  readonly shell: ShellBridge;
  readonly forward: Forward;
  readonly tabId: string;
  /** Null: where the app begins. */
  readonly path: string | null;
  readonly isVisible: boolean;
  readonly isActive: boolean;
  /** Begins anew. */
  readonly onRetry: () => void;
}

export function AppView(props: AppViewProps) {
  const { shell, forward, tabId, path, isVisible, isActive, onRetry } = props;
  const box = useRef<HTMLDivElement>(null);
  const [error, setError] = useState<ReturnType<typeof toBerthError> | null>(null);
  const [isOpen, setOpen] = useState(false);
  const [picture, setPicture] = useState<string | null>(null);
  const failure = useStore(appViewStates.store, ({ byTab }) => byTab.get(tabId)?.failure ?? null);
  const isGone = useStore(appViewStates.store, ({ gone }) => gone.has(tabId));
  useOpened({ shell, forward, tabId, path, box, onOpen: setOpen, onFailure: setError });
  useEffect(() => {
    if (isGone) onRetry();
  }, [isGone, onRetry]);

  const takeKeyboard = useCallback(() => {
    void shell.request('appViewAct', { tabId, act: 'focus' });
  }, [shell, tabId]);
  const placer = usePlacer({
    ...{ shell, tabId, setPicture },
    onShown: () => {
      // It had the keyboard before something was in front of it.
      if (document.activeElement === box.current) takeKeyboard();
    },
  });
  const isWanted = isVisible && isOpen && failure === null && error === null;
  useViewPlace(box, isWanted, (place) => placer.current?.place(place));

  useEffect(() => {
    if (isActive && isWanted && document.activeElement === box.current) takeKeyboard();
  }, [isActive, isWanted, takeKeyboard]);

  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={box}
        data-autofocus
        data-app-view
        // biome-ignore lint/a11y/noNoninteractiveTabindex: whoever comes here by Tab goes on into the app
        tabIndex={0}
        role="document"
        aria-label={forwardName(forward)}
        onFocus={takeKeyboard}
        className="absolute inset-0 bg-panel outline-none"
      >
        {picture !== null && <img alt="" src={picture} className="size-full object-cover object-left-top" />}
      </div>
      {error !== null && (
        <AppFailure title={`${forwardName(forward)} did not open`} error={error} onRetry={onRetry} />
      )}
      {error === null && failure !== null && (
        <AppFailure
          title={`The page of ${forwardName(forward)} did not load`}
          message={`The window says why: ${failure}.`}
          onRetry={onRetry}
        />
      )}
    </div>
  );
}

function useOpened(options: {
  readonly shell: ShellBridge;
  readonly forward: Forward;
  readonly tabId: string;
  readonly path: string | null;
  readonly box: React.RefObject<HTMLElement | null>;
  readonly onOpen: (isOpen: boolean) => void;
  readonly onFailure: (error: ReturnType<typeof toBerthError>) => void;
}): void {
  const { shell, tabId, path, box, onOpen, onFailure } = options;
  const { id: forwardId } = options.forward;
  const client = useClient();
  const name = useRef('');
  name.current = forwardName(options.forward);
  useEffect(() => {
    const stop = new AbortController();
    const open = async () => {
      const { url } = await client.call('forwards.open', { id: forwardId }, { signal: stop.signal });
      if (stop.signal.aborted) return;
      const { x, y, width, height } = box.current?.getBoundingClientRect() ?? new DOMRect();
      const bounds = {
        ...{ x: Math.max(0, Math.ceil(x)), y: Math.max(0, Math.ceil(y)) },
        ...{ width: Math.floor(width), height: Math.floor(height) },
      };
      await shell.request('appViewOpen', {
        ...{ tabId, forwardId, url, path, bounds, name: name.current.slice(0, 200) },
      });
      if (!stop.signal.aborted) onOpen(true);
    };
    open().catch((cause: unknown) => {
      if (!stop.signal.aborted) onFailure(toBerthError(cause));
    });
    return () => {
      stop.abort();
      appViewStates.forget(tabId);
      void shell.request('appViewClose', { tabId });
    };
  }, [client, shell, forwardId, tabId, path, box, onOpen, onFailure]);
}

function usePlacer(options: {
  readonly shell: ShellBridge;
  readonly tabId: string;
  readonly setPicture: (picture: string | null) => void;
  readonly onShown: () => void;
}): React.RefObject<ViewPlacer | null> {
  const { shell, tabId, setPicture } = options;
  const notices = useNotices();
  const shown = useRef(options.onShown);
  shown.current = options.onShown;
  const placer = useRef<ViewPlacer | null>(null);
  useEffect(() => {
    const made = createViewPlacer({
      ...{ shell, tabId },
      onPicture: async (picture) => {
        setPicture(picture);
        // Twice: after the first the picture is in the page, after the second it is drawn.
        if (picture !== null) for (let frames = 0; frames < 2; frames += 1) await nextFrame();
      },
      onShown: () => shown.current(),
      onFailure: (cause) => notices.fail('The app could not be moved with its tab', cause),
    });
    placer.current = made;
    return () => made.stop();
  }, [shell, tabId, setPicture, notices]);
  return placer;
}

function nextFrame(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => resolve()));
}
