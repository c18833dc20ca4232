/** The set-up of a machine by the real cloud-init, and its host key replaced under a real sshd, in a throw-away machine. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSshKeyMaker } from '#main/adapters/ssh/key-maker.ts';
import { parseScriptReport } from '#main/control-plane/hosts/script-report.ts';
import { cloudConfigOf } from '#main/control-plane/machines/making/cloud-config.ts';
import { ConnectorHarness, definitionFor } from '#test/src-main/adapters/ssh/connector-harness.ts';
import { type CloudMachine, startCloudMachine } from '../../servers/cloud-machine.ts';

const mark = 'op_00000000000000000001';
const keys = createSshKeyMaker();
const [login, bootKey, lasting] = [keys.make(), keys.make(), keys.make()];
let machine: CloudMachine;
let harness: ConnectorHarness;
beforeAll(async () => {
  harness = await ConnectorHarness.create();
  machine = await startCloudMachine({
    seed: {
      instanceId: '1001',
      hostname: 'provider-says',
      publicKeys: [`${login.publicKey} berth`],
      userData: cloudConfigOf({
        name: 'barge-1',
        user: 'berth',
        loginKey: login.publicKey,
        bootKey: { privateKey: bootKey.privateKey.reveal(), publicKey: bootKey.publicKey },
        setupScript: await readFile(new URL('../../../resources/cloud/setup.sh', import.meta.url), 'utf8'),
        mark,
      }),
    },
  });
}, 120_000);
afterAll(async () => {
  await harness?.[Symbol.asyncDispose]();
  await machine?.stop();
});

function connect(pins: readonly string[], user = 'berth') {
  const credentialId = harness.keep(login.privateKey.reveal());
  const auth = {
    method: 'key' as const,
    source: { kind: 'credential' as const, credentialId },
    passphraseId: null,
  };
  return harness.connect(definitionFor(machine.host, user, auth), { pinnedFingerprints: pins });
}
const waiting = { timeout: 120_000, interval: 1_000 };

describe('a machine that Berth makes', { timeout: 180_000 }, () => {
  test('answers with the key of its first boot, and is set up without a network', async () => {
    const connection = await vi.waitFor(() => connect([bootKey.fingerprint]), waiting);
    const state = async (told = mark) =>
      parseScriptReport((await connection.runScript('setup-state', [told])).stdout);
    const report = await vi.waitFor(async () => {
      const now = await state();
      expect(now.text('failed')).toBeNull();
      expect(now.isYes('finished') && now.text('cloud_init') !== 'running').toBe(true);
      return now;
    }, waiting);
    expect(report.isComplete).toBe(true);
    expect(report.text('client')).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
    expect(report.text('cloud_init')).toMatch(/^(done|degraded)$/);
    expect(report.text('docker')).toMatch(/^\d+\./);
    // Of another set-up (a disk that was copied) it says nothing.
    expect((await state('op_another')).isYes('finished')).toBe(false);
    const { stdout } = await connection.exec([
      'sh',
      '-c',
      'hostname; id -nG; sudo -n id -u; cat /etc/docker/daemon.json',
    ]);
    expect(stdout).toContain('barge-1\n');
    expect(stdout).toMatch(/\bdocker\b/);
    expect(stdout).toContain('\n0\n');
    const settings = JSON.parse(stdout.slice(stdout.indexOf('{'))) as Record<string, unknown>;
    expect(settings).toMatchObject({ 'live-restore': true, icc: false, 'no-new-privileges': true });
  });

  test('can be set up again, and nothing changes', async () => {
    const again = await machine.host.run(['/bin/sh', '/var/lib/berth/setup.sh', 'berth', mark], {
      timeoutMs: 120_000,
    });
    expect(again.exitCode).toBe(0);
    expect(await machine.host.runChecked(['cat', '/var/lib/berth/setup.done'])).toBe(`${mark}\n`);
  });

  test('lets nobody in as root', async () => {
    await expect(
      connect([bootKey.fingerprint], 'root').then((c) => c.exec(['id', '-u'])),
    ).resolves.not.toMatchObject({
      stdout: '0\n',
    });
  });

  test('takes its lasting host key over that connection, and shows it to the next', async () => {
    const connection = await connect([bootKey.fingerprint]);
    const install = async (input: string) =>
      parseScriptReport((await connection.runScript('install-host-key', [], { input })).stdout);
    // What is no key changes nothing.
    expect((await install('no key')).isYes('installed')).toBe(false);
    await (await connect([bootKey.fingerprint])).close();
    for (const times of [1, 2]) {
      const report = await install(lasting.privateKey.reveal());
      expect(report.text('reason'), `time ${times}`).toBeNull();
      expect(report.isYes('installed')).toBe(true);
    }
    await vi.waitFor(() => connect([lasting.fingerprint]), { timeout: 10_000, interval: 200 });
    await expect(connect([bootKey.fingerprint])).rejects.toMatchObject({ code: 'host.key-changed' });
    // The connection that stood goes on, and the key is nobody else's to read.
    const { stdout } = await connection.exec([
      'sudo',
      '-n',
      'stat',
      '-c',
      '%a %U',
      '/etc/ssh/ssh_host_ed25519_key',
    ]);
    expect(stdout).toBe('600 root\n');
  });
});
