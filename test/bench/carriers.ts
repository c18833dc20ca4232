/**
 * What the carriers move, both ends in this process: bytes down with credit, calls one after another and all at once,
 * items. Run it alone: `node test/bench/carriers.ts`. Numbers are for comparing carriers and commits on one machine.
 */
import { localOwnerId, type OperationId } from '#contract/ids.ts';
import type { LogLine } from '#contract/operations.ts';
import { createDispatcher } from '#main/control-plane/dispatcher.ts';
import { serveConnection } from '#main/server/serve-connection.ts';
import { type ConnectedClient, createClient } from '#renderer/transport/client.ts';
import { carriers } from '../transports/carriers.ts';
import { callerWith, fixedRandom, handlersWith, recordingLog } from '../transports/plane-double.ts';
import { openGate } from '#test/harness/ownership.ts';

const totalBytes = 1024 * 1024 * 1024;
const chunk = new Uint8Array(65_536).fill(1);
const callCount = 20_000;
const itemCount = 100_000;
const operationId: OperationId = 'op_00000000000000000000';
const terminalId = 'term_00000000000000000000';

const handlers = handlersWith({
  'about.get': () => ({
    version: '1',
    mode: 'served',
    user: { id: localOwnerId, name: 'a' },
    scopes: [],
    platform: 'linux',
    dataFolder: '/',
    isReadOnly: false,
  }),
  'operations.log': async function* () {
    const line: LogLine = { at: '2026-01-01T00:00:00Z', step: null, level: 'info', text: 'a line of a log' };
    for (let n = 0; n < itemCount; n += 1) yield line;
  },
  'terminals.attach': async (_input, channel) => {
    for (let sent = 0; sent < totalBytes; sent += chunk.byteLength) await channel.send(chunk);
  },
});

async function seconds(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return (performance.now() - begin) / 1000;
}

async function measure(client: ConnectedClient) {
  const bytes = await seconds(async () => {
    const stream = client.bytes('terminals.attach', { id: terminalId });
    stream.onBytes((_bytes, done) => done());
    await stream.ended;
  });
  const serial = await seconds(async () => {
    for (let n = 0; n < callCount / 4; n += 1) await client.call('about.get', {});
  });
  const parallel = await seconds(async () => {
    for (let n = 0; n < callCount; n += 200)
      await Promise.all(Array.from({ length: 200 }, () => client.call('about.get', {})));
  });
  const items = await seconds(async () => {
    for await (const _ of client.stream('operations.log', { id: operationId }));
  });
  return {
    'MB/s': Math.round(totalBytes / 1e6 / bytes),
    'calls/s one by one': Math.round(callCount / 4 / serial),
    'calls/s at once': Math.round(callCount / parallel),
    'items/s': Math.round(itemCount / items),
    'resident MB': Math.round(process.memoryUsage().rss / 1e6),
  };
}

const results: Record<string, Awaited<ReturnType<typeof measure>>> = {};
for (const carrier of carriers) {
  const pair = await carrier.open();
  const log = recordingLog();
  const dispatcher = createDispatcher(handlers, { log, random: fixedRandom, gate: openGate });
  serveConnection({ connection: pair.server, dispatcher, caller: callerWith(), log });
  const client = createClient(pair.client);
  results[carrier.name] = await measure(client);
  client.close();
  await pair.close();
}
console.table(results);
