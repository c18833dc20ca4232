import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFileLog } from '#main/adapters/system/file-log.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('file log', () => {
  it('writes one JSON object a line, for its user alone', () => {
    const log = createFileLog({ folder, clock: new ManualClock() });
    log.debug('not written');
    log.child({ host: 'web' }).info('connected', { ms: 12 });
    log.error('failed\nwith a second line', { cause: new Error('why', { cause: new Secret('s3cr3t') }) });
    log.close();
    const lines = linesOf(log.path);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toEqual({
      at: '2026-01-02T03:04:05.000Z',
      level: 'info',
      message: 'connected',
      host: 'web',
      ms: 12,
    });
    expect(lines[1]).toMatchObject({ level: 'error', cause: { message: 'why', cause: '[secret]' } });
    expect(statSync(log.path).mode & 0o777).toBe(0o600);
  });

  it('lets no field replace its own', () => {
    const log = createFileLog({ folder, clock: new ManualClock() });
    log.warn('true message', { level: 'info', message: 'false message', at: 'never' });
    expect(linesOf(log.path)[0]).toMatchObject({ level: 'warn', message: 'true message' });
    log.close();
  });

  it('rotates at its bound and deletes the oldest', () => {
    const log = createFileLog({ folder, clock: new ManualClock(), maxBytes: 1000, keptFiles: 2 });
    for (let number = 0; number < 100; number++) log.info('line', { number });
    log.close();
    expect(readdirSync(folder).sort()).toEqual(['berth.1.log', 'berth.2.log', 'berth.log']);
    for (const name of readdirSync(folder))
      expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(1000);
    const kept = ['berth.2.log', 'berth.1.log', 'berth.log'].flatMap((name) => linesOf(join(folder, name)));
    const numbers = kept.map((line) => Number(line.number));
    expect(numbers).toEqual(numbers.map((_, index) => 100 - numbers.length + index));
  });

  it('goes on with the file that is there', () => {
    const clock = new ManualClock();
    createFileLog({ folder, clock }).info('first');
    createFileLog({ folder, clock }).info('second');
    expect(linesOf(join(folder, 'berth.log')).map((line) => line.message)).toEqual(['first', 'second']);
  });

  it('never throws, and says how much was lost once it can write again', () => {
    const blocked = join(folder, 'sub');
    // A folder in the place of the file: unwritable for root too.
    mkdirSync(join(blocked, 'berth.log'), { recursive: true });
    chmodSync(blocked, 0o700);
    const log = createFileLog({ folder: blocked, clock: new ManualClock() });
    log.info('lost one');
    log.info('lost two');
    rmSync(join(blocked, 'berth.log'), { recursive: true });
    log.info('here');
    expect(linesOf(log.path)).toMatchObject([{ level: 'warn', lines: 2 }, { message: 'here' }]);
    log.close();
    log.info('after close');
    expect(linesOf(log.path)).toHaveLength(2);
  });
});
