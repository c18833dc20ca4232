import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitLine } from '#main/adapters/ssh/ssh-config-file.ts';
import {
  configuredNames,
  configWarnings,
  loadSshConfig,
  type ResolvedConfig,
  resolveSshConfig,
} from '#main/adapters/ssh/ssh-config.ts';
import { runChecked } from '#test/servers/run-process.ts';

let homeFolder: string;
beforeAll(async () => {
  homeFolder = await mkdtemp(join(tmpdir(), 'berth-config-'));
});
afterAll(() => rm(homeFolder, { recursive: true }));

async function write(name: string, text: string): Promise<string> {
  const path = join(homeFolder, '.ssh', name);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

async function load(text: string, env: Record<string, string> = {}) {
  await write('config', text);
  return loadSshConfig({ homeFolder, localUser: userInfo().username, env });
}

/** What `ssh -G` prints, as lists of values by keyword. */
async function reference(host: string, args: string[] = []): Promise<Map<string, string[]>> {
  const output = await runChecked(['ssh', '-F', join(homeFolder, '.ssh', 'config'), ...args, '-G', host]);
  const values = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const [keyword = '', ...rest] = line.split(' ');
    values.set(keyword, [...(values.get(keyword) ?? []), rest.join(' ')]);
  }
  return values;
}

function comparable(resolved: ResolvedConfig) {
  return {
    hostname: [resolved.address.value],
    port: [resolved.port.value],
    user: [resolved.user.value],
    identitiesonly: [resolved.isIdentitiesOnly ? 'yes' : 'no'],
    hostkeyalias: resolved.hostKeyAlias === undefined ? undefined : [resolved.hostKeyAlias],
    proxyjump: resolved.proxyJump === undefined ? undefined : [resolved.proxyJump.value],
  };
}

async function expectSame(text: string, host: string): Promise<void> {
  const ours = comparable(resolveSshConfig(await load(text), host));
  const theirs = await reference(host);
  const picked = Object.fromEntries(Object.keys(ours).map((keyword) => [keyword, theirs.get(keyword)]));
  expect({ text, host, ...ours }).toEqual({ text, host, ...picked });
}

describe('the same as ssh -G', () => {
  test.each([
    ['first value wins', 'Host a\n Port 1\nHost *\n Port 2\n User u', 'a'],
    ['negation', 'Host *.x !b.x\n Port 5', 'b.x'],
    ['negation, other', 'Host *.x !b.x\n Port 5', 'a.x'],
    ['equals and quotes', 'Host=a\nHostName = "h.x"\n\tUser\t"me"', 'a'],
    ['%h in HostName', 'Host a\n HostName %h.example.com', 'a'],
    ['Match host sees HostName', 'Host a\n HostName h.x\nMatch host h.x\n User m', 'a'],
    ['Match originalhost', 'Host a\n HostName h.x\nMatch originalhost a\n User m', 'a'],
    ['Match negated', 'Match !host b,c\n Port 9', 'a'],
    ['Match several', 'Match host a user nobody\n Port 9\nMatch all\n Port 10', 'a'],
    ['Match user', 'Host a\n User me\nMatch user me\n Port 7', 'a'],
    ['Match final', 'Host a\n HostName h.x\nMatch final host h.x\n User late\nHost h.x\n Port 77', 'a'],
    ['ProxyJump none', 'Host a\n ProxyJump none\nHost *\n ProxyJump j', 'a'],
    ['ProxyCommand first', 'Host a\n ProxyCommand none\nHost *\n ProxyJump j', 'a'],
    ['upper case', 'HOST a\n PORT 12\n hostKEYalias K', 'a'],
    ['comment at the end', 'Host a # x\n Port 12 # y', 'a'],
    ['host in capitals', 'Host ATLAS\n Port 3\nHost atlas\n Port 4', 'ATLAS'],
  ])('%s', async (_, text, host) => expectSame(text, host));

  test('Include: absolute, with globs in order, inside a block that does not match', async () => {
    const one = await write('conf.d/10-one', 'Host a\n Port 11\n');
    await write('conf.d/20-two', 'Host a\n Port 22\n User two\n');
    await write('conf.d/.hidden', 'Host a\n HostKeyAlias hidden\n');
    const glob = join(dirname(one), '*');
    await expectSame(`Include ${glob}\nHost a\n Port 33`, 'a');
    await expectSame(`Host z\n Include ${glob}\n Port 44\nHost a\n User late`, 'a');
    await expectSame(`Host a\n Include ${glob}\n HostKeyAlias mine`, 'a');
  });

  test('random configurations', async () => {
    const word = fc.constantFrom('a', 'b', 'a.x', 'b.x', '*', '*.x', '!a', '!b.x', '?');
    const list = fc.array(word, { minLength: 1, maxLength: 3 });
    const head = fc.oneof(
      list.map((words) => `Host ${words.join(' ')}`),
      fc
        .tuple(fc.constantFrom('host', '!host', 'originalhost', '!user', 'user'), list)
        .map(([by, words]) => `Match ${by} ${words.join(',')}`),
      fc.constant('Match all'),
    );
    const setting = fc.oneof(
      fc.integer({ min: 1, max: 9 }).map((port) => `Port ${port}`),
      fc.constantFrom(
        'User a',
        'User b',
        'HostName %h.x',
        'HostName b',
        'ProxyJump j1,j2',
        'ProxyJump none',
        'IdentitiesOnly yes',
        'IdentitiesOnly no',
        'HostKeyAlias k',
      ),
    );
    const block = fc
      .tuple(head, fc.array(setting, { maxLength: 3 }))
      .map(([first, rest]) => [first, ...rest].join('\n  '));
    const config = fc.array(block, { minLength: 1, maxLength: 5 }).map((blocks) => blocks.join('\n'));
    await fc.assert(fc.asyncProperty(config, fc.constantFrom('a', 'b', 'a.x', 'b.x', 'c'), expectSame), {
      numRuns: 120,
    });
  });

  test('identity files add up, with tokens', async () => {
    const text =
      'Host a\n HostName h.x\n User me\n Port 9\n IdentityFile /k/%h-%r-%p-%n\n IdentityFile ~/two\nHost *\n IdentityFile /k/%%/%u\n IdentityFile ~/two';
    const resolved = resolveSshConfig(await load(text), 'a');
    const user = userInfo().username;
    expect(resolved.identityFiles.map(({ value }) => value)).toEqual([
      '/k/h.x-me-9-a',
      join(homeFolder, 'two'),
      `/k/%/${user}`,
    ]);
    expect((await reference('a')).get('identityfile')).toHaveLength(3);
    expect(resolved.identityFiles[0]?.source).toBe('~/.ssh/config line 5');
  });
});

describe('beyond ssh -G', () => {
  test('Match exec is never run: reported, and its lines left out', async () => {
    const marker = join(homeFolder, 'was-run');
    const config = await load(`Match host a exec "touch ${marker}"\n Port 99\nHost a\n Port 5`);
    expect(resolveSshConfig(config, 'a').port.number).toBe(5);
    expect(configWarnings(config)).toEqual([expect.stringContaining('~/.ssh/config line 1: Match exec')]);
    await expect(stat(marker)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('relative Includes are relative to ~/.ssh, circular ones end, unreadable ones are told', async () => {
    await write('relative', 'Host a\n Port 71\nInclude config\n');
    const config = await load('Include rel*\nInclude ~/.ssh/missing\nHost b "');
    expect(resolveSshConfig(config, 'a').port.number).toBe(71);
    expect(config.warnings.join('\n')).toContain('Includes inside each other');
    expect(config.warnings.join('\n')).toContain('a quote is not closed');
  });

  test('IdentityAgent: none, a variable, a path with tokens, SSH_AUTH_SOCK', async () => {
    const text =
      'Host n\n IdentityAgent none\nHost v\n IdentityAgent $MY_AGENT\nHost p\n IdentityAgent ~/agents/%r.sock\n User me\nHost s\n IdentityAgent SSH_AUTH_SOCK';
    const config = await load(text, { MY_AGENT: '/run/mine' });
    const agent = (host: string) => resolveSshConfig(config, host).identityAgent?.value;
    expect([agent('n'), agent('v'), agent('p'), agent('s'), agent('x')]).toEqual([
      'none',
      '/run/mine',
      join(homeFolder, 'agents/me.sock'),
      undefined,
      undefined,
    ]);
  });

  test('known-hosts files and names to pick', async () => {
    const config = await load(
      'Host a b *.x !c\n UserKnownHostsFile ~/k1 ~/k2\nHost d\n UserKnownHostsFile none\nHost a\n Port 3',
    );
    expect(configuredNames(config).map(({ name }) => name)).toEqual(['a', 'b', 'd']);
    expect(resolveSshConfig(config, 'a').userKnownHostsFiles).toEqual([
      join(homeFolder, 'k1'),
      join(homeFolder, 'k2'),
    ]);
    expect(resolveSshConfig(config, 'd').userKnownHostsFiles).toEqual([]);
    expect(resolveSshConfig(config, 'zz').isNamed).toBe(false);
    expect(resolveSshConfig(config, 'b.x').isNamed).toBe(true);
  });

  test('no line makes it throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'ab "\'\\=#\t,*!%'.split('')), maxLength: 40 }),
        (line) => {
          expect(() => splitLine(line)).not.toThrow();
        },
      ),
      { numRuns: 500 },
    );
  });
});
