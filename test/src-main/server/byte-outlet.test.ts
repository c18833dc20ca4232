/** The way out alone, over a carrier whose fullness the test decides. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { byteFlow, type Connection } from '#contract/frame.ts';
import { ByteOutlet } from '#main/server/byte-outlet.ts';

const batch = byteFlow.batchBytes;
const plenty = 100 * batch;

interface Sink {
  readonly sent: { id: number; size: number }[];
  bufferedBytes: number;
  /** Whether what is sent stays in the carrier until the test drains it. */
  isStuck: boolean;
  readonly connection: Connection;
  drain(): void;
  ids(): number[];
}

function createSink(saysDrain: boolean): Sink {
  let onDrain: (() => void) | undefined;
  const listen = (listener: () => void) => {
    onDrain = listener;
  };
  const sink: Sink = {
    sent: [],
    bufferedBytes: 0,
    isStuck: false,
    connection: {
      send: () => undefined,
      sendBinary: (id, payload) => {
        sink.sent.push({ id, size: payload.byteLength });
        if (sink.isStuck) sink.bufferedBytes += payload.byteLength;
      },
      onFrame: () => undefined,
      onBinary: () => undefined,
      onClose: () => undefined,
      get bufferedBytes() {
        return sink.bufferedBytes;
      },
      close: () => undefined,
      ...(saysDrain ? { onDrain: listen } : {}),
    },
    drain: () => {
      sink.bufferedBytes = 0;
      onDrain?.();
    },
    ids: () => sink.sent.map(({ id }) => id),
  };
  return sink;
}

describe.each([
  ['that says when it drained', true],
  ['that cannot say', false],
])('the way out of a carrier %s', (_name, saysDrain) => {
  let sink: Sink;
  let outlet: ByteOutlet;
  /** Lets a carrier that cannot say be looked at again. */
  const drain = async () => {
    sink.drain();
    await vi.advanceTimersByTimeAsync(10);
  };
  beforeEach(() => {
    vi.useFakeTimers();
    sink = createSink(saysDrain);
    outlet = new ByteOutlet(sink.connection);
  });
  afterEach(() => {
    outlet.close();
    vi.useRealTimers();
  });

  it('takes one frame of each stream in turn, however much one of them has', async () => {
    const [flood, other, small] = [outlet.open(1, plenty), outlet.open(2, plenty), outlet.open(3, plenty)];
    sink.bufferedBytes = plenty;
    void flood.send(new Uint8Array(8 * batch));
    void other.send(new Uint8Array(3 * batch));
    void small.send(new Uint8Array(10));
    await vi.advanceTimersByTimeAsync(20);
    expect(sink.sent).toEqual([]);
    await drain();
    expect(sink.ids()).toEqual([1, 2, 3, 1, 2, 1, 2, 1, 1, 1, 1, 1]);
    expect(sink.sent[2]).toEqual({ id: 3, size: 10 });
  });

  it('puts no more into a carrier that is full, and goes on in turn when it has drained', async () => {
    sink.isStuck = true;
    const [first, second] = [outlet.open(1, plenty), outlet.open(2, plenty)];
    void first.send(new Uint8Array(10 * batch));
    void second.send(new Uint8Array(10 * batch));
    await vi.advanceTimersByTimeAsync(100);
    expect(sink.bufferedBytes).toBe(4 * batch);
    for (let n = 0; n < 4; n += 1) await drain();
    expect(sink.sent).toHaveLength(20);
    const later = sink.ids().slice(4, 16);
    expect(later.filter((id) => id === 1)).toHaveLength(6);
  });

  it('holds its producer at what one stream may have on its way, while the carrier is full', async () => {
    sink.bufferedBytes = plenty;
    const stream = outlet.open(1, plenty);
    let accepted = 0;
    let isStopped = false;
    const producing = (async () => {
      while (!isStopped) {
        await stream.send(new Uint8Array(1000));
        accepted += 1000;
      }
    })();
    await vi.advanceTimersByTimeAsync(100);
    expect(accepted).toBeLessThanOrEqual(byteFlow.initialBytes);
    expect(stream.waitingBytes).toBeLessThanOrEqual(byteFlow.initialBytes + 1000);
    isStopped = true;
    await drain();
    await producing;
  });

  it('lets go of its producer when the stream ends', async () => {
    const stream = outlet.open(1, 10);
    const sending = stream.send(new Uint8Array(100));
    const drained = stream.drained();
    stream.end();
    await expect(sending).rejects.toMatchObject({ code: 'cancelled' });
    await expect(drained).resolves.toBeUndefined();
    await expect(stream.send(Uint8Array.of(1))).rejects.toMatchObject({ code: 'cancelled' });
    expect(sink.sent).toEqual([{ id: 1, size: 10 }]);
  });
});
