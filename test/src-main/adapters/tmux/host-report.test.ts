/** What a host says it can do, behind whatever its login prints first. */
import { describe, expect, it } from 'vitest';
import { hostReport } from '#main/adapters/tmux/host-report.ts';
import { FakeHostProcess } from '#test/harness/fake-host-process.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';

function start() {
  const process = new FakeHostProcess();
  const clock = new ManualClock();
  return { process, clock, report: hostReport(process, clock, 20_000) };
}
const good = 'berth-terminals version=3.3a recorder=/home/dev/r-1.sh docker=/usr/bin/docker\n';

describe('hostReport', () => {
  it.each([
    ['nothing', ''],
    ['a greeting', 'Welcome to atlas\r\nLast login: today\r\n'],
    ['a greeting without a line end', 'Welcome to atlas\nhello '],
    ['a long greeting', `${'x'.repeat(200_000)}\n`],
  ])('reads the line behind %s, and hands on what follows it', async (_, greeting) => {
    const { process, report, clock } = start();
    const text = Buffer.from(`${greeting}${good}%begin 1 1 0\n`);
    for (let at = 0; at < text.length; at += 777) process.say(text.subarray(at, at + 777));
    const result = await report;
    if (!('version' in result)) throw new Error('no report');
    expect(result).toMatchObject({
      version: '3.3a',
      recorder: '/home/dev/r-1.sh',
      engineProgram: '/usr/bin/docker',
    });
    process.say('%end');
    let rest = '';
    result.onRest((bytes) => (rest += Buffer.from(bytes).toString()));
    process.say(' 1 1 0\n');
    expect(rest).toBe('%begin 1 1 0\n%end 1 1 0\n');
    expect([process.isReleased, clock.pendingTimers]).toEqual([false, 0]);
  });

  it('knows a host without a container program', async () => {
    const { process, report } = start();
    process.say('berth-terminals version=3.4 recorder=/r docker=\n');
    expect(await report).toMatchObject({ version: '3.4', engineProgram: undefined });
  });

  it.each([
    ['tmux-missing', 'tmux is not installed on its host.'],
    ['tmux-old 2.8', 'tmux 2.8 on its host is older than 3.2.'],
    ['no-proc', 'Its host has no /proc'],
    ['no-punch-hole /mnt/nfs', 'The file system of /mnt/nfs on its host cannot give parts of a file back'],
    ['program-old tail', 'tail on its host lacks what keeping output needs.'],
    ['program-missing fallocate', 'fallocate is not installed on its host.'],
    ['folder /home/dev/x', 'The folder /home/dev/x on its host cannot be used.'],
    ['something new', 'Its host has no /proc'],
  ])('says why not: %s', async (words, sentence) => {
    const { process, report, clock } = start();
    process.say(`hello berth-none ${words}\n`);
    expect(await report).toEqual({ reason: expect.stringContaining(sentence) });
    expect([process.isReleased, clock.pendingTimers]).toEqual([true, 0]);
  });

  it('gives up on a host that says nothing', async () => {
    const { process, report, clock } = start();
    const refused = expect(report).rejects.toMatchObject({ code: 'timed-out' });
    await clock.advance(20_000);
    await refused;
    expect(process.isReleased).toBe(true);
  });

  it('passes on that the connection was lost, or that the program just ended', async () => {
    const lost = start();
    const error = new Error('cut');
    lost.process.end({ exitCode: null, error });
    await expect(lost.report).rejects.toBe(error);
    const ended = start();
    ended.process.end({ exitCode: 127 });
    await expect(ended.report).rejects.toMatchObject({ code: 'connection-lost' });
    expect(ended.clock.pendingTimers).toBe(0);
  });
});
