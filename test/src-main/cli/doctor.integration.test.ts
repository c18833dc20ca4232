/** The doctor: what it looks at, and that something serious is an exit code. */
import { chmod } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandPlane, hostId, hostOf } from '#test/harness/command-plane.ts';

let plane: CommandPlane;
let keychain: 'ready' | 'locked' = 'ready';
beforeEach(async () => {
  keychain = 'ready';
  plane = await CommandPlane.start((self) => ({
    'credentials.store': async function* () {
      yield {
        backend: 'keychain',
        name: 'Ring',
        state: keychain,
        detail: 'It is locked.',
        vaultExists: false,
      };
    },
    'hosts.doctor': async function* ({ id }) {
      self.note('hosts.doctor', { id });
      yield {
        check: 'disk',
        level: 'warning',
        title: 'Disk',
        detail: 'Nearly full.',
        why: '',
        fix: null,
        command: null,
      };
    },
  }));
  plane.hosts.put(hostOf(1, { name: 'atlas' }));
});
afterEach(() => plane.close());

describe('berth doctor', () => {
  it('is content where nothing is serious', async () => {
    const { code, text } = await plane.call(['doctor', '--all']);
    expect(code).toBe(0);
    for (const words of [
      'Data folder',
      'Free space',
      'One runs and answers.',
      'Database',
      'Ring',
      'Host "atlas"',
      'Nearly full.',
    ])
      expect(text).toContain(words);
  });

  it('tells what is not well, and fails for what is serious', async () => {
    keychain = 'locked';
    await chmod(plane.folder, 0o755);
    const error = { code: 'host.auth-failed' as const, message: 'The server refused.', details: {} };
    plane.hosts.put(
      hostOf(2, { name: 'broken', state: { phase: 'failed', atAt: '2026-01-01T00:00:00.000Z', error } }),
      hostOf(3, { name: 'resting', desired: 'disconnected', state: { phase: 'disconnected' } }),
    );
    const { code, text } = await plane.call(['doctor', '--json']);
    expect(code).toBe(1);
    const { here, hosts } = JSON.parse(text) as {
      here: { check: string; level: string }[];
      hosts: { hostName: string; findings: { level: string; detail: string }[] }[];
    };
    const levels = Object.fromEntries(here.map(({ check, level }) => [check, level]));
    expect(levels).toMatchObject({
      'data-folder': 'warning',
      keychain: 'warning',
      plane: 'ok',
      database: 'ok',
    });
    const ofHosts = Object.fromEntries(hosts.map(({ hostName, findings }) => [hostName, findings[0]?.level]));
    expect(ofHosts).toEqual({ atlas: 'warning', broken: 'problem', resting: 'note' });
    expect(hosts[1]?.findings[0]?.detail).toContain('The server refused.');
    expect((await plane.call(['doctor', '--no-hosts'])).code).toBe(0);
    expect(plane.asked).toEqual([{ method: 'hosts.doctor', input: { id: hostId(1) } }]);
  });
});
