/** Ports, lifecycles and files on the command line, through the socket, at a plane that keeps them in memory. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { FileEntry } from '#contract/files.ts';
import type { Forward } from '#contract/forwards.ts';
import { ByteFrameReader } from '#contract/framed-bytes.ts';
import type { OperationKind } from '#contract/operations.ts';
import { type HostLease, type Lifecycle, noPolicy } from '#contract/lifecycles.ts';
import { CommandPlane, hostId, hostOf, workspaceOf } from '#test/harness/command-plane.ts';

let plane: CommandPlane;
let folder: string;
const workspaceId = workspaceOf(1).id;
const name = workspaceOf(1).name;

const forward: Forward = {
  id: `fwd_${'1'.padStart(20, '0')}`,
  workspaceId,
  kind: 'tcp',
  name: 'database',
  ...{ port: 5432, protocol: 'tcp', localPort: 15_432, origin: null, path: '/' },
  login: { how: 'none' },
  ...{ hostHeader: 'kept', isByRule: false, isWanted: true, state: 'ready', problem: null },
  traffic: { sentBytes: 1024, receivedBytes: 2_097_152, connections: 1, allConnections: 4, usedAt: null },
  createdAt: '2026-01-01T00:00:00.000Z',
};
const lifecycle: Lifecycle = {
  id: workspaceId,
  policy: { ...noPolicy, idleMinutes: 30, keepAwake: [{ kind: 'process', name: 'make' }] },
  judgement: 'quiet',
  seen: [],
  ...{ quietSinceAt: null, next: null, putOffUntil: null, leaseUntil: null },
};
const lease: HostLease = { id: hostId(1), state: 'absent', how: null, limits: ['It needs systemd.'] };
const entry = (more: Partial<FileEntry>): FileEntry => ({
  ...{ name: 'notes.txt', kind: 'file', sizeBytes: 5, mode: 0o644, owner: 'dev', group: 'dev' },
  ...{ modifiedAt: '2026-01-01T00:00:00.000Z', target: null, targetKind: null, version: '1' },
  ...more,
});

const sent: Buffer[] = [];
beforeEach(async () => {
  sent.length = 0;
  folder = await mkdtemp(join(tmpdir(), 'berth-port-commands-'));
  plane = await CommandPlane.start((self) => {
    const noted =
      <I, T>(method: string, answer: (input: I) => T) =>
      (input: I) => {
        self.note(method, input);
        return answer(input);
      };
    const begins = (method: string, kind: OperationKind) =>
      noted(method, (_input: unknown) => self.begin(kind, method));
    return {
      'forwards.create': noted(
        'forwards.create',
        ({ kind, localPort, port }: Pick<Forward, 'kind' | 'localPort' | 'port'>) => ({
          ...forward,
          ...{ kind, port, localPort: localPort ?? 40_000 },
        }),
      ),
      'forwards.restart': noted('forwards.restart', () => forward),
      'forwards.remove': noted('forwards.remove', () => ({})),
      'forwards.openPort': noted('forwards.openPort', () => ({ ...forward, kind: 'app' as const })),
      'forwards.open': noted('forwards.open', () => ({
        url: 'http://api-3000.localhost:47100/.berth/enter#ticket',
        expiresAt: '2026-01-01T00:01:00.000Z',
      })),
      'lifecycles.setPolicy': noted('lifecycles.setPolicy', ({ policy }: Pick<Lifecycle, 'policy'>) => ({
        ...lifecycle,
        policy,
      })),
      'lifecycles.putOff': noted('lifecycles.putOff', () => lifecycle),
      'lifecycles.timeline': async function* () {
        yield { at: '2026-01-01T10:00:00.000Z', event: 'started', text: 'Started', by: 'Ada' };
        yield {
          at: '2026-01-01T11:00:00.000Z',
          event: 'stopped',
          text: 'Stopped: no work\u001b[2J',
          by: null,
        };
      },
      'lifecycles.installLease': noted('lifecycles.installLease', () => ({
        ...lease,
        state: 'installed' as const,
        how: 'system' as const,
      })),
      'files.list': async function* () {
        yield { path: '/home/dev', isWritable: true, entries: [entry({ name: 'b\u001b[2J' })] };
        yield {
          path: '/home/dev',
          isWritable: true,
          entries: [entry({ name: 'a', kind: 'link', target: 'b', mode: 0o777 })],
        };
      },
      'files.look': ({ path }) => {
        if (path.endsWith('missing.txt')) throw new BerthError('not-found', 'Nothing is there.');
        return path.endsWith('src') ? entry({ name: 'src', kind: 'folder' }) : entry({});
      },
      'files.read': async (_input, channel) => channel.send(Buffer.from('hello')),
      'files.uploaded': noted('files.uploaded', () => ({ bytes: 2 })),
      'files.write': async (input, channel) => {
        self.note('files.write', input);
        await new Promise<void>((resolve) => {
          const reader = new ByteFrameReader(['input', 'inputEnd'], (frame) => {
            if (frame.kind === 'input') sent.push(Buffer.from(frame.bytes));
            else resolve();
          });
          channel.onReceive((bytes) => reader.push(bytes));
        });
      },
      'projects.buildImage': begins('projects.buildImage', 'image.build'),
      'files.remove': begins('files.remove', 'files.remove'),
      'files.copy': begins('files.copy', 'files.copy'),
      'files.setPermissions': begins('files.setPermissions', 'files.permissions'),
    };
  });
  plane.hosts.put(hostOf(1));
  plane.workspaces.put(workspaceOf(1));
  plane.forwards.put(forward);
  plane.lifecycles.put(lifecycle);
  plane.leases.put(lease);
  plane.ports.put({
    id: workspaceId,
    ports: [
      {
        ...{ port: 3000, reach: 'loopback', program: 'node', protocol: 'http', name: 'Dev server' },
        sinceAt: '2026-01-01T00:00:00.000Z',
      },
    ],
    problem: null,
  });
});
afterEach(async () => {
  await plane.close();
  await rm(folder, { recursive: true });
});

const asked = (method: string) =>
  plane.asked.filter((one) => one.method === method).map(({ input }) => input);

describe('ports', () => {
  it('are listed with the forwards', async () => {
    const { text, code } = await plane.call(['port', 'list']);
    expect(code).toBe(0);
    expect(text).toMatch(/3000 +http +node +Dev server/);
    expect(text).toContain('127.0.0.1:15432 leads to its port 5432');
    expect(text).toContain('2.0 MiB');
  });

  it('open by a link that is all that is printed', async () => {
    const { text } = await plane.call(['port', 'open', name, '3000']);
    expect(text).toBe('http://api-3000.localhost:47100/.berth/enter#ticket\n');
    expect(asked('forwards.openPort')).toEqual([{ workspaceId, port: 3000 }]);
  });

  it('are forwarded, both ways and as a proxy', async () => {
    await plane.call(['port', 'forward', name, '8080:3000', '--name', 'web']);
    await plane.call(['port', 'socks', name]);
    const back = await plane.call(['port', 'back', name, '9229:9000']);
    expect(asked('forwards.create')).toMatchObject([
      { kind: 'tcp', port: 3000, localPort: 8080, name: 'web' },
      { kind: 'socks', port: null, localPort: null },
      { kind: 'remote', port: 9000, localPort: 9229 },
    ]);
    expect(back.text).toContain('its port 9000 leads to 127.0.0.1:9229');
    expect((await plane.call(['port', 'forward', name, '99999'])).code).toBe(2);
  });

  it('find a forward by its name, by workspace and port, and say what there is', async () => {
    await plane.call(['port', 'restart', 'database']);
    await plane.call(['port', 'remove', `${name}:5432`]);
    expect([...asked('forwards.restart'), ...asked('forwards.remove')]).toEqual([
      { id: forward.id },
      { id: forward.id },
    ]);
    const { code, error } = await plane.call(['port', 'stop', 'nothing']);
    expect([code, error.includes(forward.id)]).toEqual([1, true]);
  });
});

describe('lifecycles', () => {
  it('show the policy, and change what was said of it alone', async () => {
    expect((await plane.call(['workspace', 'policy', name])).text).toContain('Is at work while make runs.');
    expect(asked('lifecycles.setPolicy')).toEqual([]);
    await plane.call(['workspace', 'policy', name, '--uptime', '12h']);
    expect(asked('lifecycles.setPolicy')).toEqual([
      { workspaceId, policy: { ...lifecycle.policy, endAfterMinutes: 720 } },
    ]);
  });

  it('are put off, and tell why', async () => {
    await plane.call(['workspace', 'put-off', name, '8h']);
    expect(asked('lifecycles.putOff')).toEqual([{ workspaceId, minutes: 480 }]);
    const { text } = await plane.call(['workspace', 'timeline', name]);
    expect(text).toMatch(/Started \(Ada\)\n.*Stopped: no work/);
    expect(text).not.toContain('\u001b');
  });

  it('hold by a lease where the host has one', async () => {
    expect((await plane.call(['host', 'lease', hostOf(1).name])).text).toBe(
      'No lease timer is there.\n  It needs systemd.\n',
    );
    expect((await plane.call(['host', 'lease', hostOf(1).name, 'install'])).text).toContain('(system)');
    expect(asked('lifecycles.installLease')).toEqual([{ hostId: hostId(1) }]);
    expect((await plane.call(['host', 'lease', hostOf(1).name, 'burn'])).code).toBe(2);
    plane.leases.put({ ...lease, state: 'installed', how: 'system' });
    const removed = await plane.call(['host', 'remove', hostOf(1).name]);
    expect(removed.error).toContain(`Take it off first: berth host lease "${hostOf(1).name}" remove`);
    expect(asked('hosts.remove')).toEqual([]);
  });
});

it('builds Berth’s own images on a host', async () => {
  const { code, text } = await plane.call(['host', 'build-image', hostOf(1).name, 'browser']);
  expect([code, text]).toEqual([0, `The browser image of "${hostOf(1).name}" is built.\n`]);
  expect(asked('projects.buildImage')).toEqual([{ hostId: hostId(1), recipe: 'browser' }]);
  expect((await plane.call(['host', 'build-image', hostOf(1).name, 'paint'])).code).toBe(2);
});

describe('files', () => {
  it('are listed by name, and steer no terminal', async () => {
    const { text } = await plane.call(['file', 'ls', `${name}:`]);
    expect(text).toMatch(/lrwxrwxrwx .* a -> b\n-rw-r--r-- +dev:dev +5 B/);
    expect(text).not.toContain('\u001b');
  });

  it('are saved, printed, and replaced only when that was said', async () => {
    const path = join(folder, 'notes.txt');
    expect((await plane.call(['file', 'get', `${name}:notes.txt`, folder])).text).toContain('Saved 5 B');
    expect(await readFile(path, 'utf8')).toBe('hello');
    expect((await plane.call(['file', 'get', `${name}:notes.txt`, path])).code).toBe(1);
    expect((await plane.call(['file', 'get', `${name}:notes.txt`, '-'])).text).toBe('hello');
  });

  it('are sent from where an earlier try of the same file broke off', async () => {
    const path = join(folder, 'sent.txt');
    await writeFile(path, 'abcdef');
    const { code, text } = await plane.call(['file', 'put', path, `${name}:src`]);
    expect([code, text]).toEqual([0, 'Sent 6 B to src/sent.txt\n']);
    expect(Buffer.concat(sent).toString()).toBe('cdef');
    expect(asked('files.write')).toMatchObject([
      { placeId: workspaceId, path: 'src/sent.txt', offset: 2, sizeBytes: 6, replaces: 'nothing' },
    ]);
    await plane.call(['file', 'put', path, `${name}:src`]);
    const keys = asked('files.uploaded').map((input) => (input as { uploadKey: string }).uploadKey);
    expect(new Set(keys).size).toBe(1);
  });

  it('are copied between places, moved, deleted after asking, and get modes', async () => {
    const host = `@${hostOf(1).name}`;
    await plane.call(['file', 'copy', `${name}:src/a`, `${name}:src/b`, `${host}:/srv`, '--move']);
    await plane.call(['file', 'rm', `${name}:src/a`]);
    await plane.call(['file', 'rm', `${name}:src/a`, '--yes']);
    await plane.call(['file', 'mode', '755', `${name}:run.sh`, '-R']);
    expect(asked('files.copy')).toEqual([
      {
        ...{ placeId: workspaceId, path: 'src', names: ['a', 'b'], toId: hostId(1), toPath: '/srv' },
        ...{ onConflict: 'fail', isMove: true },
      },
    ]);
    expect(asked('files.remove')).toEqual([{ placeId: workspaceId, path: 'src', names: ['a'] }]);
    expect(asked('files.setPermissions')).toMatchObject([
      { mode: 0o755, names: ['run.sh'], isRecursive: true },
    ]);
  });
});
