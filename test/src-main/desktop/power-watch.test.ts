import { EventEmitter } from 'node:events';
import type { PowerMonitor } from 'electron';
import { expect, test, vi } from 'vitest';
import { watchPower, watchShutdown } from '#main/desktop/power-watch.ts';

test('waking and unlocking are told of, falling asleep and locking are not', () => {
  const monitor = new EventEmitter();
  const heard: string[] = [];
  watchPower(monitor as unknown as PowerMonitor, (reason) => heard.push(reason));
  for (const event of ['suspend', 'lock-screen', 'resume', 'unlock-screen']) monitor.emit(event);
  expect(heard).toEqual(['resume', 'unlock']);
});

test('the end of the system waits only while there is something to lose, and the app ends then', () => {
  const monitor = new EventEmitter();
  let hasWork = false;
  const quit = vi.fn();
  watchShutdown(monitor as unknown as PowerMonitor, { hasWork: () => hasWork, quit });
  const isHeld = () => {
    const preventDefault = vi.fn();
    monitor.emit('shutdown', { preventDefault });
    return preventDefault.mock.calls.length === 1;
  };
  expect([isHeld(), quit.mock.calls.length]).toEqual([false, 0]);
  hasWork = true;
  expect([isHeld(), quit.mock.calls.length]).toEqual([true, 1]);
});
