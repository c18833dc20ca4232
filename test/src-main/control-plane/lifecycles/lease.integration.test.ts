/**
 * A host that keeps leases by a real systemd: its timer, its reboots, its users; with the Berth that gave the leases killed.
 * The timer is made to run each second by a drop-in, as a person could; all else is as Berth puts it there.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import { noPolicy } from '#contract/lifecycles.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import type { Errand } from '#test/harness/plane-child.ts';
import { startPlane, type TestPlane } from '#test/harness/start-plane.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const child = new URL('../../../harness/plane-child.ts', import.meta.url).pathname;
const script = new URL('../../../../resources/remote/lease.sh', import.meta.url);
const minute = 60_000;
const data = '/var/lib/berth/lease';
const eachSecond =
  '[Timer]\nOnActiveSec=\nOnUnitActiveSec=\nOnActiveSec=1\nOnUnitActiveSec=1\nAccuracySec=10ms\n';

let remote: RemoteHost;
let folder: string;
let clock: ManualClock;
let plane: TestPlane;
let host: Host;
/** One with a lease of ten minutes, and one without. */
let leased: Workspace;
let free: Workspace;
let other: ChildProcess | undefined;

beforeAll(async () => {
  remote = await startRemoteHost({ systemd: true });
  await loadImage(remote, await busyboxImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-leases-'));
  clock = new ManualClock(new Date().toISOString());
  plane = await startPlane({ folder, lifecycleClock: clock });
  host = await plane.addHost(remote);
  const project = await plane.createProject('berth-busybox:test');
  [leased, free] = await Promise.all([
    plane.createWorkspace({ host, project }),
    plane.createWorkspace({ host, project }),
  ]);
  await plane.client.call('lifecycles.setPolicy', {
    workspaceId: leased.id,
    policy: { ...noPolicy, leaseMinutes: 10 },
  });
}, 120_000);
afterEach(() => void other?.kill('SIGKILL'));
afterAll(async () => {
  await plane?.close();
  await remote?.stop();
  await rm(folder, { recursive: true, force: true });
});

const sh = async (text: string, user?: string) =>
  (await remote.runChecked(['sh', '-c', text], user === undefined ? {} : { user })).trim();
const isRunning = async ({ containerId }: Workspace) =>
  (await remote.docker('inspect', '-f', '{{.State.Running}}', containerId ?? '')).trim() === 'true';
const leaseFile = () => sh(`echo ${data}/*/leases/${leased.id}`);
const untilS = async () => Number((await remote.readFile(await leaseFile())).split(' ')[0]);
const nowS = () => Math.floor(Date.now() / 1_000);

/** Runs of the timer's service that ended well, by what systemd itself says. */
async function timerRuns(count: number): Promise<void> {
  const invocation = () => sh('systemctl show -P InvocationID berth-lease.service');
  for (let run = 0; run < count; run++) {
    const before = await invocation();
    const what = 'the timer runs';
    await waitUntil(async () => (await invocation()) !== before, { what, timeoutMs: 30_000 });
  }
  await waitUntil(
    async () => (await sh('systemctl show -P ActiveState berth-lease.service')) === 'inactive',
    {
      what: 'its service ends',
    },
  );
  expect(await sh('systemctl show -P Result berth-lease.service')).toBe('success');
}
async function hurry(): Promise<void> {
  await remote.writeFile('/etc/systemd/system/berth-lease.timer.d/each-second.conf', eachSecond);
  await sh('systemctl daemon-reload && systemctl restart berth-lease.timer');
  await timerRuns(1);
}
/** The ten minutes after a start are over. */
const settle = () => sh(`sed -i 's/ [0-9]*$/ 0/' ${data}/state`);

/** Its timeline up to the first entry after the first `skipped` ones that is so. */
async function toldUntil(text: RegExp, skipped = 0): Promise<string[]> {
  const told: string[] = [];
  const signal = AbortSignal.timeout(30_000);
  const input = { workspaceId: leased.id };
  for await (const entry of plane.client.stream('lifecycles.timeline', input, { signal })) {
    told.push(`${entry.event}: ${entry.text}`);
    if (told.length > skipped && text.test(told.at(-1) ?? '')) return told;
  }
  throw new Error(`the timeline ended: ${told.join('\n')}`);
}
async function toldSoFar(): Promise<number> {
  const input = { workspaceId: leased.id, isFollowed: false };
  let count = 0;
  for await (const _ of plane.client.stream('lifecycles.timeline', input)) count++;
  return count;
}
/** What is on the host of leases. */
const left = () =>
  sh(
    'find /usr/local/lib/berth /var/lib/berth 2>/dev/null; find /etc/systemd /run/systemd/system -name "*berth-lease*"',
  );

it('is put there with a timer that systemd runs, and is renewed while Berth is there', async () => {
  const lease = await plane.client.call('lifecycles.installLease', { hostId: host.id });
  expect(lease).toMatchObject({ state: 'installed', how: 'system' });
  expect(lease.limits.join(' ')).not.toContain('does not run');
  expect(await sh('systemctl is-enabled berth-lease.timer; systemctl is-active berth-lease.timer')).toBe(
    'enabled\nactive',
  );
  expect(await sh('systemctl list-timers --no-legend')).toContain('berth-lease.service');
  expect(
    await sh(
      `stat -c '%a %U' /usr/local/lib/berth/lease.sh /etc/systemd/system/berth-lease.timer ${data} ${data}/*/leases`,
    ),
  ).toBe('755 root\n644 root\n755 root\n755 root');
  await hurry();
  await waitUntil(async () => (await untilS()) > nowS() + 500, { what: 'the first lease' });
  await sh(`echo ${nowS() + 60} 1 >${await leaseFile()}`);
  await clock.advance(6 * minute);
  await waitUntil(async () => (await untilS()) > nowS() + 500, { what: 'the lease is renewed' });
  expect(await isRunning(leased)).toBe(true);
});

it('is out of reach of whoever is in the workspace, root or not, and of other logins of the host', async () => {
  const before = await remote.readFile(await leaseFile());
  await remote.addUser({ name: 'mallory' });
  const [file, mounts] = [
    await leaseFile(),
    await remote.docker('inspect', '-f', '{{range .Mounts}}{{.Source}} {{end}}', leased.containerId ?? ''),
  ];
  expect(mounts).not.toContain('/var/lib/berth');
  for (const user of ['0', '1000']) {
    const text = `ls ${data} /usr/local/lib/berth /run/docker.sock /run/systemd 2>/dev/null | wc -l`;
    const inside = ['exec', '-u', user, free.containerId ?? '', 'sh', '-c', text];
    expect((await remote.docker(...inside)).trim()).toBe('0');
  }
  for (const attempt of [
    `echo 99999999999 1 >${file}`,
    `rm -f ${file}`,
    `mv ${data} ${data}-away`,
    `echo >>/usr/local/lib/berth/lease.sh`,
    'systemctl stop berth-lease.timer',
  ])
    expect((await remote.run(['sh', '-c', attempt], { user: 'mallory' })).exitCode, attempt).not.toBe(0);
  expect(await remote.readFile(file)).toBe(before);
  await timerRuns(1);
});

it('that was half written stops nothing, and the timeline says so', async () => {
  await settle();
  const before = await toldSoFar();
  await sh(`printf 17000000 >${await leaseFile()}`);
  await timerRuns(2);
  expect(await isRunning(leased)).toBe(true);
  await clock.advance(6 * minute);
  await waitUntil(async () => (await untilS()) > nowS() + 500, { what: 'another lease' });
  const now = await toldUntil(/could not be read/, before);
  expect(now.at(-1)).toBe(
    'failed: Its lease on its host could not be read, and would not have stopped it. It is written anew',
  );
});

it('that seems to have run out by a jump of the clock stops nothing', async () => {
  await settle();
  // The unit's path begins with this folder: its clock goes wrong, and this machine's does not.
  const date = '#!/bin/sh\necho $(($(/bin/date +%s) + 7200))\n';
  await remote.writeFile('/usr/local/bin/date', date, { mode: '0755' });
  await timerRuns(2);
  expect(await isRunning(leased)).toBe(true);
  expect((await remote.readFile(`${data}/state`)).trim()).not.toMatch(/ 0$/);
  await sh('rm /usr/local/bin/date');
  await timerRuns(2);
  expect(await isRunning(leased)).toBe(true);
});

it('goes on after a power cut: the timer is there again, and waits for whoever renews it', async () => {
  await plane.close();
  await settle();
  await remote.syncDisk();
  await remote.powerCut();
  await remote.boot();
  await remote.docker('start', leased.containerId ?? '', free.containerId ?? '');
  await sh(`echo 1700000000 1 >${await leaseFile()}`);
  await timerRuns(2);
  expect(await isRunning(leased)).toBe(true);
});

it('stops its workspace, and no other, once Berth was killed and its time is over', async () => {
  const errand: Errand = { folder, hostId: host.id, act: { kind: 'live' }, step: '', delayMs: 0 };
  other = spawn(process.execPath, [child, JSON.stringify(errand)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  await waitUntil(async () => (await untilS()) > nowS() + 500, { what: 'its lease', timeoutMs: 30_000 });
  await settle();
  await timerRuns(1);
  other.kill('SIGKILL');
  await once(other, 'exit');
  await timerRuns(1);
  expect(await isRunning(leased)).toBe(true);
  await sh(`echo ${nowS() - 1} 1 >${await leaseFile()}`);
  const isOver = async () => {
    // A run that began before may have written down once more that it waits.
    await settle();
    return !(await isRunning(leased));
  };
  await waitUntil(isOver, { what: 'its end', timeoutMs: 30_000 });
  expect(await isRunning(free)).toBe(true);
});

it('is told of by the next Berth, and leaves nothing behind when it is taken away', async () => {
  plane = await startPlane({ folder, lifecycleClock: clock });
  await plane.hostReady(host.id);
  const told = await toldUntil(/^stopped: Stopped by its lease/);
  expect(told.at(-1)).toBe('stopped: Stopped by its lease: no Berth for 10 minutes');
  await sh('rm -r /etc/systemd/system/berth-lease.timer.d');
  // Its last run failed, which systemd would remember also of what is gone.
  const own = '/run/systemd/system/berth-lease.service.d';
  await sh(
    `mkdir -p ${own} && printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >${own}/fails.conf; systemctl daemon-reload; systemctl start berth-lease.service; rm -r ${own}; systemctl daemon-reload`,
  );
  expect(await sh('systemctl --failed --no-legend')).toContain('berth-lease.service');
  const input = { hostId: host.id };
  expect(await plane.client.call('lifecycles.removeLease', input)).toMatchObject({ state: 'absent' });
  expect(await left()).toBe('');
  expect(
    await sh('systemctl list-timers --all --no-legend berth-lease.timer; systemctl --failed --no-legend'),
  ).toBe('');
});

it('leaves nothing behind either where its installation came to no end', async () => {
  await sh('mkdir -p /usr/local/lib/berth && echo half >/usr/local/lib/berth/lease.sh');
  await sh('printf "[Timer]\\nOnActiveSec=1h\\n" >/etc/systemd/system/berth-lease.timer');
  await plane.client.call('lifecycles.removeLease', { hostId: host.id });
  expect(await left()).toBe('');
});

it('of a login that may not become root is kept by its own timer, where it may linger', async () => {
  await remote.addUser({ name: 'ada', groups: ['docker'] });
  const text = await readFile(script, 'utf8');
  const lease = (...args: string[]) =>
    remote.runChecked(['sh', '-c', text, 'lease', ...args], { user: 'ada', input: text });
  expect(await lease('install', 'abc123', '/run/docker.sock')).toContain('sudo loginctl enable-linger ada');
  await sh('loginctl enable-linger ada');
  await waitUntil(async () => (await sh('systemctl is-active "user@$(id -u ada)"')) === 'active', {
    what: 'services of the login',
  });
  expect(await lease('install', 'abc123', '/run/docker.sock')).toMatch(/^how=user$(.|\n)*^active=yes$/m);
  const own = '/home/ada/.local/state/berth/lease';
  await sh(`echo 1 1 >${own}/abc123/leases/${free.id}; echo x >${own}/state`, 'ada');
  const at = 'XDG_RUNTIME_DIR=/run/user/$(id -u) systemctl --user';
  await sh(`${at} start berth-lease.service`, 'ada');
  expect(await isRunning(free)).toBe(true);
  await sh(`sed -i 's/ [0-9]*$/ 0/' ${own}/state`, 'ada');
  await sh(`${at} start berth-lease.service`, 'ada');
  expect(await isRunning(free)).toBe(false);
  await lease('remove', 'abc123');
  expect(await sh('find /home/ada -name "*berth*"')).toBe('');
});
