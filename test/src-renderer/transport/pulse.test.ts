/** When a connection to the plane counts as dead: by round trips, whatever the carrier says of itself. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Connection, Frame } from '#contract/frame.ts';
import { type ConnectedClient, createClient } from '#renderer/transport/client.ts';

let client: ConnectedClient;
let sent: Frame[];
let tell: (frame: unknown) => void;
let tellBytes: () => void;
const lost = vi.fn();
const pings = () => sent.filter((frame) => frame.t === 'ping');
const answer = (index = -1) => tell({ t: 'pong', n: (pings().at(index) as { n: number }).n });

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  lost.mockReset();
  const connection: Connection = {
    send: (frame) => sent.push(frame),
    sendBinary: () => undefined,
    onFrame: (listener) => {
      tell = listener;
    },
    onBinary: (listener) => {
      tellBytes = () => listener(1, new Uint8Array(1));
    },
    onClose: () => undefined,
    bufferedBytes: 0,
    close: () => undefined,
  };
  client = createClient(connection);
  client.onClose(lost);
});
afterEach(() => {
  client.close();
  vi.useRealTimers();
});

test('a way that is half open is noticed within 10 s', async () => {
  await vi.advanceTimersByTimeAsync(9_800);
  expect(lost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'connection-lost' }));
});

test('one that answers lives, and its round trip is known', async () => {
  for (let second = 0; second < 120; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    if (pings().length > 0) answer();
  }
  expect(lost).not.toHaveBeenCalled();
  expect(client.roundTripMs).not.toBeNull();
});

test('a probe is short: its own answer, or the end', async () => {
  client.probe(2_500);
  await vi.advanceTimersByTimeAsync(1_000);
  answer();
  await vi.advanceTimersByTimeAsync(4_000);
  expect(lost).not.toHaveBeenCalled();
  client.probe(2_500);
  await vi.advanceTimersByTimeAsync(2_400);
  expect(lost).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(200);
  expect(lost).toHaveBeenCalledOnce();
});

test('a probe takes no answer to an earlier question', async () => {
  await vi.advanceTimersByTimeAsync(4_000);
  expect(pings()).toHaveLength(1);
  client.probe(2_500);
  answer(0);
  await vi.advanceTimersByTimeAsync(2_600);
  expect(lost).toHaveBeenCalledOnce();
});

test('a probe whose answer stands in line behind a flood waits for it', async () => {
  client.probe(2_500);
  for (let second = 0; second < 10; second++) {
    await vi.advanceTimersByTimeAsync(1_000);
    tellBytes();
  }
  expect(lost).not.toHaveBeenCalled();
  answer();
  await vi.advanceTimersByTimeAsync(2_600);
  expect(lost).not.toHaveBeenCalled();
});

test('a page that stood still asks anew before it gives up', async () => {
  const now = vi.spyOn(performance, 'now');
  let standStillMs = 0;
  const real = Date.now();
  now.mockImplementation(() => Date.now() - real + standStillMs);
  await vi.advanceTimersByTimeAsync(4_200);
  expect(pings()).toHaveLength(1);
  standStillMs = 60_000;
  await vi.advanceTimersByTimeAsync(700);
  expect(lost).not.toHaveBeenCalled();
  expect(pings()).toHaveLength(2);
  answer();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(lost).not.toHaveBeenCalled();
  now.mockRestore();
});
