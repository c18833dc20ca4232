/** The same engine reached in another way, and an engine set up in another way. */
import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { waitUntil } from '#test/servers/wait-until.ts';
import { BUSYBOX, DEBIAN, factoryForTests, startEngineOnHost } from './engine-fixture.ts';

test('over streams that are no sockets (docker system dial-stdio)', async () => {
  await using on = await startEngineOnHost();
  const { id } = await on.startWorkspace({ image: DEBIAN });
  const children: ChildProcess[] = [];
  const engine = await factoryForTests().open(async () => {
    const argv = ['-H', `unix://${on.host.engineSocketPathOnThisMachine}`, 'system', 'dial-stdio'];
    const child = spawn('docker', argv, { stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    const stream = Duplex.from({ readable: child.stdout, writable: child.stdin });
    stream.once('close', () => child.kill());
    return stream;
  });
  const input = 'y'.repeat(500_000);
  expect((await engine.exec({ containerId: id, argv: ['cat'], input })).stdout).toBe(input);
  const pty = await engine.openPty({
    containerId: id,
    cols: 80,
    rows: 24,
    term: 'xterm',
    shells: ['bash'],
    terminalId: 'term_stdio',
  });
  let output = '';
  pty.onData((bytes) => {
    output += Buffer.from(bytes).toString();
  });
  const ended = new Promise((resolve) => pty.onEnd(resolve));
  pty.write(Buffer.from('seq 1 20000; exit 9\n'));
  expect(await ended).toEqual({ exitCode: 9 });
  expect(output).toContain('\n20000\r\n');
  engine.close();
  await waitUntil(() => children.every((child) => child.exitCode !== null || child.signalCode !== null), {
    what: 'every dial-stdio ends',
  });
});

test('with user namespaces: the volume is the user’s, root inside is nobody outside', async () => {
  await using on = await startEngineOnHost({ daemonJson: { 'userns-remap': 'default' } });
  const plain = await on.startWorkspace({ image: BUSYBOX });
  const sh = async (containerId: string, script: string) =>
    (await on.engine.exec({ containerId, argv: ['sh', '-c', script] })).stdout;
  expect(await sh(plain.id, 'stat -c %u:%g /data/work; touch /data/work/x && echo wrote')).toBe(
    '1000:1000\nwrote\n',
  );
  const root = await on.startWorkspace({ image: BUSYBOX, profile: 'root-inside' });
  expect(root.warnings).toEqual([]);
  expect(await sh(root.id, 'id -u; touch /data/work/x && echo wrote')).toBe('0\nwrote\n');
  const map = await sh(root.id, 'cat /proc/self/uid_map');
  expect(Number(map.trim().split(/\s+/)[1])).toBeGreaterThan(0);
});
