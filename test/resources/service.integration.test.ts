/** The unit of a service, as systemd itself judges it, and its own words about Berth. */
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#main/build-if-stale.ts';
import { readServed } from '#test/harness/read-served.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';
import { runProcess } from '#test/servers/run-process.ts';

let folder: string;
let unit: string;
let text: string;

beforeAll(async () => {
  await ensureRequirements(['service']);
  folder = await mkdtemp(join(tmpdir(), 'berth-unit-'));
  unit = join(folder, 'berth.service');
  await copyFile(join(projectRoot, 'resources', 'berth.service'), unit);
  text = await readFile(unit, 'utf8');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the unit of systemd', () => {
  it('is understood without a complaint', async () => {
    const { exitCode, stdout, stderr } = await runProcess(['systemd-analyze', 'verify', unit]);
    // The tests' machine need not have Node where the unit looks for it, nor a user manager.
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('berth.service'));
    expect([exitCode, complaints]).toEqual([0, []]);
  });

  it('leaves little open', async () => {
    const { stdout } = await runProcess([
      'systemd-analyze',
      'security',
      '--offline=true',
      '--no-pager',
      unit,
    ]);
    const exposure = Number(/Overall exposure level for berth\.service: ([\d.]+)/.exec(stdout)?.[1]);
    expect(exposure).toBeLessThan(2);
  });

  it('sets what Berth reads', () => {
    const set = [...text.matchAll(/^Environment=BERTH_([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(set.map(([name]) => name)).toEqual(['DATA_DIR', 'SECRET_KEY_FILE']);
    const env = { BERTH_DATA_DIR: join(folder, 'data'), BERTH_SECRET_KEY_FILE: join(folder, 'gone') };
    expect(readServed(env).errors).toEqual([expect.stringMatching(/^BERTH_SECRET_KEY_FILE names a file/)]);
  });
});
