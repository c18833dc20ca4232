/** What a forward is called, where it begins, and what its dialog promises. */
import { describe, expect, it } from 'vitest';
import {
  forwardAddress,
  forwardName,
  targetWords,
  trafficWords,
  waySentence,
} from '#renderer/features/forwards/forward-words.ts';
import { countForwards, sortedForwards } from '#renderer/features/forwards/forwards-list.ts';
import { forward, unused } from '../../forward-scenes.ts';
import { workspace } from '../../scenes.ts';

const names = { workspace: 'api', computer: 'this computer' };
const space = '\u00a0';

describe('the address of a forward', () => {
  it('is what whoever uses it types', () => {
    expect(forwardAddress(forward(1, 1, { path: '/lab' }))).toBe(
      'http://api-server-3000.localhost:47100/lab',
    );
    expect(forwardAddress(forward(1, 1, { kind: 'tcp', localPort: 5432 }))).toBe('127.0.0.1:5432');
    expect(forwardAddress(forward(1, 1, { kind: 'socks', port: null, localPort: 1080 }))).toBe(
      'socks5h://127.0.0.1:1080',
    );
    expect(forwardAddress(forward(1, 1, { kind: 'remote', port: 9003, localPort: 80 }))).toBe(
      '127.0.0.1:9003',
    );
    expect(forwardAddress(forward(1, 1, { origin: null }))).toBe(null);
  });
});

describe('the sentence of a new forward', () => {
  it('says who reaches what, and where', () => {
    expect(waySentence({ kind: 'tcp', port: 5432, localPort: 5432 }, names)).toBe(
      'Programs on this computer reach port 5432 of api at 127.0.0.1:5432.',
    );
    expect(waySentence({ kind: 'tcp', port: 5432, localPort: null }, names)).toBe(
      'Programs on this computer reach port 5432 of api at 127.0.0.1:5432, or at another port where that one is taken.',
    );
    expect(waySentence({ kind: 'remote', port: 9003, localPort: null }, names)).toBe(
      'Programs in api reach port 9003 of this computer at 127.0.0.1:9003.',
    );
    expect(waySentence({ kind: 'socks', port: null, localPort: null }, names)).toContain('at a free port');
    expect(waySentence({ kind: 'app', port: null, localPort: null }, names)).toBe(null);
  });

  it('and its target, with the direction', () => {
    expect(targetWords({ kind: 'remote', port: 9003, localPort: 80 }, names)).toBe(
      'port 80 of this computer',
    );
    expect(targetWords({ kind: 'tcp', port: 5432, localPort: 1 }, names)).toBe('port 5432 of api');
  });
});

it('tells traffic as seen from the workspace', () => {
  const used = { ...unused, connections: 2, allConnections: 3, receivedBytes: 2048, sentBytes: 10 };
  expect(trafficWords(unused)).toBe('not used yet');
  expect(trafficWords(used)).toBe(`2${space}connections, 2.0${space}KiB${space}in, 10${space}B${space}out`);
  expect(trafficWords({ ...used, connections: 0 })).toContain('no connection');
});

describe('the list of all', () => {
  const workspaces = new Map(
    [workspace(1, 'api', 1, 'running'), workspace(2, 'lab', 1, 'running')].map((one) => [
      one.id as string,
      one,
    ]),
  );
  const forwards = [
    forward(1, 2, { port: 8888 }),
    forward(2, 1, { port: 5432, kind: 'tcp', localPort: 5432, state: 'waiting' }),
    forward(3, 1, { port: 3000, name: 'Shop' }),
    forward(4, 1, { port: 4000, state: 'stopped' }),
  ];
  const found = (text: string) => sortedForwards(forwards, workspaces, text).map(({ port }) => port);

  it('goes by workspace and port, and finds by every word', () => {
    expect(found('')).toEqual([3000, 4000, 5432, 8888]);
    expect(found('api waiting')).toEqual([5432]);
    expect(found('shop')).toEqual([3000]);
    expect(found('127.0.0.1:5432')).toEqual([5432]);
    expect(found('lab tcp')).toEqual([]);
  });

  it('counts those that lead somewhere, and those that should', () => {
    expect(countForwards(forwards)).toEqual({ ready: 2, inTrouble: 1 });
  });

  it('calls each by its name, else by its port', () => {
    expect(forwards.map(forwardName)).toEqual(['port 8888', 'port 5432', 'Shop', 'port 4000']);
    expect(forwardName({ kind: 'socks', port: null, name: '' })).toBe('every port');
  });
});
