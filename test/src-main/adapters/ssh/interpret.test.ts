import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SshDefinition } from '#contract/hosts.ts';
import { BerthError } from '#contract/berth-error.ts';
import { interpretText } from '#main/adapters/ssh/interpret.ts';
import { loadSshConfig, type SshConfig } from '#main/adapters/ssh/ssh-config.ts';
import { resolveTarget } from '#main/adapters/ssh/target.ts';

let homeFolder: string;
let config: SshConfig;
beforeAll(async () => {
  homeFolder = await mkdtemp(join(tmpdir(), 'berth-interpret-'));
  await mkdir(join(homeFolder, '.ssh'));
  await writeFile(
    join(homeFolder, '.ssh', 'config'),
    `Host atlas
  HostName atlas.example.com
  Port 2022
  User dev
  IdentityFile ~/.ssh/work
Host inner
  ProxyJump ops@door:2200,atlas
Host loop1
  ProxyJump loop2
Host loop2
  ProxyJump loop1
Host command
  ProxyCommand nc %h %p
Host *
  User everyone
`,
  );
  config = await loadSshConfig({ homeFolder, localUser: 'me', env: {} });
});
afterAll(() => rm(homeFolder, { recursive: true }));

const target = (text: string) => {
  const { name, definition } = interpretText(text, config);
  const hops = resolveTarget(definition, config);
  return {
    name,
    configName: definition.configName,
    hops: hops.map((hop) => hop.name),
    auth: definition.auth.method,
  };
};

test.each([
  ['root@203.0.113.5', ['root@203.0.113.5:22'], null],
  ['root@203.0.113.5:2222', ['root@203.0.113.5:2222'], null],
  ['box.example.com', ['everyone@box.example.com:22'], null],
  ['ssh://root@box.example.com:99/', ['root@box.example.com:99'], null],
  ['ssh://a%40b@box', ['a@b@box:22'], null],
  ['root@[2001:db8::1]:2200', ['root@[2001:db8::1]:2200'], null],
  ['2001:db8::1', ['everyone@[2001:db8::1]:22'], null],
  ['atlas', ['dev@atlas.example.com:2022'], 'atlas'],
  ['root@atlas', ['root@atlas.example.com:2022'], 'atlas'],
  ['inner', ['ops@door:2200', 'dev@atlas.example.com:2022', 'everyone@inner:22'], 'inner'],
  ['ssh -p 2222 root@203.0.113.5', ['root@203.0.113.5:2222'], null],
  ['ssh root@203.0.113.5 -p 2222', ['root@203.0.113.5:22'], null],
  ['/usr/bin/ssh -tt -l root -p2222 -4 203.0.113.5 uptime', ['root@203.0.113.5:2222'], null],
  ['ssh -o Port=77 -o "User x" 203.0.113.5', ['x@203.0.113.5:77'], null],
  [
    'ssh -J ops@door,atlas root@203.0.113.5',
    ['ops@door:22', 'dev@atlas.example.com:2022', 'root@203.0.113.5:22'],
    null,
  ],
])('%s', (text, hops, configName) => {
  expect(target(text)).toMatchObject({ hops, configName });
});

test('a pasted key file becomes the way to sign in, and sources say where each value is from', () => {
  const { definition, effective } = interpretText(`ssh -i '~/my key' -A atlas`, config);
  expect(definition.auth).toEqual({
    method: 'key',
    source: { kind: 'file', path: '~/my key' },
    passphraseId: null,
  });
  expect(effective).toEqual([
    { label: 'Address', value: 'atlas.example.com', source: '~/.ssh/config line 2' },
    { label: 'Port', value: '2022', source: '~/.ssh/config line 3' },
    { label: 'User', value: 'dev', source: '~/.ssh/config line 4' },
    { label: 'Key', value: '~/my key', source: 'typed' },
    { label: 'Not used', value: '-A', source: 'typed' },
  ]);
});

test.each([
  ['loop1', 'host.ssh-config-invalid'],
  ['command', 'host.ssh-config-invalid'],
  ['', 'invalid-input'],
  ['-oProxyCommand=evil', 'invalid-input'],
  ['ssh -oProxyCommand=evil', 'invalid-input'],
  ['root@-evil', 'invalid-input'],
  ['-evil@host', 'invalid-input'],
  ['a b', 'invalid-input'],
  ['host:99999', 'invalid-input'],
  ['ssh -p x host', 'invalid-input'],
  ['ssh -Z host', 'invalid-input'],
  ['ssh "host', 'invalid-input'],
  ['https://example.com/x', 'invalid-input'],
])('%s is refused: %s', (text, code) => {
  expect(() => interpretText(text, config)).toThrow(expect.objectContaining({ code }));
});

test('whatever is typed gives a valid definition or a clear error', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.string({ maxLength: 60 }).map((rest) => `ssh ${rest}`),
    fc.string({ unit: fc.constantFrom(...'ab@:[]/-.%, \'"\\=;0129ssh'.split('')), maxLength: 30 }),
  );
  fc.assert(
    fc.property(text, (value) => {
      try {
        expect(SshDefinition.safeParse(interpretText(value, config).definition).success).toBe(true);
      } catch (error) {
        if (!BerthError.is(error, 'invalid-input', 'host.ssh-config-invalid')) throw error;
      }
    }),
    { numRuns: 2000 },
  );
});
