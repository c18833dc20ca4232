import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cloudConfigOf, type FirstBoot } from '#main/control-plane/machines/making/cloud-config.ts';

const setupScript = readFileSync(new URL('../../../../../resources/cloud/setup.sh', import.meta.url), 'utf8');
const boot: FirstBoot = {
  name: 'barge-1',
  user: 'berth',
  loginKey: 'ssh-ed25519 AAAAlogin',
  bootKey: { privateKey: '-----BEGIN…\nx\n'.replace('…', ' KEY-----'), publicKey: 'ssh-ed25519 AAAAboot' },
  setupScript,
  mark: 'op_00000000000000000001',
};

describe('what a machine is told at its first boot', () => {
  it('is a cloud-config that providers take, with the whole set-up in it', () => {
    const text = cloudConfigOf(boot);
    expect(text).toMatch(/^#cloud-config\n\{/);
    expect(Buffer.byteLength(text)).toBeLessThan(64 * 1024);
    const config = JSON.parse(text.slice('#cloud-config\n'.length)) as Record<string, unknown>;
    expect(config).toMatchObject({
      hostname: 'barge-1',
      disable_root: true,
      ssh_pwauth: false,
      ssh_deletekeys: true,
      ssh_keys: { ed25519_private: boot.bootKey.privateKey, ed25519_public: 'ssh-ed25519 AAAAboot berth' },
      users: [
        {
          name: 'berth',
          lock_passwd: true,
          groups: ['docker'],
          sudo: 'ALL=(ALL) NOPASSWD:ALL',
          ssh_authorized_keys: ['ssh-ed25519 AAAAlogin berth'],
        },
      ],
      write_files: [{ path: '/var/lib/berth/setup.sh', content: setupScript }],
      runcmd: [['/bin/sh', '/var/lib/berth/setup.sh', 'berth', 'op_00000000000000000001']],
    });
  });

  it('is nothing that a reader of YAML could read otherwise, and never too long', () => {
    expect(() => cloudConfigOf({ ...boot, setupScript: '# naïve' })).toThrow('ASCII');
    expect(() => cloudConfigOf({ ...boot, setupScript: 'x'.repeat(65_000) })).toThrow('too long');
    expect(setupScript).toMatch(/^[\n\x20-\x7e]*$/);
  });
});
