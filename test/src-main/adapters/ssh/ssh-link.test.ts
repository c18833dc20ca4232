/** When a way counts as dead: with a clock that moves by hand, and an ssh2 client of which only the outside is there. */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { expect, test, vi } from 'vitest';
import { SshLink } from '#main/adapters/ssh/ssh-link.ts';
import { onAuthFailure, pingServer } from '#main/adapters/ssh/ssh2-internals.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

class SilentClient extends EventEmitter {
  readonly _callbacks: (() => void)[] = [];
  readonly _protocol = { ping: vi.fn(), _handlers: { USERAUTH_FAILURE: () => undefined } };
  readonly end = vi.fn();
  readonly destroy = vi.fn();
}

function link() {
  const clock = new ManualClock();
  const client = new SilentClient();
  const transport = new PassThrough();
  transport.resume();
  const made = new SshLink(
    {
      client: client as unknown as Client,
      transport,
      server: 'x',
      hostKey: { type: 'ssh-ed25519', fingerprint: 'SHA256:x' },
    },
    { hop: 'me@box:22', address: 'box', port: 22 },
    clock,
  );
  const lost = vi.fn();
  made.onLost(lost);
  return { clock, client, transport, made, lost };
}

const seconds = 1000;

test('silence is noticed within 15 s, and told once', async () => {
  const { clock, client, lost } = link();
  await clock.advance(14_900);
  expect(lost).not.toHaveBeenCalled();
  await clock.advance(200);
  expect(lost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'connection-lost' }));
  client.emit('close');
  await clock.advance(60 * seconds);
  expect(lost).toHaveBeenCalledTimes(1);
});

test('a link on which bytes arrive lives, however long the answer to a ping takes', async () => {
  const { clock, transport, lost } = link();
  for (let second = 0; second < 120; second++) {
    transport.emit('data', Buffer.alloc(1));
    await clock.advance(1 * seconds);
  }
  expect(lost).not.toHaveBeenCalled();
});

test('answered pings keep an idle link alive', async () => {
  const { clock, client, lost } = link();
  client._protocol.ping.mockImplementation(() => client._callbacks.shift()?.());
  await clock.advance(300 * seconds);
  expect(lost).not.toHaveBeenCalled();
  expect(client._protocol.ping.mock.calls.length).toBeGreaterThan(50);
});

test('an open that is never answered ends the link', async () => {
  const { clock, client, made, lost } = link();
  client._protocol.ping.mockImplementation(() => client._callbacks.shift()?.());
  const opening = expect(made.open(() => undefined)).rejects.toMatchObject({ code: 'timed-out' });
  await clock.advance(15 * seconds);
  await opening;
  expect(lost).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'timed-out' }));
  expect(made.isAlive).toBe(false);
});

test('a probe without an answer is the end; one that is open when the link closes is told', async () => {
  const first = link();
  const probing = expect(first.made.probe(2_000)).rejects.toMatchObject({ code: 'timed-out' });
  await first.clock.advance(2_000);
  await probing;
  expect(first.lost).toHaveBeenCalledTimes(1);
  const second = link();
  const open = expect(second.made.probe(2_000)).rejects.toMatchObject({ code: 'connection-lost' });
  second.made.close();
  for (const callback of second.client._callbacks.splice(0)) callback();
  await open;
  expect(second.lost).not.toHaveBeenCalled();
});

test('a channel that comes after its caller gave up is closed', async () => {
  const { made } = link();
  const controller = new AbortController();
  let give: ((error: undefined, channel: ClientChannel) => void) | undefined;
  const opening = made.open((callback) => {
    give = callback;
  }, controller.signal);
  controller.abort();
  await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
  const channel = Object.assign(new PassThrough(), { stderr: new PassThrough() });
  const destroy = vi.spyOn(channel, 'destroy');
  give?.(undefined, channel as unknown as ClientChannel);
  expect(destroy).toHaveBeenCalled();
});

test('another ssh2 than the one we know is refused loudly', () => {
  const stranger = new EventEmitter() as unknown as Client;
  expect(() => pingServer(stranger, () => undefined)).toThrow('not the one');
  expect(() => onAuthFailure(stranger, () => undefined)).toThrow('not the one');
});

test('a probe whose answer stands in line behind a flood is answered by the flood, not by what waited before', async () => {
  const flooded = link();
  const probing = flooded.made.probe(2_000);
  await flooded.clock.advance(1_500);
  flooded.transport.emit('data', Buffer.alloc(1));
  await flooded.clock.advance(500);
  await expect(probing).resolves.toBe(2_000);
  expect(flooded.lost).not.toHaveBeenCalled();
  const stale = link();
  const open = expect(stale.made.probe(2_000)).rejects.toMatchObject({ code: 'timed-out' });
  stale.transport.emit('data', Buffer.alloc(1));
  await stale.clock.advance(2_000);
  await open;
});

test('a probe that was open while the computer slept takes the answer that came meanwhile', async () => {
  const { clock, client, made, lost } = link();
  const probing = made.probe(2_000);
  clock.sleep(3_600_000);
  await clock.advance(10);
  for (const callback of client._callbacks.splice(0)) callback();
  await expect(probing).resolves.toBeGreaterThan(0);
  expect(lost).not.toHaveBeenCalled();
});
