import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
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
