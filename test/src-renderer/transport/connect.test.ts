/** The client that outlives its connections: states, back-off, reconnects, and what fails meanwhile. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { Connection } from '#contract/frame.ts';
import {
  type ConnectionState,
  createLastingClient,
  type LastingClient,
} from '#renderer/transport/connect.ts';

interface FakeConnection extends Connection {
  die(): void;
}

function fakeConnection(): FakeConnection {
  const closes: (() => void)[] = [];
  return {
    send: () => undefined,
    sendBinary: () => undefined,
    onFrame: () => undefined,
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
  let states: ConnectionState['phase'][];
  let client: LastingClient;
  const onSignedOut = vi.fn();
  const onReconnect = vi.fn();
  const latest = () => dials.at(-1) as PromiseWithResolvers<Connection>;
  const settle = () => vi.advanceTimersByTimeAsync(0);

  beforeEach(() => {
    vi.useFakeTimers();
    dials = [];
    states = [];
    onSignedOut.mockReset();
    onReconnect.mockReset();
    client = createLastingClient({
      dial: () => {
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
    await vi.advanceTimersByTimeAsync(60_000);
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

  it('closes a connection that came after it was closed', async () => {
    const late = fakeConnection();
    const close = vi.spyOn(late, 'close');
    client.close();
    latest().resolve(late);
    await settle();
    expect(close).toHaveBeenCalled();
  });
});
