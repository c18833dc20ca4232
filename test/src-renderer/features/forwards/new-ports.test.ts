/** What is announced, and all that is not. */
import { describe, expect, it } from 'vitest';
import { newPorts, type Appearance } from '#renderer/features/forwards/new-ports.ts';
import { listening } from '../../forward-scenes.ts';

const news = (change: Partial<Appearance>) =>
  newPorts({
    ...{ before: [], now: [listening(3000)], rules: undefined, forwards: [], apps: [] },
    ...change,
  }).map(({ port }) => port);
const rules = (announces: boolean, fromPort: number, toPort: number) => ({
  id: 'ws_00000000000000000001' as const,
  rules: [{ fromPort, toPort, kind: 'app' as const }],
  announces,
});

describe('a new port', () => {
  it('is news when it came while somebody looked', () => {
    expect(news({})).toEqual([3000]);
    expect(news({ before: [listening(3000)] })).toEqual([]);
  });

  it('is none when the whole workspace is new to the window', () => {
    expect(news({ before: undefined })).toEqual([]);
  });

  it('is none where a forward, the project or a rule is about it', () => {
    expect(news({ forwards: [{ port: 3000 }] })).toEqual([]);
    expect(news({ apps: [{ port: 3000 }] })).toEqual([]);
    expect(news({ apps: [{ port: 5900, soundPort: 3000 }] })).toEqual([]);
    expect(news({ rules: rules(true, 3000, 3999) })).toEqual([]);
    expect(news({ rules: rules(true, 2000, 3000) })).toEqual([]);
    expect(news({ rules: rules(true, 3001, 3999) })).toEqual([3000]);
  });

  it('is none where nobody wants to hear of them', () => {
    expect(news({ rules: rules(false, 1, 2) })).toEqual([]);
  });

  it('is none on the loopback where the system gave the port', () => {
    expect(news({ now: [listening(40_000, { reach: 'loopback' })] })).toEqual([]);
    expect(news({ now: [listening(40_000)] })).toEqual([40_000]);
    expect(news({ now: [listening(32_767, { reach: 'loopback' })] })).toEqual([32_767]);
  });
});
