/** The earlier systems' paths over handlers that a test gives: shapes, refusals, and hostile names, ids and bodies. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import {
  localOwnerId,
  type ProjectId,
  type SnapshotId,
  type UserId,
  type WorkspaceId,
} from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import { type Project, projectDefaults } from '#contract/projects.ts';
import { type Scope, scopes } from '#contract/scopes.ts';
import type { Snapshot } from '#contract/snapshots.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { remoteName, renamedContainer } from '#main/control-plane/workspaces/workspace-spec.ts';
import { compatiblePaths } from '#main/server/compatible/compatible-paths.ts';
import { type CompatibleServer, startCompatibleServer } from '#test/harness/compatible-server.ts';
import { ask as askPlain, textWithoutId } from '#test/src-main/server/http-client.ts';
import { dispatcherWith } from '#test/transports/plane-double.ts';

const at = '2026-01-02T03:04:05.000Z';
const ann: UserId = 'user_11111111111111111111';
const bob: UserId = 'user_22222222222222222222';
const key = 'the operator’s key';
const projectId: ProjectId = `proj_${'1'.repeat(20)}`;
const workspaceId: WorkspaceId = `ws_abcdefghjkmn${'0'.repeat(8)}`;
const snapshotId: SnapshotId = `snap_${'1'.repeat(20)}`;

const project: Project = {
  ...projectDefaults,
  environment: [],
  id: projectId,
  name: 'first',
  image: 'debian:12',
  createdAt: at,
  changedAt: at,
};
const workspace: Workspace = {
  id: workspaceId,
  name: 'desk / top',
  projectId,
  projectName: 'first',
  hostId: `host_${'1'.repeat(20)}`,
  image: 'debian:12',
  imageDigest: null,
  mountPoint: '/home/dev',
  profile: 'standard',
  runtime: 'default',
  limits: { cpus: 1, memoryBytes: null, pids: 512 },
  desired: 'running',
  state: 'running',
  lastKnown: null,
  problem: null,
  containerId: 'c0ffee',
  volumeName: 'v',
  startedAt: at,
  createdAt: at,
  isAdopted: false,
  operationId: null,
  move: null,
};
const operation: Operation = {
  id: `op_${'1'.repeat(20)}`,
  kind: 'workspace.destroy',
  title: 'Work',
  subject: { kind: 'workspace', id: workspaceId, name: 'desk / top' },
  hostId: null,
  state: 'running',
  steps: [],
  error: null,
  canCancel: false,
  startedAt: at,
  endedAt: null,
};
const snapshot = (over: Partial<Snapshot>): Snapshot => ({
  id: snapshotId,
  name: 'one',
  note: '',
  isPinned: false,
  hostId: workspace.hostId,
  workspaceId,
  workspaceName: 'desk / top',
  createdAt: at,
  reason: 'person',
  consistency: 'paused',
  frozenMs: 1,
  hadHooks: false,
  isChangedWhileRead: false,
  image: 'debian:12',
  imageDigest: null,
  mountPoint: '/home/dev',
  sizeBytes: 1,
  contentBytes: 1,
  entryCount: 1,
  archiveSha256: 'a'.repeat(64),
  storage: 'archive',
  repositoryId: null,
  verifiedAt: at,
  problem: null,
  isHostAway: false,
  ...over,
});

let calls: { readonly name: string; readonly input: unknown; readonly userId: UserId }[];
let projects: Project[];
let workspaces: Workspace[];
let snapshots: Snapshot[];
/** What the operation becomes after it was seen to run. */
let end: Partial<Operation> | undefined;
let server: CompatibleServer;
let removals: string[];

async function* once<T>(items: readonly T[], signal?: AbortSignal): AsyncGenerator<CollectionItem<T>> {
  yield { type: 'all', revision: 1, items: [...items] };
  if (signal !== undefined && !signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
/** Each person's things apart, as the plane keeps them: Bob has none. */
const own = <T>(items: readonly T[], { userId }: Caller) => (userId === bob ? [] : items);
const called = (name: string, input: unknown, { userId }: Caller) => calls.push({ name, input, userId });

const handlers: Partial<Handlers> = {
  'projects.watch': (_input, { caller, signal }) => once(own(projects, caller), signal),
  'projects.create': (input, { caller }) => {
    called('projects.create', input, caller);
    return { ...input, id: projectId, createdAt: at, changedAt: at };
  },
  'projects.edit': (input, { caller }) => {
    called('projects.edit', input, caller);
    return { ...project, ...(input as Partial<Project>) };
  },
  'projects.remove': (input, { caller }) => {
    called('projects.remove', input, caller);
    if (own(projects, caller).length === 0) throw new BerthError('not-found', 'No project.');
    throw new BerthError('project.in-use', 'In use.');
  },
  'workspaces.watch': (_input, { caller, signal }) => once(own(workspaces, caller), signal),
  'workspaces.ensure': (input, { caller }) => {
    called('workspaces.ensure', input, caller);
    return { workspace, operation: end === undefined ? null : operation, isNew: end !== undefined };
  },
  'workspaces.destroy': (input, { caller }) => {
    called('workspaces.destroy', input, caller);
    return operation;
  },
  'hosts.watch': (_input, { signal }) => once([], signal),
  'operations.watch': (_input, { signal }) => once([{ ...operation, ...end }], signal),
  'snapshots.watch': (_input, { caller, signal }) => once(own(snapshots, caller), signal),
  'snapshots.create': (input, { caller }) => {
    called('snapshots.create', input, caller);
    return { snapshotId, operation };
  },
  'snapshots.restore': (input, { caller }) => {
    called('snapshots.restore', input, caller);
    return operation;
  },
  // As a plane without accounts.
  'account.watch': () => {
    throw new BerthError('not-found', 'None.');
  },
};

const health = {
  status: 'ok',
  live: true,
  ready: true,
  database: { state: 'ok' },
  hosts: { total: 0, connected: 0 },
  queue: { running: 0, waiting: 0 },
} as const;
let isReady: boolean;
const plane: Pick<Plane, 'health' | 'operator'> = {
  health: () => Promise.resolve({ ...health, ready: isReady }),
  operator: {
    destroyContainer: (name) => {
      removals.push(name);
      if (name === 'nothing') throw new BerthError('not-found', 'None.');
      return Promise.resolve({ ...operation, state: 'succeeded', endedAt: at });
    },
  },
};
const callerOf = (userId: UserId, userName: string, granted: readonly Scope[] = scopes): Caller => ({
  userId,
  userName,
  scopes: new Set(granted),
  mode: 'served',
  access: { by: 'token', sessionId: null, address: null },
});
const callers = {
  ann: callerOf(ann, 'Ann'),
  bob: callerOf(bob, 'Bob'),
  reader: callerOf(ann, 'Ann', ['projects.read', 'workspaces.read', 'snapshots.read']),
  browser: { ...callerOf(ann, 'Ann'), access: { by: 'browser', sessionId: null, address: null } },
} satisfies Record<string, Caller>;

beforeEach(async () => {
  calls = [];
  removals = [];
  projects = [project];
  workspaces = [workspace];
  snapshots = [];
  isReady = true;
  end = undefined;
  server = await startCompatibleServer({
    dispatcher: dispatcherWith(handlers),
    plane,
    callers,
    served: { deleteKey: new Secret(key) },
  });
});
afterEach(() => server.close());

interface Asked {
  readonly as?: keyof typeof callers | 'nobody';
  readonly body?: unknown;
  readonly form?: Record<string, string>;
  readonly raw?: string;
  readonly headers?: Record<string, string>;
}
async function ask(method: string, path: string, { as = 'ann', body, form, raw, headers }: Asked = {}) {
  const isJson = body !== undefined;
  const answer = await fetch(`${server.origin}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(as === 'nobody' ? {} : { authorization: `Bearer ${as}` }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(isJson ? { body: JSON.stringify(body) } : {}),
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
    ...(raw === undefined ? {} : { body: raw }),
  });
  const text = await answer.text();
  const value: unknown = /^[[{]/.test(text) ? JSON.parse(text) : undefined;
  return { status: answer.status, text, body: value as Record<string, unknown>, headers: answer.headers };
}
const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' };

describe('the root and health', () => {
  it('is data for programs and the window for browsers', async () => {
    const program = await ask('GET', '/', { as: 'nobody' });
    expect(program.body).toEqual({ name: 'berth', version: '1.2.3', docs: '/api/docs' });
    const places = ['/', '/projects', `/projects/${projectId}`, '/users/containers', '/snapshot/list'];
    for (const path of places)
      for (const mode of [{}, { 'sec-fetch-mode': 'navigate' }])
        expect([path, (await askPlain(server.port, { path, headers: { ...html, ...mode } })).text]).toEqual([
          path,
          '<!doctype html>the window',
        ]);
    // A page's own request for data is no navigation, whatever it accepts.
    const headers = { ...html, authorization: 'Bearer ann', 'sec-fetch-mode': 'cors' };
    expect(JSON.parse((await askPlain(server.port, { path: '/projects', headers })).text)).toHaveLength(1);
    expect((await ask('GET', '/elsewhere')).text).toBe('after it');
  });

  it('tells health to anybody, in numbers, and 503 only where it is asked whether it is ready', async () => {
    const whole = await ask('GET', '/health', { as: 'nobody' });
    expect([whole.status, whole.body, whole.headers.get('cache-control')]).toEqual([200, health, 'no-store']);
    expect((await ask('GET', '/health/ready', { as: 'nobody' })).status).toBe(200);
    isReady = false;
    expect((await ask('GET', '/health', { as: 'nobody' })).status).toBe(200);
    expect((await ask('GET', '/health/live', { as: 'nobody' })).body).toEqual({ status: 'ok', live: true });
    const unready = await ask('GET', '/health/ready', { as: 'nobody' });
    expect([unready.status, unready.body.ready]).toEqual([503, false]);
    expect(unready.headers.get('cache-control')).toBe('no-store');
  });
});

describe('who is not known, or may not', () => {
  const all: [string, string][] = Object.entries(compatiblePaths).flatMap(([path, item]) =>
    Object.keys(item)
      .filter((method) => ['get', 'post', 'put', 'delete'].includes(method))
      .map((method): [string, string] => [
        method.toUpperCase(),
        path.replace('{project_id}', projectId).replace('{name}', 'x').replace('{user_id}', 'me'),
      ]),
  );
  it('covers every path of the document', () => {
    expect(all.length).toBeGreaterThan(15);
  });
  it.each(all)('%s %s', async (method, path) => {
    const answer = await ask(method, path, { as: 'nobody' });
    const isPublic = path === '/' || path.startsWith('/health');
    // The operator's route is not there for strangers; the socket's path is none without an upgrade.
    const isHidden = path.startsWith('/container/') || path.startsWith('/ws/');
    expect(answer.status).toBe(isPublic ? 200 : isHidden ? 404 : 401);
    expect(calls).toEqual([]);
  });

  it('gives the same bytes for what is not there and what is somebody else’s', async () => {
    const nothing = await ask('GET', `/projects/proj_${'9'.repeat(20)}`);
    const theirs = await ask('GET', `/projects/${projectId}`, { as: 'bob' });
    expect([theirs.status, textWithoutId(theirs)]).toEqual([nothing.status, textWithoutId(nothing)]);
    expect(nothing.status).toBe(404);
    for (const [method, path] of [
      ['DELETE', '/container/desk%20%2F%20top'],
      ['DELETE', `/projects/${projectId}`],
      ['GET', '/snapshot/list?workspace=desk%20%2F%20top'],
      ['POST', '/snapshot/create'],
    ] as const)
      expect(
        (await ask(method, path, { as: 'bob', ...(method === 'POST' ? { body: {} } : {}) })).status,
      ).toBe(404);
    expect(calls.filter(({ name }) => name !== 'projects.remove')).toEqual([]);
  });

  it('is held to the scopes of a key', async () => {
    expect((await ask('GET', '/projects', { as: 'reader' })).status).toBe(200);
    for (const [method, path, body] of [
      ['POST', '/projects', { name: 'x' }],
      ['POST', '/users/container', { image: 'a:1' }],
      ['DELETE', '/users/container', undefined],
      ['POST', '/snapshot/create', { user: 'me' }],
    ] as const)
      expect([path, (await ask(method, path, { as: 'reader', body })).status]).toEqual([path, 404]);
    expect(calls).toEqual([]);
  });
});

describe('/projects', () => {
  it('makes one of a name alone, with what the earlier system did not know filled in', async () => {
    const made = await ask('POST', '/projects', {
      body: { name: 'new', description: null, owner: 'ignored' },
    });
    expect(made).toMatchObject({
      status: 201,
      body: { id: projectId, name: 'new', description: '', image: 'debian:12', user_id: ann, created_at: at },
    });
    expect(made.headers.get('location')).toBe(`/projects/${projectId}`);
    expect(calls).toEqual([
      {
        name: 'projects.create',
        userId: ann,
        input: { ...projectDefaults, environment: [], image: 'debian:12', name: 'new' },
      },
    ]);
  });

  it('takes Berth’s own fields too, and both spellings of the mount point', async () => {
    await ask('POST', '/projects', { body: { name: 'a', mount_point: '/data', profile: 'locked' } });
    expect(calls[0]?.input).toMatchObject({ mountPoint: '/data', profile: 'locked' });
  });

  it('replaces name and description, and leaves what it does not know', async () => {
    const put = await ask('PUT', `/projects/${projectId}`, { body: { name: 'b' } });
    expect(put.status).toBe(200);
    expect(calls).toEqual([
      { name: 'projects.edit', userId: ann, input: { id: projectId, name: 'b', description: '' } },
    ]);
  });

  it('pages as FastAPI does', async () => {
    projects = [3, 1, 2].map((number) => ({
      ...project,
      id: `proj_${String(number).repeat(20)}` as ProjectId,
      name: `p${number}`,
      createdAt: `2026-01-0${number}T00:00:00.000Z`,
    }));
    const page = await ask('GET', '/projects?skip=1&limit=1');
    expect((page.body as unknown as { name: string }[]).map(({ name }) => name)).toEqual(['p2']);
    expect((await ask('GET', '/projects?skip=9')).body).toEqual([]);
    for (const query of ['skip=-1', 'limit=0', 'limit=1001', 'skip=x', 'limit=1e9', 'skip=1.5'])
      expect([query, (await ask('GET', `/projects?${query}`)).status]).toEqual([query, 400]);
  });

  it.each([
    ['no name', {}],
    ['a name of spaces', { name: '  ' }],
    ['a name with an escape', { name: 'a\u001b[2J' }],
    ['a name that turns the text around', { name: 'a\u202eb' }],
    ['a name that is no text', { name: { $ne: null } }],
    ['an image that is a path', { name: 'a', image: '../../etc/passwd' }],
    ['an image with a command', { name: 'a', image: 'a;rm -rf /' }],
    ['a mount point over the system', { name: 'a', mount_point: '/etc' }],
    ['a description past all bounds', { name: 'a', description: 'x'.repeat(2001) }],
    ['an environment with a bad name', { name: 'a', environment: [{ name: 'A=B', value: '' }] }],
  ])('refuses %s, and says which field', async (_what, body) => {
    const answer = await ask('POST', '/projects', { body });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ detail: expect.any(String), error: { code: 'invalid-input' } });
    expect(calls).toEqual([]);
  });

  it.each(['proj_', '..%2f..%2fetc', '%00', 'a'.repeat(4000), '__proto__', projectId.toUpperCase(), '%ff'])(
    'finds nothing at /projects/%s',
    async (id) => {
      for (const method of ['GET', 'PUT', 'DELETE'])
        expect([
          method,
          (await ask(method, `/projects/${id}`, method === 'PUT' ? { body: { name: 'a' } } : {})).status,
        ]).toEqual([method, 404]);
      expect(calls).toEqual([]);
    },
  );

  it('says what is in the way of a removal', async () => {
    expect(await ask('DELETE', `/projects/${projectId}`)).toMatchObject({
      status: 409,
      body: { detail: 'In use.', error: { code: 'project.in-use' } },
    });
  });

  it('takes a form of a program, never of a browser’s session, and no other kind of body', async () => {
    expect((await ask('POST', '/projects', { form: { name: 'by form' } })).status).toBe(201);
    expect((await ask('POST', '/projects', { as: 'browser', form: { name: 'x' } })).status).toBe(400);
    const twice = 'name=a&name=b';
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await ask('POST', '/projects', { raw: twice, headers: form })).status).toBe(400);
    expect(
      (await ask('POST', '/projects', { raw: `name=${'x'.repeat(70_000)}`, headers: form })).status,
    ).toBe(413);
    const plain = { raw: '{"name":"x"}', headers: { 'content-type': 'text/plain' } };
    expect((await ask('POST', '/projects', plain)).status).toBe(415);
    const broken = { raw: '{"name":', headers: { 'content-type': 'application/json' } };
    expect((await ask('POST', '/projects', broken)).status).toBe(400);
    expect(calls.map(({ input }) => (input as { name: string }).name)).toEqual(['by form']);
  });
});

describe('/users/container', () => {
  it('passes what is wished on, and shows no password', async () => {
    end = { state: 'succeeded', endedAt: at };
    const made = await ask('POST', '/users/container', {
      body: { project_id: 'first', name: 'n', password: 'canary-9', password_delivery: 'file', ports: [80] },
    });
    expect(made).toMatchObject({ status: 201, body: { id: workspaceId, status: 'running', user_id: ann } });
    expect(made.text).not.toContain('canary-9');
    expect(calls[0]?.input).toMatchObject({
      projectId,
      image: null,
      name: 'n',
      accessPassword: { value: 'canary-9', variable: 'PASSWORD', delivery: 'file' },
    });
    expect(JSON.stringify(server.log.entries)).not.toContain('canary-9');
  });

  it('needs no body, says 200 for what runs, and 202 for what does not run yet', async () => {
    expect((await ask('POST', '/users/container')).status).toBe(200);
    end = {};
    const slow = await ask('POST', '/users/container', { body: { wait: 0 } });
    expect(slow).toMatchObject({ status: 202, body: { operation: { id: operation.id, state: 'running' } } });
    expect(slow.headers.get('location')).toBe(`/api/v1/operations/${operation.id}`);
  });

  it('fails with the words of the operation', async () => {
    const error = { code: 'image.not-found', message: 'There is no such image.', details: {} } as const;
    end = { state: 'failed', endedAt: at, error };
    expect(await ask('POST', '/users/container', { body: { image: 'a:1' } })).toMatchObject({
      status: 404,
      body: { detail: 'There is no such image.', error: { code: 'image.not-found' } },
    });
    end = { state: 'failed', endedAt: at, error: { ...error, code: 'workspace.start-failed' } };
    expect(await ask('POST', '/users/container', { body: { image: 'a:1' } })).toMatchObject({
      status: 502,
      body: { detail: 'There is no such image.', error: { code: 'workspace.start-failed' } },
    });
  });

  it.each([
    { image: '--privileged' },
    { image: 'a:1', password: 'with\nnewline' },
    { image: 'a:1', password: 'x'.repeat(129) },
    { image: 'a:1', password: 'p', password_variable: 'LD PRELOAD' },
    { image: 'a:1', password: 'p', password_delivery: 'label' },
    { image: 'a:1', wait: 1e9 },
    { image: 'a:1', host: 'no such' },
    { image: 'a:1', name: 'a\r\nSet-Cookie: x' },
  ])('refuses %j without repeating it', async (body) => {
    const answer = await ask('POST', '/users/container', { body });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain('newline');
    expect(calls).toEqual([]);
  });

  it('takes one’s only container away, its volume only when told so, and does not choose between two', async () => {
    end = { state: 'succeeded', endedAt: at };
    expect((await ask('DELETE', '/users/container')).body).toMatchObject({ status: 'removed' });
    await ask('DELETE', '/users/container?volumes=true&project_id=first');
    await ask('DELETE', '/users/container?volumes=false&name=desk%20%2F%20top');
    expect(calls.map(({ input }) => (input as { keepVolume: boolean }).keepVolume)).toEqual([
      true,
      false,
      true,
    ]);
    workspaces = [workspace, { ...workspace, id: `ws_${'2'.repeat(20)}`, name: 'another' }];
    expect((await ask('DELETE', '/users/container')).status).toBe(409);
    expect((await ask('DELETE', '/users/container?name=third')).status).toBe(404);
    expect((await ask('DELETE', '/users/container?volumes=perhaps')).status).toBe(400);
    expect(calls).toHaveLength(3);
  });
});

describe('/container/{name}', () => {
  const gone = { state: 'succeeded', endedAt: at } as const;

  it.each([
    'desk / top',
    workspaceId,
    'c0ffee',
    remoteName(workspaceId),
    renamedContainer(workspaceId, 'desk / top'),
  ])('takes one’s own away by %s, and asks for no key', async (name) => {
    end = gone;
    const answer = await ask('DELETE', `/container/${encodeURIComponent(name)}`);
    expect(answer).toMatchObject({ status: 200, body: { id: workspaceId, status: 'removed' } });
    expect(calls).toMatchObject([
      { name: 'workspaces.destroy', userId: ann, input: { id: workspaceId, keepVolume: true } },
    ]);
    expect(removals).toEqual([]);
  });

  it('takes anybody’s away with the key, wherever the key is', async () => {
    for (const [query, asked] of [
      [`?delete_key=${encodeURIComponent(key)}`, {}],
      ['', { body: { delete_key: key } }],
      ['', { form: { delete_key: key } }],
      ['', { headers: { 'X-Delete-Key': Buffer.from(key).toString('latin1') } }],
    ] as const) {
      const answer = await ask('DELETE', `/container/some-name${query}`, { as: 'nobody', ...asked });
      // A header is Latin-1 (RFC 9110): this key is not, and so is no key there.
      expect(answer.status).toBe('headers' in asked ? 404 : 200);
    }
    expect(removals).toEqual(['some-name', 'some-name', 'some-name']);
    expect((await ask('DELETE', `/container/nothing?delete_key=${encodeURIComponent(key)}`)).status).toBe(
      404,
    );
    expect(server.audited.map(({ outcome }) => outcome)).toEqual([
      'done',
      'done',
      'done',
      'not-found',
      'not-found',
    ]);
    expect(JSON.stringify([server.audited, server.log.entries])).not.toContain('operator');
  });

  it('is not there without a key, with a wrong one, and where none is configured', async () => {
    const answers = [
      await ask('DELETE', '/container/some-name', { as: 'nobody' }),
      await ask('DELETE', '/container/some-name?delete_key=', { as: 'nobody' }),
      await ask('DELETE', '/container/some-name?delete_key=wrong', { as: 'nobody' }),
      await ask('DELETE', '/container/some-name?delete_key=wrong', { as: 'bob' }),
      await ask('DELETE', `/container/some-name?delete_key=${'x'.repeat(2000)}`, { as: 'nobody' }),
    ];
    expect(new Set(answers.map((answer) => `${answer.status} ${textWithoutId(answer)}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(404);
    const open = await startCompatibleServer({ dispatcher: dispatcherWith(handlers), plane, callers });
    try {
      const url = `${open.origin}/container/some-name?delete_key=null`;
      expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
    } finally {
      await open.close();
    }
    expect(removals).toEqual([]);
  });

  it('stops who guesses, also when the right key comes at last, and nobody else', async () => {
    const from = (address: string, given: string) =>
      ask('DELETE', `/container/some-name?delete_key=${encodeURIComponent(given)}`, {
        as: 'nobody',
        headers: { 'x-test-address': address },
      });
    for (let tries = 0; tries < 10; tries++)
      expect((await from('203.0.113.1', `no ${tries}`)).status).toBe(404);
    expect((await from('203.0.113.1', 'no more')).status).toBe(429);
    expect((await from('203.0.113.1', key)).status).toBe(429);
    expect((await from('203.0.113.2', key)).status).toBe(200);
    for (let tries = 0; tries < 90; tries++)
      expect((await from(`198.51.100.${tries}`, 'no')).status).toBe(404);
    expect((await from('203.0.113.3', key)).status).toBe(429);
    expect(removals).toEqual(['some-name']);
  });

  it('still lets a person take an own one away after somebody guessed', async () => {
    end = gone;
    for (let tries = 0; tries < 11; tries++)
      await ask('DELETE', '/container/some-name?delete_key=no', { as: 'nobody' });
    expect((await ask('DELETE', '/container/c0ffee')).status).toBe(200);
  });

  it.each(['%00', '..%2f..', '%ff', '*', '%', 'a'.repeat(5000)])('finds nothing by %s', async (name) => {
    const status = await ask('DELETE', `/container/${name}`).then((answer) => answer.status);
    expect(status).toBe(404);
    expect([...calls, ...removals]).toEqual([]);
  });
});

describe('/snapshot', () => {
  it('makes one of a workspace, or of a person’s only one', async () => {
    end = { state: 'succeeded', endedAt: at };
    snapshots = [snapshot({ name: 'mine' })];
    const made = await ask('POST', '/snapshot/create', { body: { user: 'me', snapshot: 'mine', note: 'n' } });
    expect(made).toMatchObject({
      status: 201,
      body: { id: snapshotId, snapshot: 'mine', workspace: 'desk / top', status: 'created' },
    });
    for (const body of [
      { workspace: 'desk / top', name: 'mine', note: 'n' },
      { user: ann, workspace: workspaceId, snapshot: 'mine', note: 'n' },
      { user: 'Ann', snapshot: 'mine', note: 'n' },
    ])
      expect((await ask('POST', '/snapshot/create', { body })).status).toBe(201);
    expect(calls.map(({ input }) => input)).toEqual(
      Array.from({ length: 4 }, () => expect.objectContaining({ workspaceId, name: 'mine', note: 'n' })),
    );
  });

  it('is of oneself alone', async () => {
    for (const user of ['Bob', bob, 'bob@example.org', 'admin', '../me'])
      expect((await ask('POST', '/snapshot/create', { body: { user } })).status).toBe(404);
    expect(calls).toEqual([]);
  });

  it('restores by name, id or `latest`, which is never what a restore put aside', async () => {
    end = { state: 'succeeded', endedAt: at };
    const ids = [2, 3, 4].map((number): SnapshotId => `snap_${String(number).repeat(20)}`);
    snapshots = [
      snapshot({ id: ids[0] as SnapshotId, name: 'old', createdAt: '2026-01-01T00:00:00.000Z' }),
      snapshot({ id: ids[1] as SnapshotId, name: null, createdAt: '2026-01-02T00:00:00.000Z' }),
      snapshot({
        id: ids[2] as SnapshotId,
        name: null,
        createdAt: '2026-01-03T00:00:00.000Z',
        reason: 'safety',
      }),
    ];
    for (const word of ['old', ids[2] as string, 'latest'])
      expect((await ask('POST', '/snapshot/restore', { body: { user: 'me', snapshot: word } })).status).toBe(
        200,
      );
    expect(calls.map(({ input }) => (input as { id: string }).id)).toEqual([ids[0], ids[2], ids[1]]);
    snapshots = [...snapshots, snapshot({ name: 'latest', createdAt: '2025-01-01T00:00:00.000Z' })];
    expect(
      (await ask('POST', '/snapshot/restore', { body: { user: 'me', snapshot: 'latest' } })).status,
    ).toBe(409);
    expect((await ask('POST', '/snapshot/restore', { body: { user: 'me' } })).status).toBe(400);
  });

  it('lists the newest first, also of a workspace that was destroyed', async () => {
    const old = snapshot({ id: `snap_${'2'.repeat(20)}`, createdAt: '2025-01-01T00:00:00.000Z', name: null });
    const gone = snapshot({
      id: `snap_${'3'.repeat(20)}`,
      workspaceId: `ws_${'9'.repeat(20)}`,
      workspaceName: 'gone',
    });
    snapshots = [old, snapshot({}), gone];
    const names = async (query: string) =>
      ((await ask('GET', `/snapshot/list${query}`)).body as unknown as { id: string }[]).map(({ id }) => id);
    expect(await names('?workspace=desk%20%2F%20top')).toEqual([snapshotId, old.id]);
    expect(await names('?workspace=gone')).toEqual([gone.id]);
    expect(await names('')).toEqual([gone.id, snapshotId, old.id]);
  });
});

describe('a fault of ours', () => {
  it('says so, and gives nothing of it away', async () => {
    const broken = await startCompatibleServer({
      dispatcher: dispatcherWith({
        'projects.watch': () => {
          throw new TypeError('canary in a stack');
        },
      }),
      plane: {
        ...plane,
        health: () => Promise.reject(new TypeError('canary in a stack')),
      },
      callers: { ann: { ...callers.ann, userId: localOwnerId } },
    });
    try {
      for (const path of ['/projects', '/health']) {
        const answer = await fetch(`${broken.origin}${path}`, { headers: { authorization: 'Bearer ann' } });
        expect(answer.status).toBe(500);
        expect(await answer.text()).not.toContain('canary');
      }
    } finally {
      await broken.close();
    }
  });
});
