/** A view is where it was wanted last, however quickly that changes, and its picture is there before it hides. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ViewPlace } from '#renderer/features/forwards/view-place.ts';
import { createViewPlacer } from '#renderer/features/forwards/view-placer.ts';

const shown = (x: number): ViewPlace => ({ kind: 'shown', bounds: { x, y: 0, width: 10, height: 10 } });
const covered: ViewPlace = { kind: 'hidden', isCovered: true };
const away: ViewPlace = { kind: 'hidden', isCovered: false };

let log: string[] = [];
let gate: Promise<void> = Promise.resolve();
beforeEach(() => {
  log = [];
  gate = Promise.resolve();
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

function placer(fails = false) {
  return createViewPlacer({
    tabId: 'tab-1',
    shell: {
      request: (async (name: string, input: { bounds?: { x: number } }) => {
        await gate;
        if (fails) throw new Error('gone');
        log.push(`${name.replace('appView', '')}${input.bounds ? ` ${input.bounds.x}` : ''}`);
        return name === 'appViewPicture' ? { picture: 'data:x' } : {};
      }) as never,
    },
    onPicture: async (picture) => void log.push(picture === null ? 'no picture' : 'drawn'),
    onShown: () => log.push('shown'),
    onFailure: () => log.push('failed'),
  });
}

describe('the placing of a view', () => {
  it('puts its picture there before it hides for a moment, and takes it away after it is back', async () => {
    const own = placer();
    own.place(shown(1));
    await settled();
    own.place(covered);
    await settled();
    own.place(shown(1));
    await settled();
    expect(log).toEqual([
      ...['Move 1', 'no picture', 'shown'],
      ...['Picture', 'drawn', 'Hide'],
      ...['Move 1', 'no picture', 'shown'],
    ]);
  });

  it('needs no picture of what nobody looks at, and asks nothing twice', async () => {
    const own = placer();
    own.place(away);
    own.place(shown(1));
    own.place(shown(1));
    await settled();
    own.place(away);
    own.place(away);
    await settled();
    expect(log).toEqual(['Move 1', 'no picture', 'shown', 'Hide']);
  });

  it('leaves out what was wanted for a moment only', async () => {
    const own = placer();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    for (const x of [1, 2, 3, 4]) own.place(shown(x));
    resolve();
    await settled();
    expect(log.filter((line) => line.startsWith('Move'))).toEqual(['Move 1', 'Move 4']);
  });

  it('stays when the reason to hide is over before its picture came', async () => {
    const own = placer();
    own.place(shown(1));
    await settled();
    const { promise, resolve } = Promise.withResolvers<void>();
    gate = promise;
    own.place(covered);
    own.place(shown(1));
    resolve();
    await settled();
    expect(log).not.toContain('Hide');
    expect(log).not.toContain('drawn');
  });

  it('says when it did not work, and tries with the next wish', async () => {
    const own = placer(true);
    own.place(shown(1));
    await settled();
    own.place(shown(2));
    await settled();
    expect(log).toEqual(['failed', 'failed']);
    own.stop();
  });
});
