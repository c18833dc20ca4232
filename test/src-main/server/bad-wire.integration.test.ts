/**
 * Wrong input over the wire, against a whole plane behind its real HTTP server: REST with a cookie, a WebSocket with the
 * product's own client, and raw sockets. Each failure has its code and names its fields; none repeats what was sent,
 * none is `internal`, and the plane serves on.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import { commonErrorCodes } from '#contract/error-codes.ts';
import type { SshDefinition } from '#contract/hosts.ts';
import { type BytesName, type CallName, contract, type StreamName } from '#contract/index.ts';
import { compose } from '#main/compose.ts';
import { servedDefaults } from '#main/config.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { type RunningServer, startHttpServer } from '#main/server/start-http-server.ts';
import { type ConnectedClient, createClient } from '#renderer/transport/client.ts';
import { webSocketConnection } from '#renderer/transport/websocket-connection.ts';
import { generateKey } from '#test/servers/ssh-keys.ts';
import { type Answer, ask, upgrade } from './http-client.ts';

/** In every text that is sent; in no answer. */
const canary = 'canary-5d0e';
const root = new URL('../../..', import.meta.url).pathname;

let folder: string;
let plane: Plane;
let server: RunningServer;
let cookie: string;
let client: ConnectedClient;
let web: Server;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-wire-'));
  await mkdir(join(folder, '.ssh'));
  plane = await compose(
    {
      version: '0.0.0-test',
      dataFolder: join(folder, 'data'),
      remoteScriptsFolder: join(root, 'resources', 'remote'),
      addHostFile: null,
    },
    { isOutputChecked: true, computer: { platform: 'linux', homeFolder: folder, env: {} } },
  );
  server = await startHttpServer(plane, {
    version: '0.0.0-test',
    dataFolder: join(folder, 'data'),
    host: '127.0.0.1',
    port: 0,
    publicOrigin: null,
    uiFolder: folder,
    served: servedDefaults,
  });
  await signIn();
  web = createHttpServer((_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
});

/** Whatever input signs out everywhere, the next test begins with somebody who is known. */
beforeEach(async () => {
  if ((await rest('GET', '/about', '')).status === 401) await signIn();
});

async function signIn(): Promise<void> {
  const ticket = new URL(server.createSignInLink()).hash.slice(1);
  const signedIn = await post('/session', { ticket });
  expect(signedIn.status).toBe(200);
  cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
  client = createClient(webSocketConnection((await socket()) as never));
}

afterAll(async () => {
  client?.close();
  web?.close();
  await server?.close();
  await plane?.close();
  await rm(folder, { recursive: true, force: true });
});

function rest(method: string, path: string, body: string, type = 'application/json'): Promise<Answer> {
  const host = `127.0.0.1:${server.port}`;
  const headers = { host, origin: `http://${host}`, 'x-berth': '1', 'content-type': type };
  return ask(server.port, {
    method,
    path: `/api/v1${path}`,
    headers: cookie === undefined ? headers : { ...headers, cookie },
    body,
  });
}
const post = (path: string, body: unknown) => rest('POST', path, JSON.stringify(body));

async function socket(): Promise<WebSocket> {
  const bought = await post('/socket-ticket', {});
  const { ticket } = JSON.parse(bought.text) as { ticket: string };
  const host = `127.0.0.1:${server.port}`;
  const opened = await upgrade(server.port, {
    protocols: ['berth.v1', `ticket.${ticket}`],
    headers: { host, origin: `http://${host}` },
  });
  if (typeof opened === 'number') throw new Error(`the upgrade was refused with ${opened}`);
  return opened;
}

/** The error that a method gives for an input of any shape. */
async function failureOf(name: string, input: unknown): Promise<BerthError | undefined> {
  try {
    const { kind } = contract[name as keyof typeof contract];
    if (kind === 'call') await client.call(name as CallName, input as never);
    else if (kind === 'stream') {
      // A watch yields what there is at once: one item is enough to know that it was let in.
      for await (const _item of client.stream(name as StreamName, input as never)) break;
    } else {
      const stream = client.bytes(name as BytesName, input as never);
      void stream.opened.then(() => stream.close());
      await stream.ended;
    }
    return undefined;
  } catch (error) {
    if (!BerthError.is(error)) throw error;
    return error;
  }
}

const project = {
  name: 'fine',
  image: 'debian:12',
  environment: [],
  limits: { cpus: 1, memoryBytes: 64 * 1024 * 1024, pids: 64 },
  mountPoint: '/work',
  profile: 'standard',
  runtime: 'default',
  shell: null,
};
const definition: SshDefinition = {
  kind: 'ssh',
  configName: null,
  address: '127.0.0.1',
  port: 1,
  user: 'dev',
  auth: { method: 'automatic' },
  jumps: [],
  engineSocket: null,
};
const without = (field: keyof typeof project) =>
  Object.fromEntries(Object.entries(project).filter(([name]) => name !== field));

describe('an input that breaks a rule', () => {
  const wrong: readonly (readonly [
    what: string,
    method: string,
    input: unknown,
    lines: readonly string[],
  ])[] = [
    [
      'a name of 81 characters',
      'projects.create',
      { ...project, name: 'x'.repeat(81) },
      ['name: must have at most 80 characters'],
    ],
    ['a name of blanks', 'projects.create', { ...project, name: '  ' }, ['name: must not be empty']],
    [
      'a control character',
      'projects.create',
      { ...project, name: 'a\u0000b' },
      ['name: must not contain control characters'],
    ],
    [
      'text that turns around',
      'projects.create',
      { ...project, name: 'a\u202eb' },
      ['name: must not contain control characters'],
    ],
    ['no name', 'projects.create', without('name'), ['name: is missing']],
    ['a number for a name', 'projects.create', { ...project, name: 7 }, ['name: must be text']],
    [
      'no image',
      'projects.create',
      { ...project, image: 'Debian; reboot' },
      ['image: must look like debian:12 or registry.example/team/image:tag'],
    ],
    [
      'a system folder',
      'projects.create',
      { ...project, mountPoint: '/etc' },
      ['mountPoint: must not cover a system folder'],
    ],
    [
      'a way out of the folder',
      'projects.create',
      { ...project, mountPoint: '/work/../etc' },
      ['mountPoint: must not contain . or ..'],
    ],
    [
      'a variable with =',
      'projects.create',
      { ...project, environment: [{ name: 'A=B', value: '' }] },
      ['environment.0.name: must be letters, digits and _, and not begin with a digit'],
    ],
    [
      'too little memory',
      'projects.create',
      { ...project, limits: { ...project.limits, memoryBytes: 4096 } },
      ['limits.memoryBytes: must be at least 16 MiB'],
    ],
    [
      'too little of a processor',
      'projects.create',
      { ...project, limits: { ...project.limits, cpus: 0.001 } },
      ['limits.cpus: must be at least 0.05'],
    ],
    [
      'half a process',
      'projects.create',
      { ...project, limits: { ...project.limits, pids: 16.5 } },
      ['limits.pids: must be a whole number'],
    ],
    [
      'an unknown profile',
      'projects.create',
      { ...project, profile: canary },
      ['profile: must be one of standard, root-inside, locked'],
    ],
    [
      'no address and no user',
      'hosts.add',
      { name: 'a', definition: { ...definition, address: null, user: null } },
      [
        'definition.address: must not be empty: type a host name or an IP address',
        'definition.user: must not be empty: type the user to sign in as',
      ],
    ],
    [
      'an address with a slash',
      'hosts.test',
      { hostId: null, definition: { ...definition, address: `${canary}/x` } },
      ['definition.address: must be a host name or an IP address'],
    ],
    [
      'an address like an option',
      'hosts.test',
      { hostId: null, definition: { ...definition, address: '-oProxyCommand=x' } },
      ['definition.address: must be a host name or an IP address'],
    ],
    [
      'a port too high',
      'hosts.test',
      { hostId: null, definition: { ...definition, port: 70_000 } },
      ['definition.port: must be 1 to 65535'],
    ],
    [
      'a key without a path',
      'hosts.test',
      {
        hostId: null,
        definition: {
          ...definition,
          auth: { method: 'key', source: { kind: 'file', path: '' }, passphraseId: null },
        },
      },
      ['definition.auth.source.path: must not be empty'],
    ],
    [
      'a hop without an address',
      'hosts.test',
      {
        hostId: null,
        definition: {
          ...definition,
          jumps: [{ address: '', port: 22, user: 'dev', auth: { method: 'automatic' } }],
        },
      },
      [
        'definition.jumps.0.address: must not be empty',
        'definition.jumps.0.address: must be a host name or an IP address',
      ],
    ],
    [
      'an unknown way to sign in',
      'hosts.test',
      { hostId: null, definition: { ...definition, auth: { method: canary } } },
      ['definition.auth.method: is none of the kinds that it can be'],
    ],
    [
      'a line that names no server',
      'hosts.interpret',
      { text: `${canary} two` },
      [
        'text: This names no server. Type user@host, user@host:port, a name from the SSH configuration, or paste an ssh command.',
      ],
    ],
    [
      'a port that is no number',
      'hosts.interpret',
      { text: `ssh -p ${canary} host` },
      ['text: The port must be a number from 1 to 65535.'],
    ],
    [
      'jump hosts that are none',
      'hosts.interpret',
      { text: `ssh -J "${canary} x" host` },
      ['text: The jump hosts cannot be read: write [user@]host[:port], separated by commas.'],
    ],
    [
      'an empty secret',
      'credentials.add',
      { label: 'x', kind: 'password', secret: '' },
      ['secret: must not be empty'],
    ],
  ];

  it.each(wrong)('%s, over the socket', async (_what, method, input, lines) => {
    const failure = await failureOf(method, input);
    expect(failure?.code).toBe('invalid-input');
    expect(failure?.details.fields).toEqual(lines);
    expect(JSON.stringify(failure?.toShape())).not.toContain(canary);
  });

  it('has the same words over REST, with status 400', async () => {
    for (const [, method, input, lines] of wrong) {
      if (method !== 'projects.create' && method !== 'hosts.add') continue;
      const answer = await post(method === 'hosts.add' ? '/hosts' : '/projects', input);
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.text)).toMatchObject({
        error: { code: 'invalid-input', details: { fields: [...lines] } },
      });
      expect(answer.text).not.toContain(canary);
    }
  });

  it('lets odd names through, whole: quotes, ../, shell signs, emoji, right to left', async () => {
    const name = `a"b'c ../../etc $(reboot); rm -rf / ⚓ مرسى`;
    expect(await client.call('projects.create', { ...project, name } as never)).toMatchObject({ name });
  });

  it('says so of a body that is no JSON, and of JSON that is no object', async () => {
    for (const body of ['{"name"', '[1]', '"text"', 'null', '\u0000']) {
      const answer = await rest('POST', '/projects', body);
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
        400,
        { error: { code: 'invalid-input', message: expect.stringContaining('JSON') } },
      ]);
    }
  });
});

describe('a server that cannot be used', () => {
  const failing = (over: Partial<SshDefinition>) =>
    failureOf('hosts.test', { hostId: null, definition: { ...definition, ...over } });

  it('a port where nothing listens', async () => {
    expect(await failing({})).toMatchObject({
      code: 'host.unreachable',
      message: expect.stringContaining('Check the port'),
      details: { hop: 'dev@127.0.0.1:1', address: '127.0.0.1', port: 1 },
    });
  });

  it('a port that speaks HTTP', async () => {
    const { port } = web.address() as AddressInfo;
    expect(await failing({ port })).toMatchObject({ code: 'host.not-ssh', details: { port } });
  });

  it('a hop that fails is named, in message and details', async () => {
    const jumps: SshDefinition['jumps'] = [
      { address: '127.0.0.1', port: 2, user: 'gate', auth: { method: 'automatic' } },
    ];
    expect(await failing({ jumps })).toMatchObject({
      code: 'host.unreachable',
      message: expect.stringContaining('at the jump host gate@127.0.0.1:2'),
      details: { hop: 'gate@127.0.0.1:2', jumpHost: 'gate@127.0.0.1:2' },
    });
  });

  it('a loop of jump hosts in the configuration', async () => {
    const config = 'Host round\n ProxyJump about\nHost about\n ProxyJump round\n';
    await writeFile(join(folder, '.ssh', 'config'), config);
    for (const method of ['hosts.interpret', 'hosts.test'] as const)
      expect(
        await failureOf(method, {
          text: 'round',
          hostId: null,
          definition: { ...definition, configName: 'round', address: null },
        }),
      ).toMatchObject({ code: 'host.ssh-config-invalid', details: { source: '~/.ssh/config line 4' } });
  });

  it('a kept private key that is none, or is a public one', async () => {
    const { publicLine } = await generateKey(join(folder, 'key'), { type: 'ed25519' });
    for (const secret of [publicLine, canary]) {
      const failure = await failureOf('credentials.add', { label: 'key', kind: 'private-key', secret });
      expect(failure?.code).toBe('credential.unreadable-key');
      expect(JSON.stringify(failure?.toShape())).not.toContain(secret);
    }
  });
});

/** Names that inputs have, so that garbage gets past the first check now and then. */
const fieldNames = [
  ...new Set(
    Object.values(contract).flatMap((method) =>
      Object.keys((method.input as { shape?: object }).shape ?? {}),
    ),
  ),
  'kind',
  '__proto__',
  'constructor',
];
const leaf = fc.oneof(
  fc.string().map((text) => `${canary}${text}`),
  fc.constantFrom(canary, `host_${canary}`, `../${canary}`, `'; ${canary}`, `${canary}\u0000`),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);
const { garbage } = fc.letrec<{ garbage: unknown }>((tie) => ({
  garbage: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('garbage'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...fieldNames), tie('garbage'), { maxKeys: 6 }),
  ),
}));

describe('garbage', () => {
  it.each(Object.keys(contract))(
    'into %s: a declared code, and not a word of what was sent',
    async (name) => {
      const method = contract[name as keyof typeof contract];
      const declared = new Set<string>([...commonErrorCodes, ...method.errors]);
      await fc.assert(
        fc.asyncProperty(garbage, async (input) => {
          const failure = await failureOf(name, input);
          if (failure === undefined) return;
          expect(declared).toContain(failure.code);
          expect(failure.code).not.toBe('internal');
          expect(JSON.stringify(failure.toShape())).not.toContain(canary);
        }),
        { numRuns: 40 },
      );
    },
  );

  it('as methods: what there is not and what one may not know are the same', async () => {
    const call = (name: string) => client.call(name as CallName, {} as never);
    for (const name of [canary, '__proto__', 'constructor', 'hosts', 'hosts.watch', ''])
      await expect(call(name)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('as frames: that socket ends, told why, and the others live on', async () => {
    const frames = fc.oneof(
      fc.json().map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
      fc
        .record({ t: fc.constantFrom('call', 'open', 'credit', 'cancel', canary), id: leaf })
        .map((frame) => Buffer.from(JSON.stringify(frame))),
    );
    await fc.assert(
      fc.asyncProperty(frames, fc.boolean(), async (bytes, isBinary) => {
        const raw = await socket();
        const heard: string[] = [];
        raw.on('message', (data) => heard.push((data as Buffer).toString()));
        raw.send(bytes, { binary: isBinary });
        // What is no offence is answered: the ping behind it then, else the end.
        raw.send(JSON.stringify({ t: 'ping', n: 1 }));
        await new Promise<void>((resolve) => {
          raw.once('close', () => resolve());
          raw.on('message', (data) => (data as Buffer).includes('pong') && resolve());
        });
        raw.terminate();
        expect(heard.join()).not.toContain(canary);
      }),
      { numRuns: 40 },
    );
    expect((await client.call('about.get', {})).version).toBe('0.0.0-test');
  });
});
