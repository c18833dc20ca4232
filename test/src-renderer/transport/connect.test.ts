/** The client that outlives its connections: states, back-off, reconnects, and what fails meanwhile. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Connection, Frame } from '#contract/frame.ts';
import {
  type ConnectionState,
  createLastingClient,
  followWakes,
  type LastingClient,
} from '#renderer/transport/connect.ts';

interface FakeConnection extends Connection {
  readonly sent: Frame[];
  die(): void;
  tell(frame: unknown): void;
}

function fakeConnection(): FakeConnection {
  const closes: (() => void)[] = [];
  const sent: Frame[] = [];
  let tell: (frame: unknown) => void = () => undefined;
  return {
    sent,
    tell: (frame) => tell(frame),
    send: (frame) => sent.push(frame),
    sendBinary: () => undefined,
    onFrame: (listener) => {
      tell = listener;
    },
    onBinary: () => undefined,
    onClose: (listener) => closes.push(listener),
    bufferedBytes: 0,
    close: () => undefined,
    die: () => {
      for (const listener of closes) listener();
    },
  };
}

describe('a lasting client', () => {
  let dials: PromiseWithResolvers<Connection>[];
  let signals: AbortSignal[];
  let states: ConnectionState['phase'][];
  let client: LastingClient;
  const onSignedOut = vi.fn();
  const onReconnect = vi.fn();
  const latest = () => dials.at(-1) as PromiseWithResolvers<Connection>;
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    dials = [];
    signals = [];
    states = [];
    onSignedOut.mockReset();
    onReconnect.mockReset();
    client = createLastingClient({
      dial: (signal) => {
        signals.push(signal);
        dials.push(Promise.withResolvers());
        return latest().promise;
      },
      onSignedOut,
      retryDelayMs: (attempt) => attempt * 1000,
    });
    client.onConnectionState(({ phase }) => states.push(phase));
    client.onReconnect(onReconnect);
  });
  afterEach(() => {
    client.close();
    vi.useRealTimers();
  });

  async function open(): Promise<FakeConnection> {
    const connection = fakeConnection();
    latest().resolve(connection);
    await settle();
    return connection;
  }

  it('connects, and reports a reconnect only after a loss', async () => {
    expect(client.connectionState.phase).toBe('connecting');
    const first = await open();
    expect(client.connectionState.phase).toBe('open');
    expect(onReconnect).not.toHaveBeenCalled();
    first.die();
    expect(client.connectionState.phase).toBe('lost');
    await settle();
    await open();
    expect(client.connectionState.phase).toBe('open');
    expect(onReconnect).toHaveBeenCalledOnce();
    expect(states[0]).toBe('open');
  });

  it('waits longer after each failed attempt, says until when, and starts over once it was open', async () => {
    latest().reject(new Error('refused'));
    await settle();
    // The second attempt comes at once, and is under way.
    expect(client.connectionState).toEqual({ phase: 'lost', retryAtMs: null });
    latest().reject(new Error('refused'));
    await settle();
    expect(client.connectionState).toEqual({ phase: 'lost', retryAtMs: Date.now() + 1000 });
    expect(dials).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1000);
    expect(dials).toHaveLength(3);
    expect(client.connectionState).toEqual({ phase: 'lost', retryAtMs: null });
    const connection = await open();
    connection.die();
    expect(client.connectionState).toMatchObject({ phase: 'lost', retryAtMs: Date.now() });
  });

  it('tries at once when asked, and never twice at a time', async () => {
    (await open()).die();
    await settle();
    latest().reject(new Error('refused'));
    await settle();
    expect(dials).toHaveLength(2);
    client.reconnect();
    client.reconnect();
    expect(dials).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(dials).toHaveLength(3);
  });

  it('asks for a sign-in instead of trying for ever', async () => {
    latest().reject(new BerthError('not-signed-in', 'Sign in first.'));
    await settle();
    expect(onSignedOut).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(dials).toHaveLength(1);
  });

  it('fails what is asked while there is no connection', async () => {
    const lost = { code: 'connection-lost' };
    await expect(client.call('about.get', {})).rejects.toMatchObject(lost);
    await expect(client.stream('hosts.watch', {}).next()).rejects.toMatchObject(lost);
    const stream = client.bytes('terminals.attach', { id: 'term_00000000000000000000' });
    await expect(stream.ended).rejects.toMatchObject(lost);
  });

  it('gives a dial up that nothing answers, and goes on', async () => {
    await vi.advanceTimersByTimeAsync(9_000);
    expect(dials).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(signals[0]?.aborted).toBe(true);
    expect(dials).toHaveLength(2);
    // What the first one still brings is put away.
    const late = fakeConnection();
    const close = vi.spyOn(late, 'close');
    dials[0]?.resolve(late);
    await settle();
    expect(close).toHaveBeenCalled();
    await open();
    expect(client.connectionState.phase).toBe('open');
  });

  it('asks an open connection for a sign of life at a wake, drops it without one, and dials at once', async () => {
    const first = await open();
    client.wake();
    client.wake();
    expect(first.sent.filter(({ t }) => t === 'ping')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(client.connectionState).toEqual({ phase: 'lost', retryAtMs: expect.anything() });
    await vi.advanceTimersByTimeAsync(1);
    expect(dials).toHaveLength(2);
    await open();
    expect(onReconnect).toHaveBeenCalledOnce();
  });

  it('keeps a connection that answers at a wake', async () => {
    const first = await open();
    client.wake();
    first.tell({ t: 'pong', n: (first.sent.at(-1) as { n: number }).n });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(client.connectionState.phase).toBe('open');
    expect(dials).toHaveLength(1);
  });

  it('cuts a dial short at a wake, dials close together for a while, then as ever', async () => {
    (await open()).die();
    await settle();
    expect(dials).toHaveLength(2);
    for (let second = 0; second < 5; second++) {
      client.wake();
      await vi.advanceTimersByTimeAsync(700);
    }
    // Three seconds from the first wake, although more of them came.
    expect(dials).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(20_000);
    const inHurry = dials.length;
    expect(inHurry).toBeGreaterThanOrEqual(7);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(dials.length - inHurry).toBeLessThanOrEqual(6);
  });

  it('tells the plane of a wake, once, also where the connection did not live through it', async () => {
    const page = { window: new EventTarget(), document: new EventTarget() };
    const end = followWakes(client, page as never);
    const first = await open();
    const told = (connection: FakeConnection) => connection.sent.filter(({ t }) => t === 'call');
    page.window.dispatchEvent(new Event('online'));
    expect(told(first)).toEqual([
      expect.objectContaining({ method: 'hosts.wake', input: { reason: 'online' } }),
    ]);
    await vi.advanceTimersByTimeAsync(2_600);
    const second = await open();
    expect(told(second)).toHaveLength(1);
    const [call] = told(second) as { id: number }[];
    second.tell({ t: 'reply', id: call?.id, output: {} });
    await settle();
    second.die();
    await settle();
    expect(told(await open())).toEqual([]);
    end();
  });

  it('closes a connection that came after it was closed', async () => {
    const late = fakeConnection();
    const close = vi.spyOn(late, 'close');
    client.close();
    latest().resolve(late);
    await settle();
    expect(close).toHaveBeenCalled();
  });
});
