/** Commands before and after a snapshot: run in the workspace and nowhere else, whole, and told when they fail. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FaultWorld, startFaultWorld } from '#test/harness/fault-world.ts';
import { lines } from '#test/harness/snapshot-remains.ts';

let world: FaultWorld;
beforeAll(async () => {
  world = await startFaultWorld({ hostCount: 1, contentMiB: 10 });
});
afterAll(() => world?.[Symbol.asyncDispose]());
afterEach(() => world.clear());

async function pausesDuring(act: () => Promise<unknown>): Promise<string[]> {
  const { remote } = world.here;
  const now = async () => Number(await remote.runChecked(['date', '+%s.%N'])).toFixed(6);
  const since = await now();
  await act();
  const range = ['--since', since, '--until', await now()];
  const filters = ['pause', 'unpause'].flatMap((event) => ['--filter', `event=${event}`]);
  return lines(await remote.docker('events', ...range, ...filters, '--format', '{{.Action}}'));
}

describe('a command before a snapshot', () => {
  it.each(['paused', 'stopped', 'live'] as const)(
    'that fails (%s): no snapshot, nothing frozen, nothing left',
    async (consistency) => {
      const pauses = await pausesDuring(async () => {
        const { operation } = await world.create({
          consistency,
          beforeCommand: 'echo "the disk of the database is gone"; exit 3',
          afterCommand: 'echo after >> /tmp/after',
        });
        const { error, state } = await world.plane.ended(operation.id);
        expect(state).toBe('failed');
        expect(error?.code).toBe('snapshot.hook-failed');
        expect(error?.message).toContain('ended with 3: the disk of the database is gone');
      });
      expect(pauses).toEqual([]);
      await world.expectEnd([], 'first');
      // What the first began is brought to its end by the second, also when the first failed half-way.
      expect(await world.sh('cat /tmp/after; rm /tmp/after')).toBe('after\n');
    },
  );

  it('runs before the freeze and the one after it after, each once', async () => {
    const pauses = await pausesDuring(() =>
      world.take({
        beforeCommand: 'echo before >> /home/dev/hooks',
        afterCommand: 'echo after >> /home/dev/hooks',
      }),
    );
    expect(pauses).toEqual(['pause', 'unpause']);
    expect(await world.sh('cat /home/dev/hooks; rm /home/dev/hooks')).toBe('before\nafter\n');
    await world.expectEnd(['person'], 'first');
  });

  it('is given whole to the shell of the workspace, and to no other', async () => {
    const text = `--store=/x 'single' "double" \\back $HOME $(hostname) \`id -u\` ; | & > < * ? ~ # ü 𝄞`;
    const quoted = `'${text.replaceAll("'", `'\\''`)}'`;
    const command = [
      `printf '%s\\n' ${quoted} > /home/dev/hooks`,
      'for word in one "two words" $(echo three); do',
      '  echo "$word" >> /home/dev/hooks',
      "done # a comment with an apostrophe: it’s '",
      'echo "$0 $#" >> /home/dev/hooks; touch /tmp/berth-was-here',
    ].join('\n');
    const made = await world.take({ beforeCommand: command, afterCommand: `${command}\ntrue 'x'` });
    expect(made.hadHooks).toBe(true);
    expect(await world.sh('cat /home/dev/hooks; rm /home/dev/hooks')).toBe(
      `${text}\none\ntwo words\nthree\n/bin/sh 0\n`,
    );
    const { exitCode } = await world.here.remote.run(['test', '-e', '/tmp/berth-was-here']);
    expect(exitCode).toBe(1);
    await world.expectEnd(['person'], 'first');
  });
});
