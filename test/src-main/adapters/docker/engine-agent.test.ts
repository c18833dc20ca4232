import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { EngineAgent } from '#main/adapters/docker/engine-agent.ts';

it('hears the error of a stream that no request listens to any more', async () => {
  const opened = new PassThrough();
  const agent = new EngineAgent(async () => opened);
  const stream = await new Promise<Duplex>((resolve) => {
    agent.createConnection({}, (_error, made) => resolve(made));
  });
  // Without a listener this is an uncaught exception, which ends the process.
  stream.destroy(new Error('aborted when the answer was whole'));
  await new Promise<void>((resolve) => stream.once('close', resolve));
  expect(stream.destroyed).toBe(true);
  agent.close();
});

it.each([
  ['is closed', true, 'connection-lost'],
  ['goes on', false, 'timed-out'],
])('of a stream that cannot be opened: where the agent %s', async (_, isClosed, code) => {
  const agent = new EngineAgent(
    (signal) =>
      new Promise((_resolve, reject) => {
        const cancelled = new BerthError('cancelled', 'Connecting was cancelled.');
        signal?.addEventListener('abort', () => reject(cancelled), { once: true });
        if (!isClosed) reject(new BerthError('timed-out', 'No answer.'));
      }),
  );
  const error = new Promise((resolve) => {
    agent.createConnection({}, (failed) => resolve(failed));
  });
  if (isClosed) agent.close();
  expect(await error).toMatchObject({ code });
  agent.close();
});
