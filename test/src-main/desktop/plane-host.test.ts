import { EventEmitter } from 'node:events';
import type { MessageChannelMain, UtilityProcess } from 'electron';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPlaneHost, type PlaneHost, type PlaneMessage } from '#main/desktop/plane-host.ts';

class FakeProcess extends EventEmitter {
  readonly orders: { what: unknown; ports: unknown[] }[] = [];
  isKilled = false;
  postMessage(what: unknown, ports: unknown[]): void {
    this.orders.push({ what, ports });
  }
  kill(): boolean {
    this.isKilled = true;
    this.emit('exit', 15);
    return true;
  }
  say(message: PlaneMessage): void {
    this.emit('message', message);
  }
}

describe('the plane host', () => {
  let processes: FakeProcess[];
  let channels: number;
  let host: PlaneHost;
  const onRestart = vi.fn();
  const onGiveUp = vi.fn();
  const latest = () => processes.at(-1) as FakeProcess;

  beforeEach(() => {
    vi.useFakeTimers();
    processes = [];
    channels = 0;
    onRestart.mockReset();
    onGiveUp.mockReset();
    host = createPlaneHost({
      fork: () => {
        processes.push(new FakeProcess());
        return latest() as unknown as UtilityProcess;
      },
      createChannel: () => {
        channels += 1;
        const port = (name: string) => ({ name: `${name}${channels}`, close: () => undefined });
        return { port1: port('plane'), port2: port('window') } as unknown as MessageChannelMain;
      },
      onRestart,
      onGiveUp,
      nowMs: () => Date.now(),
    });
  });
  afterEach(() => vi.useRealTimers());

  it('hands one end of a channel to the plane and the other to the window', () => {
    expect(host.connect()).toMatchObject({ name: 'window1' });
    expect(latest().orders).toEqual([
      { what: { t: 'connect' }, ports: [expect.objectContaining({ name: 'plane1' })] },
    ]);
  });

  it('starts a plane that died at once, keeps ports for it, and says so when it serves again', () => {
    latest().say({ t: 'ready' });
    vi.advanceTimersByTime(60_000);
    latest().emit('exit', 1);
    host.connect();
    expect(processes).toHaveLength(1);
    vi.advanceTimersByTime(0);
    expect(processes).toHaveLength(2);
    expect(latest().orders).toHaveLength(1);
    expect(onRestart).not.toHaveBeenCalled();
    latest().say({ t: 'ready' });
    expect(onRestart).toHaveBeenCalledOnce();
  });

  it('waits longer before each start of a plane that keeps dying, also after it was ready', () => {
    const waits: number[] = [];
    for (let n = 0; n < 6; n += 1) {
      latest().say({ t: 'ready' });
      latest().emit('exit', 1);
      const before = processes.length;
      let waitedMs = 0;
      while (processes.length === before) {
        vi.advanceTimersByTime(waitedMs === 0 ? 0 : 100);
        if (processes.length === before) waitedMs += 100;
      }
      waits.push(waitedMs);
    }
    expect(waits).toEqual(
      [0, 500, 2000, 5000, 10_000, 10_000].map((ms) => (ms === 0 ? 0 : expect.closeTo(ms, -3))),
    );
    expect(onGiveUp).not.toHaveBeenCalled();
  });

  it('gives up on one that never gets ready, with its last words', () => {
    for (let n = 0; n < 4; n += 1) {
      latest().say({ t: 'failed', message: 'The data folder cannot be written.' });
      latest().emit('exit', 1);
      vi.advanceTimersByTime(10_000);
    }
    expect(processes).toHaveLength(4);
    expect(onGiveUp).toHaveBeenCalledExactlyOnceWith('The data folder cannot be written.');
  });

  it('closes it in good order, and by force when that takes too long', async () => {
    const closing = host.close();
    expect(latest().orders).toEqual([{ what: { t: 'close' }, ports: [] }]);
    latest().emit('exit', 0);
    await closing;
    expect(latest().isKilled).toBe(false);
    vi.advanceTimersByTime(60_000);
    expect(processes).toHaveLength(1);
  });

  it('tells a plane that is up of a wake, and nobody else', () => {
    host.wake('resume');
    expect(latest().orders).toEqual([{ what: { t: 'wake', reason: 'resume' }, ports: [] }]);
    latest().emit('exit', 1);
    host.wake('unlock');
    vi.advanceTimersByTime(0);
    expect(latest().orders).toEqual([]);
  });

  it('ends a plane that does not close', async () => {
    const closing = host.close();
    vi.advanceTimersByTime(8_000);
    await closing;
    expect(latest().isKilled).toBe(true);
  });
});
