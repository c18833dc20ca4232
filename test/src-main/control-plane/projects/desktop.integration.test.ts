/** Workspaces of Berth's own images on a real host: a browser that is typed into over VNC, and a shell. */
import { spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { ProjectTemplate } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { loadImage } from '#test/servers/images.ts';
import { browserImage, shellImage } from '#test/servers/own-images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { openRfb, type Screen } from '#test/servers/rfb-client.ts';
import { stopProcess } from '#test/servers/stop-process.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

/** Turns green once the word is typed: what a person would see change. */
const page = `data:text/html,<body style="background:rgb(200,0,0)"><input autofocus oninput="if(this.value==='berth')document.body.style.background='rgb(0,200,0)'">`;

let remote: RemoteHost;
let plane: TestPlane;
let host: Host;
let templates: ProjectTemplate[];

beforeAll(async () => {
  remote = await startRemoteHost({ diskMiB: 8192 });
  plane = await startPlane();
  await plane.client.call('credentials.createVault', { passphrase: 'a passphrase of this test' });
  host = await plane.addHost(remote);
  ({ templates } = await plane.client.call('projects.templates', {}));
}, 120_000);
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
});

async function createFrom(
  templateId: string,
  over: Partial<ProjectTemplate['definition']> = {},
): Promise<Workspace> {
  const definition = templates.find(({ id }) => id === templateId)?.definition;
  if (definition === undefined) throw new Error(`there is no template ${templateId}`);
  const project = await plane.client.call('projects.create', { ...definition, ...over });
  const { workspace, operation } = await plane.client.call('workspaces.create', {
    name: templateId,
    projectId: project.id,
    hostId: host.id,
    volumeName: null,
  });
  await plane.succeeded(operation.id, 120_000);
  return plane.workspaceIn(workspace.id, 'running');
}

const inspect = async (workspace: Workspace, format: string) =>
  (await remote.docker('inspect', '-f', format, workspace.containerId ?? '')).trim();
const inside = (workspace: Workspace, script: string) =>
  remote.docker('exec', workspace.containerId ?? '', 'bash', '-c', script);
const healthy = (workspace: Workspace) =>
  waitUntil(async () => (await inspect(workspace, '{{.State.Health.Status}}')) === 'healthy', {
    what: `${workspace.name} is healthy`,
    timeoutMs: 90_000,
  });

/** A connection to the container's own loopback, where nothing but its own processes and the host's root can be. */
async function viewerOf(workspace: Workspace, password: string) {
  const relay = 'exec 3<>/dev/tcp/127.0.0.1/5900; cat <&3 & cat >&3';
  const socket = `unix://${remote.engineSocketPathOnThisMachine}`;
  const argv = ['-H', socket, 'exec', '-i', workspace.containerId ?? '', 'bash', '-c', relay];
  const child = spawn('docker', argv, { stdio: ['pipe', 'pipe', 'ignore'] });
  const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
  try {
    const rfb = await openRfb(stream, password);
    return {
      rfb,
      async [Symbol.asyncDispose]() {
        rfb[Symbol.dispose]();
        await stopProcess(child);
      },
    };
  } catch (error) {
    await stopProcess(child);
    throw error;
  }
}

/** Of the middle of the page, below Chromium's own bars. */
function colourOf({ width, height, pixels }: Screen): string {
  const offset = (Math.floor(height * 0.75) * width + Math.floor(width / 2)) * 4;
  return [...pixels.subarray(offset, offset + 3)].join();
}

describe('a browser workspace', () => {
  let workspace: Workspace;
  let password: string;

  beforeAll(async () => {
    await loadImage(remote, await browserImage());
    workspace = await createFrom('berth-browser', {
      environment: [{ name: 'CHROMIUM_START_URL', value: page }],
      limits: { cpus: 2, memoryBytes: 2 * 1024 ** 3, pids: 512 },
    });
    ({ password } = await plane.client.call('workspaces.revealPassword', { id: workspace.id }));
  }, 300_000);

  it('says what it is, and has what its project says', async () => {
    expect(workspace).toMatchObject({
      kind: 'desktop',
      image: (await browserImage()).reference,
      accessPassword: { variable: 'VNC_PW', delivery: 'file' },
    });
    expect(workspace.apps?.map(({ port, soundPort }) => [port, soundPort])).toEqual([
      [5900, 4711],
      [6080, undefined],
    ]);
    expect(await inspect(workspace, '{{.HostConfig.ShmSize}} {{.HostConfig.CapDrop}} {{.Config.User}}')).toBe(
      `${1024 ** 3} [ALL] dev`,
    );
    expect(password).toMatch(/^[A-Za-z0-9_-]{20}$/);
  });

  it('becomes healthy, and shows its screen to the password alone; a page sees what is typed', {
    timeout: 120_000,
  }, async () => {
    await healthy(workspace);
    await expect(viewerOf(workspace, 'not it')).rejects.toThrow('Authentication failure');
    // All of it is asked for, and nothing more than it.
    for (const close of [password.slice(0, 8), password.slice(0, -1), `${password}x`, ''])
      await expect(viewerOf(workspace, close)).rejects.toThrow('Authentication failure');
    // More wrong ones must not shut the right one out.
    for (let count = 0; count < 6; count++)
      await expect(viewerOf(workspace, `wrong ${count}`)).rejects.toThrow('Authentication failure');
    await using viewer = await viewerOf(workspace, password);
    const shows = (colour: string) =>
      waitUntil(async () => colourOf(await viewer.rfb.screen()) === colour, {
        what: `the page is ${colour}`,
        timeoutMs: 60_000,
      });
    await shows('200,0,0');
    viewer.rfb.type('berth');
    await shows('0,200,0');
  });

  it('keeps the password from its programs, and everything from the network', async () => {
    const environments = await inside(
      workspace,
      'for pid in $(pgrep -x "chromium|openbox"); do tr "\\0" "\\n" </proc/$pid/environ || true; done',
    );
    expect(environments).toContain('DISPLAY=:1');
    expect(environments).not.toContain('VNC_PW');
    // Listening sockets (state 0A of proc(5)) beyond loopback, of IPv4 and IPv6.
    const listening = await inside(workspace, `awk '$4 == "0A" { print $2 }' /proc/net/tcp /proc/net/tcp6`);
    const addresses = listening
      .trim()
      .split('\n')
      .map((line) => line.split(':')[0]);
    expect(addresses.length).toBeGreaterThanOrEqual(2);
    // 127.0.0.0/8 (the engine's own name server is in it) and ::1, as the kernel writes them on this byte order.
    for (const address of addresses) expect(address).toMatch(/^([0-9A-F]{6}7F|0{24}01000000)$/);
    expect(await inside(workspace, 'stat -c %a /dev/shm/berth-screen.*/password')).toBe('600\n');
  });

  it('plays nothing at first, and nothing of that is sent to who hears it', async () => {
    const heard = (skipsSilence: boolean) => {
      const stream = plane.client.bytes('workspaces.dial', { id: workspace.id, port: 4711, skipsSilence });
      let bytes = 0;
      stream.onBytes((piece, done) => {
        bytes += piece.byteLength;
        done();
      });
      return { stream, ms: () => bytes / 192 };
    };
    // The one without is the clock of the other.
    const [all, quiet] = [heard(false), heard(true)];
    await waitUntil(() => all.ms() > 3_000, { what: 'three seconds of silence', timeoutMs: 60_000 });
    expect(quiet.ms()).toBeGreaterThan(400);
    expect(quiet.ms()).toBeLessThan(1_500);
    const before = quiet.ms();
    await waitUntil(() => all.ms() > 5_000, { what: 'two more', timeoutMs: 60_000 });
    expect(quiet.ms()).toBe(before);
    for (const { stream } of [all, quiet]) stream.close();
  });

  it('starts its sound again when that ends, and is a browser all the while', async () => {
    const browser = await inside(workspace, 'pgrep -o -x chromium');
    const before = await inside(workspace, 'pgrep -x pulseaudio');
    await inside(workspace, 'pkill -KILL -x pulseaudio');
    await waitUntil(async () => (await inside(workspace, 'pgrep -x pulseaudio')) !== before, {
      what: 'another PulseAudio',
    });
    // Its health is asked for, which takes a frame of sound.
    await waitUntil(async () => (await inside(workspace, 'berth-screen-healthy && echo well')) === 'well\n', {
      what: 'it sounds again',
    });
    expect(await inside(workspace, 'pgrep -o -x chromium')).toBe(browser);
  });

  it('starts Chromium again when it ends, and ends in order when it is told to', {
    timeout: 90_000,
  }, async () => {
    const before = (await inside(workspace, 'pgrep -o -x chromium')).trim();
    await inside(workspace, `kill -KILL ${before}`);
    await waitUntil(
      async () => {
        const now = (await inside(workspace, 'pgrep -o -x chromium || true')).trim();
        return now !== '' && now !== before;
      },
      { what: 'another Chromium', timeoutMs: 60_000 },
    );
    const stop = await plane.client.call('workspaces.stop', { id: workspace.id });
    await plane.succeeded(stop.id);
    // 137 would be the end of the grace time.
    expect(await inspect(workspace, '{{.State.ExitCode}}')).toBe('0');
  });

  it('comes back with its profile, and the same password', { timeout: 120_000 }, async () => {
    const start = await plane.client.call('workspaces.start', { id: workspace.id });
    await plane.succeeded(start.id);
    await healthy(workspace);
    await using viewer = await viewerOf(workspace, password);
    await waitUntil(async () => colourOf(await viewer.rfb.screen()) === '200,0,0', {
      what: 'the page is there again',
      timeoutMs: 60_000,
    });
  });
});

describe('a shell workspace', () => {
  it('is healthy and has its tools', { timeout: 180_000 }, async () => {
    await loadImage(remote, await shellImage());
    const workspace = await createFrom('berth-shell');
    expect(workspace).toMatchObject({ kind: 'shell', image: (await shellImage()).reference });
    expect(workspace.accessPassword).toBeUndefined();
    await healthy(workspace);
    expect(
      await inside(workspace, 'id -un; command -v tmux git curl rg | wc -l; touch ~/a && echo may'),
    ).toBe('dev\n4\nmay\n');
  });
});

describe('an image that cannot be built', () => {
  it('says why, in the operation that was asked for and in that of a workspace', {
    timeout: 90_000,
  }, async () => {
    // This host reaches no registry, and nobody loaded the base.
    const { reference } = await shellImage();
    const asked = await plane.client.call('projects.buildImage', { hostId: host.id, recipe: 'shell' });
    expect(asked).toMatchObject({ kind: 'image.build', subject: { kind: 'image', name: reference } });
    const ended = await plane.ended(asked.id, 60_000);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'image.build-failed' } });
    expect(ended.error?.message).toMatch(/docker load/);
    const log: string[] = [];
    for await (const line of plane.client.stream('operations.log', { id: asked.id })) log.push(line.text);
    expect(log).toContain(`docker build --tag ${reference} shell`);
    expect(log.join('\n')).toContain('FROM debian:bookworm-slim');
  });
});
