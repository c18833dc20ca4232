/**
 * What is measured inside the window: from the event that the page got to the moment when the screen's buffer holds what
 * is awaited, on the page's own clock. Installed into each page; `PageProbe` is its shape there.
 *
 * The window offers no door for a stopwatch, so the probe finds the terminal's session where React keeps it: at the fiber
 * of the element that holds the screen.
 */
import type { Page } from 'playwright';

export interface PageProbe {
  /** Milliseconds of each key since the last call, from its keydown to its echo in the buffer. */
  keys(): Promise<number[]>;
  /** Milliseconds from the next Enter (or click) until the buffer's last lines match. */
  arm(trigger: 'Enter' | 'click', pattern: string): void;
  /** Milliseconds from the next click until the frame was painted in which an element fits the selector. */
  armPainted(selector: string): void;
  reached(): Promise<number>;
  /** Milliseconds from the next Ctrl+C until the buffer changed for the last time before `quietMs` of silence. */
  armInterrupt(quietMs: number): void;
  watchKeys(isOn: boolean): void;
  lastLines(count: number): string[];
}

/** Runs in the page: must not refer to anything outside itself. */
export function installPageProbe(): void {
  interface Session {
    lastLines(count: number): string[];
  }
  interface Hook {
    memoizedState: unknown;
    next: Hook | null;
  }
  interface Fiber {
    memoizedState: Hook | null;
    return: Fiber | null;
  }
  const isSession = (value: unknown): value is Session =>
    typeof value === 'object' &&
    value !== null &&
    'lastLines' in value &&
    typeof value.lastLines === 'function';
  const findSession = (): Session | undefined => {
    // A page that is not Berth's: see rival-page.ts.
    const { benchSession } = window as unknown as { benchSession?: () => Session | undefined };
    if (benchSession !== undefined) return benchSession();
    for (const holder of document.querySelectorAll('.terminal-holder')) {
      // Tabs behind others keep their place in the layout.
      if (!holder.checkVisibility({ visibilityProperty: true })) continue;
      const key = Object.keys(holder).find((name) => name.startsWith('__reactFiber$'));
      let fiber = key === undefined ? null : (holder as unknown as Record<string, Fiber>)[key];
      for (; fiber; fiber = fiber.return)
        for (let hook = fiber.memoizedState; hook && typeof hook === 'object'; hook = hook.next ?? null)
          if (isSession(hook.memoizedState)) return hook.memoizedState;
    }
    return undefined;
  };
  const lines = (count: number) => findSession()?.lastLines(count) ?? [];

  /** Again in the next task: timers are clamped to 4 ms, messages are not. */
  const nextTask = (run: () => void) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      run();
    };
    port2.postMessage(0);
  };

  let isWatchingKeys = false;
  let openKeys = 0;
  let samples: number[] = [];
  const waiters: (() => void)[] = [];
  let armed: { trigger: 'Enter' | 'click'; pattern: RegExp } | undefined;
  let armedSelector: string | undefined;
  let interrupt: number | undefined;
  let outcome = Promise.withResolvers<number>();

  const watchKey = () => {
    const begunAt = performance.now();
    const session = findSession();
    if (session === undefined) return;
    const before = session.lastLines(1)[0]?.length ?? 0;
    openKeys += 1;
    const look = () => {
      if ((session.lastLines(1)[0]?.length ?? 0) === before && performance.now() - begunAt < 5_000)
        return nextTask(look);
      samples.push(performance.now() - begunAt);
      openKeys -= 1;
      for (const wake of waiters.splice(0)) wake();
    };
    nextTask(look);
  };
  const watchPattern = (pattern: RegExp) => {
    const begunAt = performance.now();
    let session: Session | undefined;
    // Looking costs the parser little: once in 4 ms, and the session is searched for once.
    const look = () => {
      session ??= findSession();
      const text = session?.lastLines(3).join('\n');
      if (text !== undefined && pattern.test(text)) outcome.resolve(performance.now() - begunAt);
      else setTimeout(look, 4);
    };
    look();
  };
  const watchPainted = (selector: string) => {
    const begunAt = performance.now();
    const look = () => {
      // Frames are drawn right after these callbacks; the next task comes when it is.
      if (document.querySelector(selector) === null) requestAnimationFrame(look);
      else nextTask(() => outcome.resolve(performance.now() - begunAt));
    };
    requestAnimationFrame(look);
  };
  const watchQuiet = (quietMs: number) => {
    const begunAt = performance.now();
    let changedAt = begunAt;
    let last = '';
    const session = findSession();
    const look = () => {
      const now = session?.lastLines(2).join('\n') ?? '';
      if (now !== last) {
        last = now;
        changedAt = performance.now();
      }
      if (performance.now() - changedAt >= quietMs) outcome.resolve(changedAt - begunAt);
      else setTimeout(look, 2);
    };
    look();
  };
  window.addEventListener(
    'keydown',
    (event) => {
      if (isWatchingKeys) watchKey();
      if (event.key === 'Enter' && armed?.trigger === 'Enter') {
        watchPattern(armed.pattern);
        armed = undefined;
      }
      if (event.key === 'c' && event.ctrlKey && interrupt !== undefined) {
        watchQuiet(interrupt);
        interrupt = undefined;
      }
    },
    { capture: true },
  );
  window.addEventListener(
    'click',
    () => {
      if (armedSelector !== undefined) {
        watchPainted(armedSelector);
        armedSelector = undefined;
      }
      if (armed?.trigger !== 'click') return;
      watchPattern(armed.pattern);
      armed = undefined;
    },
    { capture: true },
  );

  const probe: PageProbe = {
    watchKeys: (isOn) => {
      isWatchingKeys = isOn;
    },
    keys: async () => {
      while (openKeys > 0) await new Promise<void>((resolve) => waiters.push(resolve));
      const taken = samples;
      samples = [];
      return taken;
    },
    arm: (trigger, pattern) => {
      outcome = Promise.withResolvers<number>();
      armed = { trigger, pattern: new RegExp(pattern, 'm') };
    },
    armPainted: (selector) => {
      outcome = Promise.withResolvers<number>();
      armedSelector = selector;
    },
    reached: () => outcome.promise,
    armInterrupt: (quietMs) => {
      outcome = Promise.withResolvers<number>();
      interrupt = quietMs;
    },
    lastLines: lines,
  };
  (window as unknown as { benchProbe: PageProbe }).benchProbe = probe;
}

type Reply<K extends keyof PageProbe> = Awaited<ReturnType<PageProbe[K]>>;

/** Calls one of the probe's functions in the page. */
export function ask<K extends keyof PageProbe>(
  page: Page,
  name: K,
  ...args: Parameters<PageProbe[K]>
): Promise<Reply<K>> {
  return page.evaluate(
    ([name, args]) => {
      const probe = (window as unknown as { benchProbe: Record<string, (...args: unknown[]) => unknown> })
        .benchProbe;
      return probe[name]?.(...args);
    },
    [name, args] as [string, unknown[]],
  ) as Promise<Reply<K>>;
}
