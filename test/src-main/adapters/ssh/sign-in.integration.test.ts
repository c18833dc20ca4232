/** Every way to sign in, against a real sshd: keys of all kinds, agents, passwords, questions, two factors, jump hosts. */
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { SshAuth } from '#contract/hosts.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { runChecked } from '#test/servers/run-process.ts';
import { startSshAgent } from '#test/servers/ssh-agent.ts';
import { generateKey, type SshKeyOptions } from '#test/servers/ssh-keys.ts';
import type { Clock } from '#main/control-plane/interfaces/clock.ts';
import {
  type AnyQuestion,
  ConnectorHarness,
  definitionFor,
  keyFile,
  realClock,
} from './connector-harness.ts';

let host: RemoteHost;
let harness: ConnectorHarness;
beforeAll(async () => {
  host = await startRemoteHost({ engine: false, sshdConfig: ['MaxAuthTries 6'] });
});
afterAll(() => host.stop());
beforeEach(async () => {
  harness = await ConnectorHarness.create();
});
afterEach(() => harness[Symbol.asyncDispose]());

const asRoot = (auth: SshAuth) => definitionFor(host, 'root', auth);
const newKey = (name: string, options: SshKeyOptions) =>
  generateKey(join(harness.homeFolder, '.ssh', name), options);
const passwordUser = { name: 'pat', password: 'right horse' };
const kinds = () => harness.questions.map((question) => question.kind);
const answers = (map: Partial<Record<AnyQuestion['kind'], unknown[]>>) => (question: AnyQuestion) =>
  question.kind === 'host-key' ? true : map[question.kind]?.shift();

describe('keys', () => {
  test.each<[string, SshKeyOptions]>([
    ['ed25519', { type: 'ed25519' }],
    ['ed25519, encrypted', { type: 'ed25519', passphrase: 'open sesame' }],
    ['rsa', { type: 'rsa' }],
    ['rsa, PEM', { type: 'rsa', format: 'pem' }],
    ['rsa, PEM, encrypted', { type: 'rsa', format: 'pem', passphrase: 'open sesame' }],
    ['ecdsa 256', { type: 'ecdsa' }],
    ['ecdsa 384, PEM', { type: 'ecdsa', bits: 384, format: 'pem' }],
    ['ecdsa 521, encrypted', { type: 'ecdsa', bits: 521, passphrase: 'open sesame' }],
  ])('%s', async (_, options) => {
    const key = await newKey('key', options);
    await host.authorizeRoot(key.publicLine);
    harness.answer = answers({ passphrase: [new Secret('wrong'), new Secret('open sesame')] });
    const connection = await harness.connect(asRoot(keyFile(key.path)));
    expect((await connection.exec(['id', '-un'])).stdout).toBe('root\n');
    const passphrases = harness.questions.filter((question) => question.kind === 'passphrase');
    expect(passphrases.map((question) => question.wasWrong)).toEqual(options.passphrase ? [false, true] : []);
    expect(harness.log.lines.join()).not.toContain('open sesame');
  });

  test.each([
    ['ed25519', ['genpkey', '-algorithm', 'ed25519']],
    ['rsa', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
    ['ec', ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256']],
    ['ed25519, encrypted', ['genpkey', '-algorithm', 'ed25519', '-aes-256-cbc', '-pass', 'pass:open sesame']],
  ])('PKCS #8 %s, from the keychain', async (name, args) => {
    const pem = await runChecked(['openssl', ...args]);
    const { readPrivateKey } = await import('#main/adapters/ssh/private-key.ts');
    const key = readPrivateKey(pem, 'x').unlock(new Secret('open sesame'));
    if (key === undefined) throw new Error(`${name}: not unlocked`);
    await host.authorizeRoot(`${key.type} ${key.getPublicSSH().toString('base64')}`);
    const connection = await harness.connect(
      asRoot({
        method: 'key',
        source: { kind: 'credential', credentialId: harness.keep(pem) },
        passphraseId: name.includes('encrypted') ? harness.keep('open sesame') : null,
      }),
    );
    expect((await connection.exec(['id', '-un'])).stdout).toBe('root\n');
    expect(kinds()).toEqual(['host-key']);
  });

  test('a passphrase that is wrong three times is given up; one that the server never wanted is not asked for', async () => {
    const key = await newKey('key', { type: 'ed25519', passphrase: 'secret' });
    harness.answer = answers({
      passphrase: [new Secret('a'), new Secret('b'), new Secret('c'), new Secret('secret')],
    });
    await expect(harness.connect(asRoot(keyFile(key.path)))).rejects.toMatchObject({
      code: 'host.auth-failed',
    });
    expect(kinds()).toEqual(['host-key']);
    await host.authorizeRoot(key.publicLine);
    await expect(harness.connect(asRoot(keyFile(key.path)))).rejects.toMatchObject({
      code: 'credential.wrong-passphrase',
      details: { hop: `root@${host.address}:22`, key: key.path },
    });
    expect(kinds().slice(1)).toEqual(['passphrase', 'passphrase', 'passphrase']);
  });

  test.each([
    ['public key', async (path: string) => await readFile(`${path}.pub`, 'utf8'), /public key/],
    ['damaged', async (path: string) => (await readFile(path, 'utf8')).slice(0, 90), /./],
    ['PuTTY 3', async () => 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n', /puttygen/],
    ['empty', async () => '', /is empty/],
    ['security key', async () => securityKey(), /security key/],
    ['some text', async () => 'hello', /not a private key/],
  ])('an unreadable key says why: %s', async (_, contentOf, message) => {
    const key = await newKey('key', { type: 'ed25519' });
    const path = join(harness.homeFolder, 'bad');
    await writeFile(path, await contentOf(key.path));
    await expect(harness.connect(asRoot(keyFile(path)))).rejects.toMatchObject({
      code: 'credential.unreadable-key',
      message: expect.stringMatching(message),
    });
  });

  test('a key that is not there, and one that the keychain lost', async () => {
    await expect(harness.connect(asRoot(keyFile('/no/such/key')))).rejects.toMatchObject({
      code: 'credential.unreadable-key',
    });
    const credentialId = harness.keep('x');
    harness.secrets.clear();
    await expect(
      harness.connect(
        asRoot({ method: 'key', source: { kind: 'credential', credentialId }, passphraseId: null }),
      ),
    ).rejects.toMatchObject({ code: 'credential.missing' });
  });
});

describe('agents', () => {
  test('of many keys only the named one is offered, by fingerprint, by file and by the configuration', async () => {
    const keys = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        newKey(`k${index}`, { type: index % 2 ? 'ecdsa' : 'ed25519', comment: `k${index}` }),
      ),
    );
    const wanted = keys[7]!;
    await host.authorizeRoot(wanted.publicLine);
    await using agent = await startSshAgent(keys.map((key) => key.path));
    harness.env.SSH_AUTH_SOCK = agent.socketPath;
    for (const key of [wanted.fingerprint, `${wanted.path}.pub`]) {
      const connection = await harness.connect(asRoot({ method: 'agent', key }));
      expect((await connection.exec(['true'])).exitCode).toBe(0);
    }
    // OpenSSH counts six offers and hangs up: the eighth key is only reached because no other one is offered.
    await harness.writeConfig(
      `Host box\n HostName ${host.address}\n User root\n IdentityFile ~/.ssh/k7.pub\n IdentitiesOnly yes\n`,
    );
    const named = {
      ...asRoot({ method: 'automatic' }),
      configName: 'box',
      address: null,
      user: null,
      port: null,
    };
    await harness.connect(named);
    expect(kinds()).toEqual(['host-key']);

    const failure = await harness
      .connect(asRoot({ method: 'agent', key: null }))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'host.auth-failed' });
    const tried = (failure as { details: { tried: string[] } }).details.tried;
    expect(tried).toHaveLength(5);
  });

  test('an RSA key of the agent signs with SHA-2', async () => {
    const key = await newKey('rsa', { type: 'rsa' });
    await host.authorizeRoot(key.publicLine);
    await using agent = await startSshAgent([key.path]);
    await harness.writeConfig(`Host *\n IdentityAgent ${agent.socketPath}\n`);
    const connection = await harness.connect(asRoot({ method: 'agent', key: key.fingerprint }));
    expect((await connection.exec(['true'])).exitCode).toBe(0);
  });

  test('no agent, a dead agent, and an agent without the key say so', async () => {
    await expect(harness.connect(asRoot({ method: 'agent', key: null }))).rejects.toMatchObject({
      code: 'host.agent-unavailable',
    });
    harness.env.SSH_AUTH_SOCK = join(harness.homeFolder, 'nobody.sock');
    await expect(harness.connect(asRoot({ method: 'agent', key: null }))).rejects.toMatchObject({
      code: 'host.agent-unavailable',
    });
    await using agent = await startSshAgent([]);
    harness.env.SSH_AUTH_SOCK = agent.socketPath;
    await expect(harness.connect(asRoot({ method: 'agent', key: 'SHA256:nope' }))).rejects.toMatchObject({
      code: 'host.auth-failed',
      message: expect.stringContaining('ssh-add'),
    });
  });

  test('candidates show configured names and the agent with its keys', async () => {
    const key = await newKey('key', { type: 'ed25519', comment: 'me@here' });
    await using agent = await startSshAgent([key.path]);
    harness.env.SSH_AUTH_SOCK = agent.socketPath;
    await harness.writeConfig('Host one two *.x\n Port 2200\n User me\nMatch exec true\n Port 1\n');
    const { candidates, agent: found, warnings } = await harness.connector.candidates();
    expect(candidates.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(candidates[0]?.detail).toBe('me@one:2200 (~/.ssh/config line 1)');
    expect(found).toEqual({
      socketPath: agent.socketPath,
      keys: [{ comment: 'me@here', type: 'ssh-ed25519', fingerprint: key.fingerprint }],
    });
    expect(warnings).toEqual([expect.stringContaining('Match exec')]);
  });
});

describe('passwords and questions', () => {
  beforeAll(() => host.addUser(passwordUser));
  const asPat = (auth: SshAuth) => definitionFor(host, 'pat', auth);

  test('a stored password; a wrong one is asked for again, three times in all', async () => {
    const right = harness.keep(passwordUser.password);
    await harness.connect(asPat({ method: 'password', credentialId: right }));
    expect(kinds()).toEqual(['host-key']);
    harness.answer = answers({ password: [new Secret('no'), new Secret(passwordUser.password)] });
    await harness.connect(asPat({ method: 'password', credentialId: harness.keep('old') }));
    expect(harness.questions.slice(1)).toEqual([
      { kind: 'password', subject: `pat@${host.address}:22`, wasWrong: true },
      { kind: 'password', subject: `pat@${host.address}:22`, wasWrong: true },
    ]);
    harness.questions.length = 0;
    harness.answer = answers({ password: Array.from({ length: 9 }, () => new Secret('no')) });
    await expect(harness.connect(asPat({ method: 'password', credentialId: null }))).rejects.toMatchObject({
      code: 'host.auth-failed',
      details: { tried: ['password'], user: 'pat' },
    });
    expect(harness.questions.map((question) => 'wasWrong' in question && question.wasWrong)).toEqual([
      false,
      true,
      true,
    ]);
    expect(harness.log.lines.join()).not.toContain(passwordUser.password);
  });

  test('a password given through keyboard-interactive alone', async () => {
    await host.setSshdConfig(['PasswordAuthentication no', 'KbdInteractiveAuthentication yes']);
    try {
      await harness.connect(asPat({ method: 'password', credentialId: harness.keep(passwordUser.password) }));
      harness.answer = answers({ password: [new Secret(passwordUser.password)] });
      await harness.connect(asPat({ method: 'automatic' }));
      expect(kinds()).toEqual(['host-key', 'password']);
    } finally {
      await host.setSshdConfig(['MaxAuthTries 6']);
    }
  });

  test('a declined question ends it, and an expired one passes its error on', async () => {
    await expect(harness.connect(asPat({ method: 'password', credentialId: null }))).rejects.toMatchObject({
      code: 'host.auth-failed',
    });
    const expired = new Error('expired');
    harness.answer = () => Promise.reject(expired);
    await expect(harness.connect(asPat({ method: 'password', credentialId: null }))).rejects.toBe(expired);
  });

  test('key, then password (partial success), with a key file and with an agent', async () => {
    const key = await newKey('key', { type: 'ed25519' });
    await host.run(['install', '-d', '-m', '0700', '-o', 'pat', '-g', 'pat', '/home/pat/.ssh']);
    await host.writeFile('/home/pat/.ssh/authorized_keys', `${key.publicLine}\n`, {
      mode: '0600',
      owner: 'pat',
    });
    await host.setSshdConfig(['Match User pat', ' AuthenticationMethods publickey,password']);
    try {
      harness.answer = answers({ password: [new Secret('no'), new Secret(passwordUser.password)] });
      const connection = await harness.connect(asPat(keyFile(key.path)));
      expect((await connection.exec(['id', '-un'])).stdout).toBe('pat\n');
      expect(kinds()).toEqual(['host-key', 'password', 'password']);
      await using agent = await startSshAgent([key.path]);
      harness.env.SSH_AUTH_SOCK = agent.socketPath;
      harness.answer = answers({ password: [new Secret(passwordUser.password)] });
      await harness.connect(asPat({ method: 'agent', key: key.fingerprint }));
      harness.answer = answers({});
      await expect(harness.connect(asPat(keyFile(key.path)))).rejects.toMatchObject({
        code: 'host.auth-failed',
        details: { isPartial: true, methodsLeft: ['password'] },
      });
    } finally {
      await host.setSshdConfig(['MaxAuthTries 6']);
    }
  });

  test('a person who types for longer than the server waits is not asked again', async () => {
    await host.setSshdConfig(['LoginGraceTime 1']);
    try {
      harness.answer = async (question) => {
        // The server hangs up in the midst of the question.
        const before = (await host.sshSessionPids()).length;
        expect(before).toBeGreaterThan(0);
        while ((await host.sshSessionPids()).length > 0);
        return question.kind === 'host-key' ? true : new Secret(passwordUser.password);
      };
      const connection = await harness.connect(asPat({ method: 'password', credentialId: null }));
      expect((await connection.exec(['id', '-un'])).stdout).toBe('pat\n');
      expect(kinds()).toEqual(['host-key', 'password']);
    } finally {
      await host.setSshdConfig(['MaxAuthTries 6']);
    }
  });
});

describe('jump hosts', () => {
  let inner: RemoteHost;
  beforeAll(async () => {
    // Only the jump host can sign in there: the way through it is the only way.
    inner = await startRemoteHost({ engine: false });
  });
  afterAll(() => inner.stop());
  const throughJump = (auth: SshAuth, jumpAuth: SshAuth) =>
    definitionFor(inner, 'root', auth, {
      jumps: [{ address: host.address, port: 22, user: 'root', auth: jumpAuth }],
    });

  test('each hop has its own key, host key and name; the failing one is named', async () => {
    // The hosts have no route to each other: the jump host's own loopback stands for the inner network.
    const local = { address: '127.0.0.1', port: 2222 };
    await host.setSshdConfig([
      'MaxAuthTries 6',
      `ListenAddress ${host.address}:22`,
      'ListenAddress 127.0.0.1:2222',
    ]);
    try {
      const definition = definitionFor(local, 'root', keyFile(host.clientKeyPath), {
        jumps: [{ address: host.address, port: 22, user: 'root', auth: keyFile(host.clientKeyPath) }],
      });
      const connection = await harness.connect(definition);
      expect((await connection.exec(['hostname'])).stdout.trim()).toBe(host.name);
      expect(harness.questions.map((question) => 'subject' in question && question.subject)).toEqual([
        `root@${host.address}:22`,
        'root@127.0.0.1:2222',
      ]);
      expect(harness.steps).toContain(`authenticating root@${host.address}:22`);
      const lost = new Promise((resolve) => connection.onLost(resolve));
      await host.killSshSessions('reset');
      expect(await lost).toMatchObject({ code: 'connection-lost' });
    } finally {
      await host.setSshdConfig(['MaxAuthTries 6']);
    }
  });

  test('errors name the hop', async () => {
    const wrongKey = await newKey('wrong', { type: 'ed25519' });
    await expect(
      harness.connect(throughJump(keyFile(inner.clientKeyPath), keyFile(wrongKey.path))),
    ).rejects.toMatchObject({ code: 'host.auth-failed', details: { hop: `root@${host.address}:22` } });
    await expect(
      harness.connect(throughJump(keyFile(inner.clientKeyPath), keyFile(host.clientKeyPath))),
    ).rejects.toMatchObject({
      code: 'host.unreachable',
      message: expect.stringMatching(/^The jump host root@\S+ could not reach \S+ on port 22 \(\w/),
      details: { hop: `root@${inner.address}:22` },
    });
  });

  test('as the configuration says (ProxyJump)', async () => {
    await host.setSshdConfig([
      'MaxAuthTries 6',
      `ListenAddress ${host.address}:22`,
      'ListenAddress 127.0.0.1:2222',
    ]);
    try {
      await harness.writeConfig(
        `Host door\n HostName ${host.address}\nHost inside\n HostName 127.0.0.1\n Port 2222\n ProxyJump door\nHost *\n User root\n IdentityFile ${host.clientKeyPath}\n`,
      );
      const { definition, effective } = await harness.connector.interpret('inside');
      expect(effective).toContainEqual({
        label: 'Jump host',
        value: `root@${host.address}:22`,
        source: '~/.ssh/config line 6',
      });
      const connection = await harness.connect(definition);
      expect((await connection.exec(['hostname'])).stdout.trim()).toBe(host.name);
    } finally {
      await host.setSshdConfig(['MaxAuthTries 6']);
    }
  });
});

describe('what is not a server to sign in to', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());
  const listen = (greet: (socket: import('node:net').Socket) => void): Promise<number> =>
    new Promise((resolve) => {
      const listening = createServer((socket) => {
        socket.on('error', () => undefined);
        greet(socket);
      });
      server = listening;
      listening.listen(0, '127.0.0.1', () => resolve((listening.address() as { port: number }).port));
    });
  const at = (port: number, address = '127.0.0.1') =>
    harness.connect(definitionFor({ address, port }, 'root', { method: 'password', credentialId: null }));

  test('a web server, a silent closer, a refused port, an unknown name, no common algorithm', async () => {
    const web = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await expect(at(web)).rejects.toMatchObject({
      code: 'host.not-ssh',
      message: expect.stringContaining('web server'),
    });
    server?.close();
    const busy = await listen((socket) => socket.end('Exceeded MaxStartups\r\n'));
    await expect(at(busy)).rejects.toMatchObject({
      code: 'host.unreachable',
      message: expect.stringContaining('too many'),
    });
    server?.close();
    const closer = await listen((socket) => socket.end());
    await expect(at(closer)).rejects.toMatchObject({ code: 'host.unreachable' });
    server?.close();
    await expect(at(closer)).rejects.toMatchObject({
      code: 'host.unreachable',
      message: expect.stringContaining('refuses'),
    });
    await expect(at(22, 'no-such-host.invalid')).rejects.toMatchObject({ code: 'host.unreachable' });
    await host.setSshdConfig(['Ciphers chacha20-poly1305@openssh.com']);
    try {
      await expect(harness.connect(asRoot(keyFile(host.clientKeyPath)))).rejects.toMatchObject({
        code: 'host.algorithm-mismatch',
        message: expect.stringContaining('cipher'),
      });
    } finally {
      await host.setSshdConfig(['MaxAuthTries 6']);
    }
  });

  test('a port that accepts and says nothing is given up in time, and is no SSH server', async () => {
    const silent = await listen(() => undefined);
    // The same time-outs, a hundred times as fast.
    const fast: Clock = { ...realClock, after: (delayMs, run) => realClock.after(delayMs / 100, run) };
    const hasty = new ConnectorHarness(harness.homeFolder, {}, fast);
    await expect(
      hasty.connect(definitionFor({ address: '127.0.0.1', port: silent }, 'root', { method: 'automatic' })),
    ).rejects.toMatchObject({ code: 'host.not-ssh', message: expect.stringContaining('says nothing') });
  });

  test('an abort ends a connect at once, wherever it is', async () => {
    const silent = await listen(() => undefined);
    const controller = new AbortController();
    const connecting = harness.connect(
      definitionFor({ address: '127.0.0.1', port: silent }, 'root', { method: 'automatic' }),
      {
        signal: controller.signal,
      },
    );
    server?.once('connection', () => controller.abort());
    await expect(connecting).rejects.toMatchObject({ code: 'cancelled' });
  });
});

/** The public shape of an sk-ssh-ed25519 key file; nothing in it is secret or real. */
function securityKey(): string {
  const text = (value: string | Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(value));
    return Buffer.concat([length, Buffer.from(value)]);
  };
  const blob = Buffer.concat([text('sk-ssh-ed25519@openssh.com'), text(Buffer.alloc(32)), text('ssh:')]);
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    ...[text('none'), text('none'), text(''), Buffer.from([0, 0, 0, 1]), text(blob), text('')],
  ]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
