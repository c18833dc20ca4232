import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SealedSecrets } from '#main/adapters/keychain/sealed-secrets.ts';
import { keyFrom } from '#main/adapters/keychain/sealing.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-sealed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function sealUntilKilled(first: number, count: number): Promise<number[]> {
  const script = join(import.meta.dirname, 'sealing-child.ts');
  const child = spawn(process.execPath, [script, folder, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged: number[] = [];
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(Number(line));
    if (acknowledged.length === count) child.kill('SIGKILL');
  }
  await ended;
  return acknowledged;
}

describe('sealed secrets', () => {
  it('lose nothing that was acknowledged to SIGKILL, and leave no damaged file', async () => {
    const key = keyFrom(Buffer.alloc(32, 7));
    const acknowledged: number[] = [];
    for (let round = 0; round < 8; round++) {
      const first = (acknowledged.at(-1) ?? -1) + 1;
      acknowledged.push(...(await sealUntilKilled(first, 3 + ((round * 17) % 25))));
      const log = new MemoryLog();
      const clock = new ManualClock();
      const sealed = new SealedSecrets({ folder, clock, random: createSystemRandom(), log });
      for (const number of acknowledged)
        expect((await sealed.get(`n${number}`, key))?.toString()).toMatch(new RegExp(`^secret ${number} x`));
      expect(log.lines).toEqual([]);
      expect(readdirSync(folder).filter((name) => name.includes('damaged'))).toEqual([]);
    }
    expect(acknowledged.length).toBeGreaterThan(80);
  }, 60_000);
});
