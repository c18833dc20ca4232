/** One socket, one terminal: what is opened, joined, resized and closed, over terminals that a test plays. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { ProjectId, TerminalId, UserId, WorkspaceId } from '#contract/ids.ts';
import type { InputOf } from '#contract/index.ts';
import type { Operation } from '#contract/operations.ts';
import { projectDefaults } from '#contract/projects.ts';
import { scopes } from '#contract/scopes.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Collection } from '#main/control-plane/changes.ts';
import { createDispatcher } from '#main/control-plane/dispatcher.ts';
import type { ByteChannel, Handlers } from '#main/control-plane/handler.ts';
import { type CompatibleServer, startCompatibleServer } from '#test/harness/compatible-server.ts';
import { openGate } from '#test/harness/ownership.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { fixedRandom, handlersWith, recordingLog } from '#test/transports/plane-double.ts';

const at = '2026-01-02T03:04:05.000Z';
const ann: UserId = 'user_11111111111111111111';
const projectId: ProjectId = `proj_${'1'.repeat(20)}`;
const workspaceId: WorkspaceId = `ws_${'1'.repeat(20)}`;
const newTerminal: TerminalId = `term_${'1'.repeat(20)}`;
const otherTerminal: TerminalId = `term_${'2'.repeat(20)}`;

let workspaces: Collection<Workspace>;
let operations: Collection<Operation>;
let terminals: Collection<Terminal>;
let ensured: InputOf<'workspaces.ensure'>[];
let events: string[];
let parts: Uint8Array[];
let typedBytes: number;
let channel: ByteChannel | undefined;
let endAttach: (error?: BerthError) => void;
/** What a keystroke waits for before the terminal took it. */
let taken: Promise<void>;
let opening: Promise<void>;
let answer: () => { operation: Operation | null };
let server: CompatibleServer;

const workspaceIn = (state: Workspace['state']) =>
  ({ id: workspaceId, name: 'w', projectId, state }) as unknown as Workspace;
const operationIn = (state: Operation['state'], error: Operation['error'] = null) =>
  ({
    id: `op_${'1'.repeat(20)}`,
    title: 'Create',
    state,
    error,
    endedAt: state === 'running' ? null : at,
  }) as unknown as Operation;
const terminalWith = (id: TerminalId, state: Terminal['state'], of: WorkspaceId = workspaceId) =>
  ({ id, target: { kind: 'workspace', workspaceId: of }, state }) as unknown as Terminal;
const live = { phase: 'live', reattachedAt: null } as const;

async function* once<T>(items: T[], signal: AbortSignal): AsyncGenerator<CollectionItem<T>> {
  yield { type: 'all', revision: 1, items };
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

/** Each test's own: what ends late after one is not seen by the next. */
const handlersInto = (events: string[]): Partial<Handlers> => ({
  'projects.watch': (_input, { signal }) =>
    once(
      [
        {
          ...projectDefaults,
          environment: [],
          id: projectId,
          name: 'my project',
          image: 'a:1',
          createdAt: at,
          changedAt: at,
        },
      ],
      signal,
    ),
  'workspaces.watch': (_input, { signal }) => workspaces.watch(signal),
  'operations.watch': (_input, { signal }) => operations.watch(signal),
  'terminals.watch': (_input, { signal }) => terminals.watch(signal),
  'account.watch': async function* () {
    yield { email: 'ann@example.org' } as never;
  },
  'workspaces.ensure': (input) => {
    ensured.push(input);
    return { workspace: workspaceIn('creating'), isNew: true, ...answer() };
  },
  'terminals.open': async ({ size }) => {
    events.push(`open ${size.cols}x${size.rows}`);
    await opening;
    const terminal = terminalWith(newTerminal, live);
    terminals.put(terminal);
    return terminal;
  },
  'terminals.resize': ({ id, size }) => {
    events.push(`resize ${id === newTerminal ? 'new' : 'other'} ${size.cols}x${size.rows}`);
    return {};
  },
  'terminals.close': ({ id }) => {
    events.push(`close ${id === newTerminal ? 'new' : 'other'}`);
    terminals.delete(id);
    return {};
  },
  'terminals.attach': ({ id }, given, { signal }) => {
    events.push(`attach ${id === newTerminal ? 'new' : 'other'}`);
    channel = given;
    given.onReceive((bytes) => {
      parts.push(bytes);
      typedBytes += bytes.length;
      return taken;
    });
    return new Promise<void>((resolve, reject) => {
      endAttach = (error) => (error === undefined ? resolve() : reject(error));
      signal.addEventListener('abort', () => resolve());
      if (signal.aborted) resolve();
    });
  },
});

beforeEach(async () => {
  workspaces = new Collection();
  operations = new Collection();
  terminals = new Collection();
  ensured = [];
  events = [];
  parts = [];
  typedBytes = 0;
  channel = undefined;
  taken = Promise.resolve();
  opening = Promise.resolve();
  answer = () => ({ operation: null });
  workspaces.put(workspaceIn('running'));
  // Their shapes are played here: the contract's checks are the dispatcher's own tests.
  const dispatcher = createDispatcher(handlersWith(handlersInto(events)), {
    log: recordingLog(),
    random: fixedRandom,
    gate: openGate,
  });
  server = await startCompatibleServer({
    dispatcher,
    plane: {
      health: () => Promise.reject(new Error('unused')),
      operator: { destroyContainer: () => Promise.reject(new Error('unused')) },
    },
    callers: { ann: { userId: ann, userName: 'Ann', scopes: new Set(scopes), mode: 'served' } },
  });
});
afterEach(() => server.close());

class Peer {
  readonly socket: WebSocket;
  readonly messages: (string | Buffer)[] = [];
  readonly closed: Promise<string>;
  constructor(
    path = '/ws/me/my%20project',
    headers: Record<string, string> = { authorization: 'Bearer ann' },
  ) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`, { headers });
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data, isBinary) =>
      this.messages.push(isBinary ? (data as Buffer) : (data as Buffer).toString('utf8')),
    );
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve(`${code} ${reason.toString()}`)),
    );
  }
  /** Resolves when what was sent has arrived: a ping is answered in its turn. */
  async reached(): Promise<void> {
    const pong = new Promise((resolve) => this.socket.once('pong', resolve));
    this.socket.ping();
    await pong;
  }
  async opened(): Promise<this> {
    await new Promise((resolve) => this.socket.once('open', resolve));
    return this;
  }
}
const attached = () => waitUntil(() => channel, { what: 'it is attached' });
const happened = (what: string) =>
  waitUntil(() => events.includes(what), { what: `${what} of ${events.join()}` });
const typed = () => Buffer.concat(parts);
const isTyped = (text: string) =>
  waitUntil(() => typed().equals(Buffer.from(text)), { what: JSON.stringify(text) });

describe('an address', () => {
  it.each([
    '/ws/me/my%20project',
    `/ws/${ann}/${projectId}`,
    '/ws/Ann%40Example.org/my%20project/',
    '/ws/ann@example.org/my%20project?ticket=whatever',
  ])('%s leads to one’s own workspace of the project', async (path) => {
    await new Peer(path).opened();
    await attached();
    expect(ensured).toMatchObject([{ projectId, mayCreate: false }]);
    expect(events).toEqual(['open 80x24', 'attach new']);
  });

  it('without a project leads to the first workspace', async () => {
    await new Peer('/ws/me/default').opened();
    await attached();
    expect(ensured).toMatchObject([{ projectId: null }]);
  });

  it.each([
    ['/ws/bob/my%20project', 4404],
    ['/ws/bob@example.org/my%20project', 4404],
    ['/ws/Ann/my%20project', 4404],
    ['/ws/me/other', 4404],
    ['/ws/me/%ff', 4400],
    ['/ws/me/my%20project?cols=1', 4400],
    ['/ws/me/my%20project?rows=NaN', 4400],
    ['/ws/me/my%20project?keep=maybe', 4400],
    ['/ws/me/my%20project?terminal=x', 4400],
  ])('%s is closed with %i, and nothing is opened', async (path, code) => {
    expect(await new Peer(path).closed).toMatch(new RegExp(`^${code} .`));
    expect([...ensured, ...events]).toEqual([]);
  });

  it('is refused before there is a socket to who is not signed in', async () => {
    expect(await new Peer('/ws/me/my%20project', {}).closed).toMatch(/^1006/);
    expect(ensured).toEqual([]);
  });
});

describe('the start of the workspace', () => {
  it('is waited for in silence, and what is typed meanwhile is not lost', async () => {
    workspaces.delete(workspaceId);
    operations.put(operationIn('running'));
    answer = () => ({ operation: operationIn('running') });
    const peer = await new Peer('/ws/me/my%20project?cols=100&rows=30').opened();
    peer.socket.send('early ');
    peer.socket.send('{"resize":[120,40]}');
    peer.socket.send(Buffer.from('bytes'));
    await peer.reached();
    await waitUntil(() => ensured.length === 1, { what: 'it is asked for' });
    expect(peer.messages).toEqual([]);
    expect(events).toEqual([]);
    operations.put(operationIn('succeeded'));
    workspaces.put(workspaceIn('starting'));
    workspaces.put(workspaceIn('running'));
    await attached();
    await isTyped('early bytes');
    expect(events).toEqual(['open 120x40', 'attach new']);
    expect(peer.messages).toEqual([]);
  });

  it.each([
    ['workspace.start-failed', 1013],
    ['engine.unreachable', 1013],
    ['not-found', 4404],
  ] as const)('that fails with %s closes with %i and the reason', async (code, closing) => {
    const message = `It did not start: ${'ö'.repeat(100)}`;
    operations.put(operationIn('failed', { code, message, details: {} }));
    answer = () => ({ operation: operationIn('running') });
    const peer = new Peer();
    const closed = await peer.closed;
    expect(closed.startsWith(`${closing} It did not start: ö`)).toBe(true);
    expect(closed).toMatch(/ö…$/);
    expect(events).toEqual([]);
  });

  it.each([
    ['conflict', 4409],
    ['not-found', 4404],
    ['quota.exceeded', 4429],
    ['host.not-connected', 1013],
    ['internal', 1011],
  ] as const)('that is refused with %s closes with %i', async (code, closing) => {
    answer = () => {
      throw new BerthError(code, 'Refused.');
    };
    expect(await new Peer().closed).toMatch(new RegExp(`^${closing} `));
  });

  it('goes on when the peer leaves, and no terminal is left of it', async () => {
    const gate = Promise.withResolvers<void>();
    opening = gate.promise;
    const peer = await new Peer().opened();
    await happened('open 80x24');
    peer.socket.close();
    await peer.closed;
    gate.resolve();
    await happened('close new');
  });
});

describe('bytes', () => {
  it('come as they are, or as text whose characters are whole', async () => {
    const peers = [await new Peer('/ws/me/my%20project?frames=text').opened()];
    const text = await attached();
    channel = undefined;
    peers.push(await new Peer().opened());
    const binary = await attached();
    const euro = Buffer.from('a€\u{1F600}');
    for (const byte of euro) {
      await text.send(Uint8Array.of(byte));
      await binary.send(Uint8Array.of(byte));
    }
    await waitUntil(() => peers[0]?.messages.join('') === 'a€\u{1F600}', { what: 'the text' });
    expect(peers[0]?.messages).toEqual(['a', '€', '\u{1F600}']);
    await waitUntil(() => Buffer.concat(peers[1]?.messages as Buffer[]).equals(euro), { what: 'the bytes' });
    expect(peers[1]?.messages.every((message) => Buffer.isBuffer(message))).toBe(true);
  });

  it('that are typed go up in order, sizes aside', async () => {
    const peer = await new Peer().opened();
    await attached();
    for (const message of [
      'ä',
      Buffer.from([0xff, 0x00]),
      '{"type":"resize","cols":90,"rows":20}',
      '{"x":1}',
      '{',
    ])
      peer.socket.send(message);
    await waitUntil(() => typedBytes === 2 + 2 + 7 + 1, { what: 'all of it' });
    expect(
      typed().equals(Buffer.concat([Buffer.from('ä'), Buffer.from([0xff, 0]), Buffer.from('{"x":1}{')])),
    ).toBe(true);
    await happened('resize new 90x20');
    // As bytes it is what a program was sent, not a size.
    peer.socket.send(Buffer.from('{"resize":[70,20]}'));
    await waitUntil(() => typed().toString().endsWith('[70,20]}'), { what: 'it is typed' });
    expect(events.filter((event) => event.startsWith('resize'))).toEqual(['resize new 90x20']);
  });

  it('that nobody reads wait for their reader, in bounded memory', async () => {
    const peer = await new Peer().opened();
    const given = await attached();
    peer.socket.pause();
    const chunk = new Uint8Array(64 * 1024).fill(0x61);
    let sent = 0;
    // As a terminal does it: when `send` does not resolve, its program is paused. That it does not can only be told by
    // waiting; where there is room it resolves at once.
    for (;;) {
      const isRoom = await Promise.race([
        given.send(chunk).then(() => true),
        new Promise<false>((resolve) => setTimeout(() => resolve(false), 500)),
      ]);
      sent += chunk.length;
      if (!isRoom) break;
      if (sent > 100 * 1024 * 1024) throw new Error('nothing holds it back');
    }
    expect(given.waitingBytes).toBeGreaterThan(0);
    expect(given.waitingBytes).toBeLessThanOrEqual(2 * chunk.length);
    peer.socket.resume();
    const received = () => peer.messages.reduce((sum, message) => sum + message.length, 0);
    await waitUntil(() => received() === sent, { what: 'all of it arrives' });
    expect(given.waitingBytes).toBe(0);
    peer.socket.pause();
    for (let count = 0; count < 300; count++) void given.send(chunk);
    expect(given.dropWaiting()).toBeGreaterThan(chunk.length);
    expect(given.waitingBytes).toBe(0);
    peer.socket.terminate();
  });

  it('that the terminal does not take hold the peer back', async () => {
    const gate = Promise.withResolvers<void>();
    taken = gate.promise;
    const peer = await new Peer().opened();
    await attached();
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const count = 400;
    for (let sent = 0; sent < count; sent++) peer.socket.send(chunk);
    await waitUntil(() => typedBytes > 256 * 1024, { what: 'some of it arrives' });
    // Far below all of it: the rest is in the network's buffers and at the peer.
    await waitUntil(() => peer.socket.bufferedAmount > 0, { what: 'the peer is held back' });
    expect(typedBytes).toBeLessThan(1024 * 1024);
    gate.resolve();
    await waitUntil(() => typedBytes === count * chunk.length, { what: 'all of it arrives' });
    expect(await Promise.race([peer.closed, Promise.resolve('open')])).toBe('open');
  });

  it('of more than a mebibyte in one message end the socket', async () => {
    const peer = await new Peer().opened();
    await attached();
    peer.socket.send(Buffer.alloc(1024 * 1024 + 1));
    expect(await peer.closed).toMatch(/^1009/);
    await happened('close new');
  });
});

describe('the end', () => {
  it.each([
    [{ phase: 'ended', at, exitCode: 0, error: null }, '1000 exit 0'],
    [{ phase: 'ended', at, exitCode: 130, error: null }, '1000 exit 130'],
    [{ phase: 'ended', at, exitCode: null, error: null }, '1000 exit'],
    [
      {
        phase: 'ended',
        at,
        exitCode: null,
        error: { code: 'connection-lost', message: 'The way was cut.', details: {} },
      },
      '1013 The way was cut.',
    ],
  ] as const)('of the program says how it was: %#', async (state, closing) => {
    const peer = await new Peer('/ws/me/my%20project?frames=text').opened();
    const given = await attached();
    void given.send(Buffer.from('last words €').subarray(0, 13));
    terminals.put(terminalWith(newTerminal, state));
    endAttach();
    expect(await peer.closed).toBe(closing);
    // A character that was cut off is shown as such, and everything before it is there.
    expect(peer.messages.join('')).toBe('last words \ufffd');
    await happened('close new');
  });

  it('of a reader who was let go says when to come back', async () => {
    const peer = await new Peer().opened();
    await attached();
    endAttach(new BerthError('connection-lost', 'It took no output for a while.'));
    expect(await peer.closed).toBe('1013 It took no output for a while.');
  });

  it('of the socket is that of its terminal, unless it is to be kept', async () => {
    const peer = await new Peer().opened();
    await attached();
    peer.socket.close();
    await happened('close new');
    events.length = 0;
    const keeping = await new Peer('/ws/me/my%20project?keep=1').opened();
    await happened('attach new');
    keeping.socket.close();
    await keeping.closed;
    await waitUntil(() => server.socketCount() === 0, { what: 'the socket is gone' });
    expect(events).toEqual(['open 80x24', 'attach new']);
  });

  it('of the socket is not that of a terminal that was joined', async () => {
    terminals.put(terminalWith(otherTerminal, live));
    const peer = await new Peer(`/ws/me/my%20project?terminal=${otherTerminal}`).opened();
    await happened('attach other');
    peer.socket.send('{"resize":[99,33]}');
    await happened('resize other 99x33');
    peer.socket.close();
    await peer.closed;
    await waitUntil(() => server.socketCount() === 0, { what: 'the socket is gone' });
    expect(events).toEqual(['attach other', 'resize other 99x33']);
  });

  it('comes at once for a terminal of another workspace, an ended one, and none', async () => {
    const path = `/ws/me/my%20project?terminal=${otherTerminal}`;
    expect(await new Peer(path).closed).toMatch(/^4404/);
    terminals.put(terminalWith(otherTerminal, live, `ws_${'2'.repeat(20)}`));
    expect(await new Peer(path).closed).toMatch(/^4404/);
    terminals.put(terminalWith(otherTerminal, { phase: 'ended', at, exitCode: 0, error: null }));
    expect(await new Peer(path).closed).toMatch(/^4410/);
    expect(events).toEqual([]);
  });
});

it('lets one person have 256 sockets, and no more', async () => {
  const peers: Peer[] = [];
  for (let count = 0; count < 256; count++) peers.push(await new Peer().opened());
  expect(await new Peer().closed).toMatch(/^4429/);
  peers[0]?.socket.close();
  await peers[0]?.closed;
  await waitUntil(() => server.socketCount() === 255, { what: 'one place is free' });
  channel = undefined;
  await new Peer().opened();
  await attached();
});
