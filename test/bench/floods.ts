/**
 * Bytes per second of a program that floods its terminal: through all of Berth to a client that only counts them, in a
 * terminal that tmux keeps (as they are by default) and in a plain one, beside
 * `ssh -tt` into /dev/null (a shell on the host) and `docker exec -t` on the host itself (a shell in a workspace).
 */
import type { TerminalTarget } from '#contract/terminals.ts';
import type { BenchWorld } from './bench-world.ts';
import { CountingTerminal, promptPattern } from './counting-terminal.ts';
import { elapsedMs, inTurns, type AddMeasure, median, within } from './measures.ts';

/** Lines of 99 characters; where it lies on the host and in the workspace. */
export const textPath = { host: '/root/bench.txt', workspace: 'bench.txt' } as const;
const runTimeoutMs = 60_000;

/** A text that no compression on the way could shrink. */
export async function writeTexts(world: BenchWorld, sizeBytes: number): Promise<void> {
  const script = 'base64 -w 99 /dev/urandom | head -c "$1" >"$2"';
  await world.remote.runChecked(['sh', '-c', script, 'sh', String(sizeBytes), textPath.host]);
  await world.remote.docker(
    'exec',
    world.containerId,
    'sh',
    '-c',
    script,
    'sh',
    String(sizeBytes),
    `/${await workspaceFolder(world)}/${textPath.workspace}`,
  );
}

export async function workspaceFolder({ remote, containerId }: BenchWorld): Promise<string> {
  const format = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Destination}}{{end}}{{end}}';
  return (await remote.docker('inspect', '--format', format, containerId)).trim().replace(/^\//, '');
}

export async function measureFloods(world: BenchWorld, add: AddMeasure): Promise<void> {
  const sizeBytes = (world.isQuick ? 16 : 48) * 1_000_000;
  const rounds = world.isQuick ? 2 : 4;
  await writeTexts(world, sizeBytes);
  const { ssh, dockerLocal, containerId, host, workspace } = world;
  const inContainer = ['exec', '-t', '-w', `/${await workspaceFolder(world)}`, containerId];
  const places = [
    {
      place: 'host',
      title: 'host shell',
      target: { kind: 'host', hostId: host.id } as TerminalTarget,
      other: 'ssh -tt',
      argv: [...ssh, '-tt', 'bench', 'exec'],
    },
    {
      place: 'workspace',
      title: 'workspace shell',
      target: { kind: 'workspace', workspaceId: workspace.id } as TerminalTarget,
      other: 'docker exec -t on the host',
      argv: [...dockerLocal, ...inContainer, 'sh', '-c'],
    },
  ] as const;
  const kinds = [
    { kind: 'cat', title: 'text', command: (path: string) => `cat ${path}` },
    // Less: its lines are so short that the terminal driver is the slowest part, for everyone.
    { kind: 'yes', title: 'yes', command: () => `yes | head -c ${Math.round(sizeBytes / 12)}` },
  ] as const;
  for (const { place, title, target, other, argv } of places) {
    const terminal = await CountingTerminal.open(world.plane, target);
    await world.plane.client.call('settings.change', { keepTerminals: false });
    const plain = await CountingTerminal.open(world.plane, target);
    await world.plane.client.call('settings.change', { keepTerminals: true });
    try {
      for (const { kind, title: what, command } of kinds) {
        const text = command(textPath[place]);
        const wrapped = place === 'host' ? `sh -c '${text}'` : text;
        const trivialMs: number[] = [];
        const series = await inTurns(rounds, [
          ['Berth', () => floodThroughBerth(terminal, text)],
          ['Berth, a plain terminal', () => floodThroughBerth(plain, text)],
          [
            other,
            async () => {
              trivialMs.push(await elapsedMs(() => toNothing(world, [...argv, 'true'])));
              let bytes = 0;
              const wholeMs = await elapsedMs(async () => {
                bytes = await toNothing(world, [...argv, wrapped]);
              });
              // Its start and end are not what is compared.
              return bytes / 1e3 / (wholeMs - median(trivialMs));
            },
          ],
        ]);
        add({
          id: `flood-${place}-${kind}`,
          title: `Flood of ${what}, ${title}`,
          unit: 'MB/s',
          series,
        });
      }
    } finally {
      await terminal.close();
      await plain.close();
    }
  }
}

let floods = 0;

async function floodThroughBerth(terminal: CountingTerminal, command: string): Promise<number> {
  const mark = `end-${++floods}-of`;
  const before = terminal.receivedBytes;
  const elapsed = await elapsedMs(async () => {
    // The mark is not in the command's own echo.
    terminal.type(`${command}; printf '%s-flood\\n' ${mark}\r`);
    await terminal.shows(new RegExp(`${mark}-flood`), runTimeoutMs);
  });
  await terminal.shows(promptPattern);
  return (terminal.receivedBytes - before) / 1e3 / elapsed;
}

/** Reads and forgets its output, as /dev/null does, but for the count. */
async function toNothing(world: BenchWorld, argv: readonly string[]): Promise<number> {
  const child = world.start(argv);
  let bytes = 0;
  let complaint = '';
  child.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    complaint += chunk.toString();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const code = await within(runTimeoutMs, argv.join(' '), ended);
  if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code}: ${complaint}`);
  return bytes;
}
