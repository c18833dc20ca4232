import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { expect, test, vi } from 'vitest';
import { createNetworkWatch } from '#main/adapters/system/network-watch.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

const address = (text: string, internal = false) =>
  ({ address: text, netmask: '255.255.255.0', internal }) as NetworkInterfaceInfo;
const loopback = { lo: [address('127.0.0.1', true)] };

function make(first: ReturnType<typeof networkInterfaces>) {
  const clock = new ManualClock();
  const box = { now: first, reads: 0 };
  const watch = createNetworkWatch({
    clock,
    read: () => {
      box.reads += 1;
      return box.now;
    },
  });
  const told = vi.fn();
  const end = watch.onChange(told);
  return { clock, box, watch, told, end };
}

test('a cable that is pulled, plugged and moved is told of within 2.5 s, each once', async () => {
  const { clock, box, watch, told } = make({ ...loopback, eth0: [address('192.0.2.7')] });
  await clock.advance(60_000);
  expect(told).not.toHaveBeenCalled();
  expect(watch.isOnline).toBe(true);
  box.now = loopback;
  await clock.advance(2_500);
  expect(told).toHaveBeenLastCalledWith({ change: 'went', isOnline: false });
  expect(watch.isOnline).toBe(false);
  box.now = { ...loopback, wlan0: [address('192.0.2.7')] };
  await clock.advance(2_500);
  expect(told).toHaveBeenLastCalledWith({ change: 'came', isOnline: true });
  box.now = { ...loopback, wlan0: [address('198.51.100.9')] };
  await clock.advance(2_500);
  expect(told).toHaveBeenLastCalledWith({ change: 'moved', isOnline: true });
  await clock.advance(60_000);
  expect(told).toHaveBeenCalledTimes(3);
});

test('link-local addresses of containers and idle tunnels are no network, and no news', async () => {
  const { clock, box, watch, told } = make({ ...loopback, utun0: [address('fe80::1')] });
  expect(watch.isOnline).toBe(false);
  box.now = { ...loopback, utun0: [address('fe80::1')], veth12: [address('fe80::2')] };
  await clock.advance(10_000);
  expect(told).not.toHaveBeenCalled();
});

test('addresses that cannot be read count as online', async () => {
  const clock = new ManualClock();
  const watch = createNetworkWatch({
    clock,
    read: () => {
      throw new Error('EACCES');
    },
  });
  expect(watch.isOnline).toBe(true);
  watch.close();
});

test('nothing is looked at any more after the end, and nobody told who does not listen', async () => {
  const { clock, box, watch, told, end } = make(loopback);
  end();
  box.now = { eth0: [address('192.0.2.7')] };
  await clock.advance(2_500);
  expect(told).not.toHaveBeenCalled();
  watch.close();
  const before = box.reads;
  await clock.advance(60_000);
  expect(box.reads).toBe(before);
  expect(clock.pendingTimers).toBe(0);
});

test('a look at this computer costs little', () => {
  const startMs = performance.now();
  for (let look = 0; look < 20; look++) networkInterfaces();
  expect((performance.now() - startMs) / 20).toBeLessThan(20);
  createNetworkWatch({ clock: createSystemClock() }).close();
});
