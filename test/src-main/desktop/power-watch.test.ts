import { EventEmitter } from 'node:events';
import type { PowerMonitor } from 'electron';
import { expect, test } from 'vitest';
import { watchPower } from '#main/desktop/power-watch.ts';

test('waking and unlocking are told of, falling asleep and locking are not', () => {
  const monitor = new EventEmitter();
  const heard: string[] = [];
  watchPower(monitor as unknown as PowerMonitor, (reason) => heard.push(reason));
  for (const event of ['suspend', 'lock-screen', 'resume', 'unlock-screen']) monitor.emit(event);
  expect(heard).toEqual(['resume', 'unlock']);
});
