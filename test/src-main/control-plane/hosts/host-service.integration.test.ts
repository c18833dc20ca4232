/** Hosts on real parts: sshd and dockerd in namespaces, through the real adapters, with the real clock. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createContainerEngineFactory } from '#main/adapters/docker/container-engine.ts';
import { createHostConnector } from '#main/adapters/ssh/host-connector.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import { createSystemRandom } from '#main/adapters/system/random.ts';
import type { Finding, HostDefinition, HostState } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import { HostService } from '#main/control-plane/hosts/host-service.ts';
import { Questions } from '#main/control-plane/hosts/questions.ts';
import { runNetworkGuard } from '#main/control-plane/hosts/network-guard.ts';
import { FakeNetwork } from '#test/harness/fake-network.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';
import { busyboxImage, loadImage } from '#test/servers/images.ts';
import { type RemoteHost, startRemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';

const remoteScriptsFolder = fileURLToPath(new URL('../../../../resources/remote', import.meta.url));

let remote: RemoteHost;
let folder: string;
let hosts: HostService;
let questions: Questions;
let id: HostId;
let isGuardWanted = true;
const log = new MemoryLog();
const noSignal = new AbortController().signal;

beforeAll(async () => {
  remote = await startRemoteHost({ name: 'atlas' });
  await loadImage(remote, await busyboxImage());
  folder = await mkdtemp(join(tmpdir(), 'berth-hosts-'));
  const clock = createSystemClock();
  const random = createSystemRandom();
  questions = new Questions({ clock, random });
  hosts = new HostService({
    connector: createHostConnector({
      local: {
        connect: () => Promise.reject(new Error('no local engine here')),
        candidates: () => Promise.resolve({ candidates: [], warnings: [] }),
      },
      knownHostsPath: join(folder, 'known_hosts'),
      homeFolder: folder,
      env: {},
      log,
      clock,
      remoteScriptsFolder,
      systemConfigPath: null,
    }),
    engines: createContainerEngineFactory({ log, clock, remoteScriptsFolder }),
    questions,
    clock,
    random,
    log,
    network: new FakeNetwork(),
    store: new MemoryRecordStore(),
    secrets: {
      secretOf: async () => undefined,
      exists: () => false,
      remember: () => Promise.reject(new Error('nothing to remember')),
      onUsable: () => () => {},
    },
    mayGuard: () => true,
    machineOf: () => undefined,
    sleepersOn: () => [],
    isGuardWanted: () => isGuardWanted,
  });
  await hosts.load();
  hosts.start();
  const definition: HostDefinition = {
    kind: 'ssh',
    configName: null,
    address: remote.address,
    port: remote.port,
    user: remote.user,
    auth: { method: 'key', source: { kind: 'file', path: remote.clientKeyPath }, passphraseId: null },
    jumps: [],
    engineSocket: null,
  };
  ({ id } = await hosts.add({ name: 'Atlas', definition }));
});

afterAll(async () => {
  await hosts?.close();
  await remote?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const state = (): HostState => hosts.get(id)!.state;
async function reach(phase: HostState['phase'], timeoutMs = 30_000): Promise<HostState> {
  const isThere = () => (state().phase === phase ? state() : undefined);
  return await waitUntil(isThere, { what: `the host is ${phase}`, timeoutMs }).catch((cause: unknown) => {
    throw new Error(`the host is not ${phase} but ${JSON.stringify(state())}`, { cause });
  });
}
const withEngine = () =>
  waitUntil(() => hosts.links.current(id)?.engine, { what: 'the host has an engine', timeoutMs: 30_000 });

describe('a real host', () => {
  it('asks about its key, is ready when that is trusted, and tells its facts', async () => {
    await reach('needs-you');
    const answered = (async () => {
      for await (const item of questions.watch(noSignal)) {
        const [question] = item.type === 'all' ? item.items : item.upserted;
        if (!question) continue;
        expect(question).toMatchObject({
          kind: 'host-key',
          fingerprint: remote.hostKeyFingerprint,
          hostId: id,
        });
        questions.answer(question.id, { kind: 'host-key', isTrusted: true });
        return;
      }
    })();
    await answered;
    expect(await reach('ready')).toMatchObject({ engineRoute: 'stream-forward', engineError: null });
    const facts = await waitUntil(() => hosts.get(id)?.facts ?? undefined, { what: 'facts' });
    expect(facts).toMatchObject({
      hostname: 'atlas',
      architecture: process.arch === 'x64' ? 'x86_64' : 'aarch64',
      hostKey: { fingerprint: remote.hostKeyFingerprint },
      engineVersion: expect.stringMatching(/^\d+\./),
    });
    expect(facts.tmuxVersion).toMatch(/^\d/);
    expect(facts.sshServer).toContain('OpenSSH');
  });

  it('is looked over by the doctor', async () => {
    const findings: Finding[] = [];
    for await (const finding of hosts.doctor(id, noSignal)) findings.push(finding);
    const byCheck = new Map(findings.map((finding) => [finding.check, finding]));
    const levels = (...checks: string[]) => checks.map((check) => byCheck.get(check)?.level);
    expect(
      levels('engine-route', 'clock', 'tmux', 'snapshot-programs', 'socket-permissions', 'network-guard'),
    ).toEqual(Array(6).fill('ok'));
    expect(byCheck.get('disk-space')?.detail).toContain('/var/lib/docker');
    expect(byCheck.get('disk-inodes')?.level).toBe('ok');
    expect(byCheck.get('engine-version')?.detail).toContain('API 1.');
    expect(byCheck.get('sshd')).toBeDefined();
    expect(byCheck.get('runc')).toBeDefined();
    await remote.fillDisk();
    for await (const finding of hosts.doctor(id, noSignal))
      if (finding.check === 'disk-space') expect(finding.level).toBe('problem');
    await remote.freeDisk();
  });

  it('in a black hole is lost within 20 s and comes back by itself', async () => {
    await reach('ready');
    await remote.blackhole();
    const startMs = performance.now();
    await reach('lost', 25_000);
    expect(performance.now() - startMs).toBeLessThan(20_000);
    await remote.heal();
    await reach('ready', 70_000);
    await withEngine();
  }, 120_000);

  it('comes back when its SSH server restarts and the session is cut', async () => {
    await reach('ready');
    const before = hosts.links.require(id);
    await remote.restartSshd();
    await remote.killSshSessions('reset');
    await waitUntil(() => before.signal.aborted, { what: 'the link is lost' });
    await reach('ready');
    expect(hosts.links.require(id).connection).not.toBe(before.connection);
  });

  it('keeps its connection when the engine is killed, and opens the engine again', async () => {
    await reach('ready');
    const before = await withEngine();
    const { connection, signal } = hosts.links.require(id);
    await remote.killEngine();
    hosts.links.suspect(id);
    // A pooled stream may be dead and replaced without the engine object being so: what counts is that it answers.
    await waitUntil(
      async () => {
        const engine = hosts.links.current(id)?.engine;
        await engine?.ping();
        return engine !== undefined;
      },
      { what: 'an engine answers', timeoutMs: 30_000 },
    );
    expect(before).toBeDefined();
    expect(signal.aborted).toBe(false);
    expect(hosts.links.require(id).connection).toBe(connection);
    await remote.stopEngine();
    hosts.links.suspect(id);
    await waitUntil(
      () => {
        const now = state();
        return now.phase === 'ready' && now.engineRoute === 'none';
      },
      { what: 'the host is ready without an engine' },
    );
    expect(() => hosts.links.requireEngine(id)).toThrow();
    await remote.startEngine();
    await withEngine();
    expect(hosts.links.require(id).connection).toBe(connection);
    expect(state()).toMatchObject({ phase: 'ready', engineRoute: 'stream-forward', engineError: null });
  }, 90_000);

  it('with a changed key is refused until the person replaces the key', async () => {
    await reach('ready');
    const oldFingerprint = remote.hostKeyFingerprint;
    await remote.replaceHostKey();
    await remote.killSshSessions('reset');
    expect(await reach('failed')).toMatchObject({ error: { code: 'host.key-changed' } });
    const newFingerprint = remote.hostKeyFingerprint;
    expect(newFingerprint).not.toBe(oldFingerprint);
    await hosts.replaceKey({ id, oldFingerprint, newFingerprint });
    await reach('ready');
  });
});

describe('a user with a password', () => {
  it('is asked once: cut sessions come back by themselves, a changed password is asked for', async () => {
    const password = 'correct horse 7';
    await remote.addUser({ name: 'typist', password, groups: ['docker'] });
    const { id: typist } = await hosts.add({
      name: 'Typist',
      definition: {
        kind: 'ssh',
        configName: null,
        address: remote.address,
        port: remote.port,
        user: 'typist',
        auth: { method: 'password', credentialId: null },
        jumps: [],
        engineSocket: null,
      },
    });
    const phase = () => hosts.get(typist)?.state.phase;
    const reached = (wanted: HostState['phase']) =>
      waitUntil(() => phase() === wanted, { what: `the typist is ${wanted}`, timeoutMs: 30_000 });
    const asked: string[] = [];
    const watching = new AbortController();
    let type = password;
    const watched = (async () => {
      for await (const item of questions.watch(watching.signal))
        for (const question of item.type === 'all' ? item.items : item.upserted) {
          if (question.hostId !== typist || question.kind !== 'password') continue;
          asked.push(question.wasWrong ? 'wrong' : 'first');
          questions.answer(question.id, { kind: 'password', password: type, remember: false });
        }
    })();
    await reached('ready');
    for (let cuts = 0; cuts < 2; cuts++) {
      const before = hosts.links.require(typist);
      await remote.killSshSessions('reset');
      await waitUntil(() => before.signal.aborted, { what: 'the link is lost' });
      await reached('ready');
      expect(hosts.links.require(typist).connection).not.toBe(before.connection);
    }
    expect(asked).toEqual(['first']);
    type = 'another horse 8';
    await remote.setPassword('typist', type);
    await remote.killSshSessions('reset');
    await waitUntil(() => asked.length > 1, { what: 'the password is asked for', timeoutMs: 30_000 });
    await reached('ready');
    expect(asked).toEqual(['first', 'wrong']);
    watching.abort();
    await watched;
    await hosts.remove(typist);
    await reach('ready');
  }, 120_000);
});

/** 169.254.169.254, a public address, and a name server in a private range: all in a namespace behind the host. */
async function startNeighbour(): Promise<void> {
  const inside = (...argv: string[]) => remote.runChecked(['nsenter', '--net=/run/netns/neighbour', ...argv]);
  await remote.runChecked(['ip', 'netns', 'add', 'neighbour']);
  await remote.runChecked([
    'ip',
    'link',
    'add',
    'n0',
    'type',
    'veth',
    'peer',
    'name',
    'n1',
    'netns',
    'neighbour',
  ]);
  await remote.runChecked(['ip', 'address', 'add', '198.51.100.1/24', 'dev', 'n0']);
  await remote.runChecked(['ip', 'link', 'set', 'n0', 'up']);
  await inside('ip', 'link', 'set', 'lo', 'up');
  await inside('ip', 'address', 'add', '198.51.100.2/24', 'dev', 'n1');
  await inside('ip', 'link', 'set', 'n1', 'up');
  await inside('ip', 'route', 'add', 'default', 'via', '198.51.100.1');
  await remote.writeFile('/srv/neighbour/index.html', 'user-data: SECRET\n');
  for (const address of ['169.254.169.254', '203.0.113.10', '10.99.0.53']) {
    await inside('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
    await remote.runChecked(['ip', 'route', 'add', `${address}/32`, 'via', '198.51.100.2']);
    await inside('busybox', 'httpd', '-p', `${address}:80`, '-h', '/srv/neighbour');
  }
  await inside('busybox', 'httpd', '-p', '10.99.0.53:53', '-h', '/srv/neighbour');
  await remote.writeFile('/etc/resolv.conf', 'nameserver 10.99.0.53\n');
}

describe('the network guard', () => {
  const label = 'dev.berth.managed=1';
  /**
   * What of these answers, asked at once by one program in the container: what is closed says nothing for three seconds. By
   * nc, for wget of a static BusyBox crashes in the resolver.
   */
  const probes = `
    page() { printf "GET / HTTP/1.0\\r\\n\\r\\n" | nc -w 3 "$@" | grep -q SECRET; }
    says() { name=$1; shift; if "$@"; then echo "$name=true"; else echo "$name=false"; fi; }
    banner() { nc -w 3 "$1" 22 </dev/null | grep -q SSH-2.0; }
    says metadata page 169.254.169.254 80 &
    says sshd banner "$1" &
    says privateRange page 10.99.0.53 80 &
    says nameServer page 10.99.0.53 53 &
    says internet page 203.0.113.10 80 &
    wait`;
  const view = async (container: string) => {
    const said = await remote.docker('exec', container, 'sh', '-c', probes, 'sh', remote.address);
    const answers = said
      .trim()
      .split('\n')
      .map((line) => line.split('='));
    return Object.fromEntries(answers.map(([name, answer]) => [name, answer === 'true']));
  };
  const closed = { metadata: false, sshd: false, privateRange: false, nameServer: true, internet: true };
  const open = { metadata: true, sshd: true, privateRange: true, nameServer: true, internet: true };
  const run = (name: string, network: string) =>
    remote.docker(
      'run',
      '-d',
      '--init',
      '--name',
      name,
      '--network',
      network,
      'berth-busybox:test',
      'sleep',
      '3600',
    );

  it('closes metadata, private ranges and the host to workspaces of any kind of network, and nothing else', async () => {
    await reach('ready');
    await startNeighbour();
    // One network by an engine's own bridge name, there before the connection; one of Berth's prefix, made after it.
    await remote.docker('network', 'create', '--label', label, 'older');
    await run('older', 'older');
    await remote.docker('network', 'create', 'stranger');
    await run('stranger', 'stranger');
    await hosts.disconnect(id);
    await hosts.connect(id);
    await reach('ready');
    const named = ['-o', 'com.docker.network.bridge.name=berth-abc123456'];
    await remote.docker('network', 'create', '--label', label, ...named, 'newer');
    await run('newer', 'newer');
    expect(await view('older')).toEqual(closed);
    expect(await view('newer')).toEqual(closed);
    // Networks that are not Berth's are none of its business.
    expect(await view('stranger')).toEqual(open);
    // And the host still reaches into the workspace: its answers pass.
    const address = (
      await remote.docker(
        'inspect',
        '-f',
        '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
        'newer',
      )
    ).trim();
    await remote.docker('exec', '-d', 'newer', 'httpd', '-p', '8080', '-h', '/etc');
    await waitUntil(
      async () => {
        const command = 'printf "GET /passwd HTTP/1.0\\r\\n\\r\\n" | busybox nc -w 2 "$1" 8080';
        return (await remote.run(['sh', '-c', command, 'sh', address])).stdout.includes('200 OK');
      },
      { what: 'the host reads from the workspace' },
    );
  }, 120_000);

  it('closes a workspace’s network that is made after the connection, at once', async () => {
    const { engine } = hosts.links.requireEngine(id);
    const labels = { 'dev.berth.managed': '1' };
    await engine.ensureVolume('late-files', labels);
    await engine.ensureNetwork('late-net', labels);
    const made = await engine.createWorkspaceContainer({
      containerName: 'late',
      image: 'berth-busybox:test',
      hostname: 'late',
      volumeName: 'late-files',
      networkName: 'late-net',
      mountPoint: '/data/work',
      environment: [],
      limits: { cpus: null, memoryBytes: null, pids: 64 },
      profile: 'standard',
      runtime: 'default',
      labels,
      stopGraceSeconds: 1,
    });
    await engine.startContainer(made.id);
    const format = '{{index .Options "com.docker.network.bridge.name"}}';
    const bridge = (await remote.docker('network', 'inspect', '-f', format, 'late-net')).trim();
    expect(bridge).toMatch(/^berth-[a-z2-7]{9}$/);
    // The rules are those of the connection: nothing in them is of this network alone.
    expect(await remote.runChecked(['nft', 'list', 'table', 'inet', 'berth_guard'])).not.toContain(bridge);
    expect(await view('late')).toEqual(closed);
    await engine.removeContainer(made.id);
    await engine.removeNetwork('late-net');
    await engine.removeVolume('late-files');
  }, 60_000);

  it('survives a restart of the engine, is idempotent, and is wholly gone when removed', async () => {
    const link = hosts.links.require(id);
    await remote.stopEngine();
    await remote.startEngine();
    await remote.docker('start', 'older', 'newer');
    expect(await view('newer')).toEqual(closed);
    await withEngine();
    const target = { connection: link.connection, engine: hosts.links.require(id).engine };
    const applied = { state: 'on', privilege: 'root' };
    expect(await runNetworkGuard('apply', target, noSignal)).toMatchObject(applied);
    const once = await remote.runChecked(['nft', 'list', 'ruleset']);
    expect(await runNetworkGuard('apply', target, noSignal)).toMatchObject(applied);
    const counters = (rules: string) => rules.replace(/packets \d+ bytes \d+/g, '');
    expect(counters(await remote.runChecked(['nft', 'list', 'ruleset']))).toBe(counters(once));
    expect(await runNetworkGuard('remove', target, noSignal)).toMatchObject({ state: 'off' });
    expect(await view('newer')).toEqual(open);
    expect(await remote.runChecked(['nft', 'list', 'ruleset'])).not.toContain('berth_guard');
    for await (const finding of hosts.doctor(id, noSignal))
      if (finding.check === 'network-guard') expect(finding.level).toBe('warning');
  }, 120_000);

  it('goes when the person turns it off, stays away over a connection, and comes back', async () => {
    const finding = async () => {
      for await (const one of hosts.doctor(id, noSignal)) if (one.check === 'network-guard') return one;
      return undefined;
    };
    await hosts.settleGuards();
    expect(await view('newer')).toEqual(closed);
    isGuardWanted = false;
    await hosts.settleGuards();
    expect(await view('newer')).toEqual(open);
    expect(await finding()).toMatchObject({ level: 'note', detail: expect.stringContaining('turned off') });
    await hosts.disconnect(id);
    await hosts.connect(id);
    await reach('ready');
    expect(await remote.runChecked(['nft', 'list', 'ruleset'])).not.toContain('berth_guard');
    isGuardWanted = true;
    await hosts.settleGuards();
    expect(await view('newer')).toEqual(closed);
    expect(await finding()).toMatchObject({ level: 'ok' });
  }, 60_000);

  it('does the same with iptables alone', async () => {
    // Else Berth would set its own rules again when the engine comes back.
    await hosts.disconnect(id);
    // A machine without nft: its own folder of programs, as small as the script needs.
    await remote.runChecked(['mkdir', '-p', '/opt/no-nft']);
    const programs = ['sh', 'id', 'sed', 'tr', 'grep', 'sort', 'cut', 'cat', 'iptables', 'ip6tables'];
    for (const name of [...programs, 'iptables-restore', 'ip6tables-restore']) {
      const path = (await remote.runChecked(['sh', '-c', 'command -v "$1"', 'sh', name])).trim();
      await remote.runChecked(['ln', '-sf', path, `/opt/no-nft/${name}`]);
    }
    const script = await guardScript();
    await remote.runChecked(['sh', '-s', 'remove'], { input: script });
    const guard = (verb: string) =>
      remote.runChecked(['sh', '-s', verb, 'berth-*'], {
        input: script.replace(/^PATH=.*$/m, 'PATH=/opt/no-nft'),
      });
    expect(await guard('apply')).toContain('backend=iptables\nguard=on');
    expect(await guard('apply')).toContain('guard=on');
    expect(await view('newer')).toEqual(closed);
    await remote.stopEngine();
    await remote.startEngine();
    await remote.docker('start', 'newer', 'stranger');
    expect(await view('newer')).toEqual(closed);
    expect(await view('stranger')).toEqual(open);
    expect(await guard('remove')).toContain('guard=off');
    expect(await view('newer')).toEqual(open);
  }, 120_000);

  it('says that it may not, where it may not', async () => {
    await remote.addUser({ name: 'plain', groups: ['docker'] });
    const answer = await remote.run(['sh', '-s', 'apply', 'berth-*'], {
      input: await guardScript(),
      user: 'plain',
    });
    expect(answer.stdout).toBe('privilege=none\nguard=unknown\nend=yes\n');
  });
});

async function guardScript(): Promise<string> {
  return await readFile(join(remoteScriptsFolder, 'network-guard.sh'), 'utf8');
}
