/** Where an app's view is drawn beside what is in front of it, and the requests that bring it there. */
import { describe, expect, it } from 'vitest';
import type { ShellBridge } from '#contract/shell.ts';
import { type Box, type Cover, type ViewPlace, viewPlace } from '#renderer/features/forwards/view-place.ts';
import { createViewPlacer } from '#renderer/features/forwards/view-placer.ts';

/** As a DOMRect is: its sides are not its own, so that copying it loses them. */
const box: Box = Object.create({ left: 275.4, top: 112.2, right: 1280, bottom: 820.9 });
const cover = (left: number, top: number, right: number, bottom: number, isNotice = false): Cover => ({
  ...{ left, top, right, bottom, isNotice },
});

describe('the place of a view', () => {
  it('is whole pixels inside the tab', () => {
    expect(viewPlace(box, [], false)).toEqual({
      kind: 'shown',
      bounds: { x: 276, y: 113, width: 1004, height: 707 },
    });
  });

  it('is none under a dialog, a menu or the palette, and while something is dragged', () => {
    const hidden = { kind: 'hidden', isCovered: true };
    expect(viewPlace(box, [cover(400, 300, 800, 600)], false)).toEqual(hidden);
    expect(viewPlace(box, [], true)).toEqual(hidden);
  });

  it('stays where what is open only touches it', () => {
    expect(viewPlace(box, [cover(0, 0, 275.4, 900), cover(276, 0, 900, 112.2)], false).kind).toBe('shown');
  });

  it('ends above notices, and gives way where they leave too little', () => {
    expect(viewPlace(box, [cover(900, 700, 1264, 790, true)], false)).toMatchObject({
      bounds: { y: 113, height: 587 },
    });
    expect(viewPlace(box, [cover(900, 300, 1264, 790, true)], false)).toEqual({
      kind: 'hidden',
      isCovered: true,
    });
  });

  it('is none where the tab has no size', () => {
    expect(viewPlace({ left: 275, top: 112, right: 275.5, bottom: 800 }, [], false)).toEqual({
      kind: 'hidden',
      isCovered: false,
    });
  });
});

describe('bringing a view there', () => {
  const shown = (x: number): ViewPlace => ({ kind: 'shown', bounds: { x, y: 0, width: 10, height: 10 } });
  const covered: ViewPlace = { kind: 'hidden', isCovered: true };

  /** A shell whose answers come when the test says so. */
  function world() {
    const log: string[] = [];
    let answer: (() => void) | undefined;
    const request = (name: string, input: { bounds?: { x: number } }) => {
      log.push(input.bounds === undefined ? name : `${name} ${input.bounds.x}`);
      return new Promise((resolve) => {
        answer = () => resolve(name === 'appViewPicture' ? { picture: 'data:' } : {});
      });
    };
    const placer = createViewPlacer({
      shell: { request } as unknown as Pick<ShellBridge, 'request'>,
      tabId: 'tab-1',
      onPicture: async (picture) => void log.push(`picture ${picture}`),
      onShown: () => void log.push('shown'),
      onFailure: (cause) => void log.push(String(cause)),
    });
    const settle = async () => {
      const now = answer;
      answer = undefined;
      now?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    return { log, placer, settle };
  }

  it('puts a picture there before it hides, and takes it away after it is shown', async () => {
    const { log, placer, settle } = world();
    placer.place(shown(1));
    await settle();
    placer.place(covered);
    await settle();
    await settle();
    placer.place(shown(2));
    await settle();
    expect(log).toEqual([
      ...['appViewMove 1', 'picture null', 'shown'],
      ...['appViewPicture', 'picture data:', 'appViewHide'],
      ...['appViewMove 2', 'picture null', 'shown'],
    ]);
  });

  it('does only what is wanted last, and nothing twice', async () => {
    const { log, placer, settle } = world();
    placer.place(shown(1));
    for (const x of [2, 3, 4]) placer.place(shown(x));
    placer.place(shown(4));
    await settle();
    await settle();
    placer.place(shown(4));
    expect(log).toEqual(['appViewMove 1', 'picture null', 'shown', 'appViewMove 4']);
  });

  it('hides nothing for what was over before the picture came', async () => {
    const { log, placer, settle } = world();
    placer.place(shown(1));
    await settle();
    placer.place(covered);
    placer.place(shown(1));
    await settle();
    await settle();
    expect(log).not.toContain('appViewHide');
  });

  it('hides nothing that was never shown', async () => {
    const { log, placer, settle } = world();
    placer.place({ kind: 'hidden', isCovered: false });
    await settle();
    expect(log).toEqual([]);
  });

  it('asks nothing after its end', async () => {
    const { log, placer, settle } = world();
    placer.place(shown(1));
    placer.stop();
    placer.place(shown(2));
    await settle();
    expect(log).not.toContain('appViewMove 2');
  });
});
