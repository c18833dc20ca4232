/**
 * How people save a folder's files on a host without Berth, run on the host itself: tar and zstd with Berth's own flags,
 * which is the least that a snapshot can cost; `docker commit` and `docker save`; restic.
 */
import { runChecked } from '#test/servers/run-process.ts';
import type { RemoteHost } from '#test/servers/remote-host.ts';
import { elapsedMs } from './measures.ts';
import { longMs } from './snapshot-world.ts';

const helperPath = new URL('../../resources/remote/snapshot-helper.py', import.meta.url).pathname;
/** On the disk that snapshots are on. */
const folder = '/var/lib/berth-bench';
const archive = `${folder}/raw.tar.zst`;
const saved = `${folder}/saved.tar`;
const repository = `${folder}/restic`;
const layerName = 'bench-layer';
const layerImage = 'bench-committed:1';

// Fixed texts; what varies are their arguments.
const archiveScript =
  'set -o pipefail; from=$1 to=$2; shift 2; "$@" -C "$from" -cf - . | zstd -q -3 -T0 --check -c >"$to" && sync "$to"';
// tar stops reading at the end mark, and zstd may die of that: what tar says is what counts.
const extractScript =
  'from=$1 to=$2; shift 2; zstd -q -dc --memory=128MiB <"$from" | "$@" -C "$to" && sync --file-system "$to"';
const layerScript = 'tar --numeric-owner -C "$1" -cf - . | docker cp --archive - "$2:/tree"';
const warmScript = 'sync --file-system /var/lib/docker; find "$1" -type f -exec cat {} + >/dev/null';

export class SnapshotWays {
  readonly #remote: RemoteHost;
  readonly #create: readonly string[];
  readonly #extract: readonly string[];

  private constructor(remote: RemoteHost, flags: { create: readonly string[]; extract: readonly string[] }) {
    this.#remote = remote;
    this.#create = flags.create;
    this.#extract = flags.extract;
  }

  static async open(remote: RemoteHost): Promise<SnapshotWays> {
    await remote.runChecked(['mkdir', '-p', folder]);
    // Asked from the program itself: never other flags than Berth's.
    const question =
      'import json, runpy, sys; one = runpy.run_path(sys.argv[1]); print(json.dumps({"create": one["TAR_CREATE"], "extract": one["TAR_EXTRACT"]}))';
    const said = await runChecked(['/usr/bin/python3', '-c', question, helperPath]);
    return new SnapshotWays(remote, JSON.parse(said));
  }

  #run(...argv: string[]): Promise<string> {
    return this.#remote.runChecked(argv, { timeoutMs: longMs });
  }

  async #seconds(run: () => Promise<unknown>): Promise<number> {
    return (await elapsedMs(run)) / 1e3;
  }

  async sizeBytes(path: string): Promise<number> {
    return Number.parseInt(await this.#run('du', '-s', '--block-size=1', path), 10);
  }

  /** What is to be written is written, and what is to be read next is in memory: the same before each. */
  async warm(path: string): Promise<void> {
    await this.#run('sh', '-c', warmScript, 'sh', path);
  }

  async archive(source: string): Promise<{ seconds: number; sizeBytes: number }> {
    await this.#run('rm', '-f', archive);
    await this.warm(source);
    const argv = ['bash', '-c', archiveScript, 'bash', source, archive, ...this.#create];
    const seconds = await this.#seconds(() => this.#run(...argv));
    return { seconds, sizeBytes: await this.sizeBytes(archive) };
  }

  /** What `archive` made last, into a new volume as Berth does. */
  async extract(): Promise<number> {
    const volume = (await this.#run('docker', 'volume', 'create')).trim();
    try {
      await this.warm(archive);
      const target = `/var/lib/docker/volumes/${volume}/_data`;
      return await this.#seconds(() =>
        this.#run('bash', '-c', extractScript, 'bash', archive, target, ...this.#extract),
      );
    } finally {
      await this.#run('docker', 'volume', 'rm', volume);
    }
  }

  /** A running container that has the same files in its own layer: a commit leaves volumes out. */
  async putIntoLayer(image: string, source: string): Promise<void> {
    const flags = ['--detach', '--network', 'none', '--name', layerName];
    await this.#run('docker', 'run', ...flags, image, 'sleep', '86400');
    await this.#run('docker', 'exec', layerName, 'mkdir', '/tree');
    await this.#run('bash', '-c', `set -o pipefail; ${layerScript}`, 'bash', source, layerName);
  }

  /** `commit`: for so long the container is paused. */
  async commitAndSave(): Promise<{ commit: number; save: number; sizeBytes: number }> {
    const layer = await this.#run(
      'docker',
      'inspect',
      '--format',
      '{{.GraphDriver.Data.UpperDir}}',
      layerName,
    );
    await this.warm(layer.trim());
    try {
      const commit = await this.#seconds(() => this.#run('docker', 'commit', layerName, layerImage));
      const save = await this.#seconds(async () => {
        await this.#run('docker', 'save', '--output', saved, layerImage);
        await this.#run('sync', saved);
      });
      return { commit, save, sizeBytes: await this.sizeBytes(saved) };
    } finally {
      await this.#run('rm', '-f', saved);
      await this.#run('docker', 'image', 'rm', layerImage);
    }
  }

  /** Seconds of the first backup into a new repository, and of another one of the same files. */
  async restic(source: string): Promise<{ first: number; second: number; sizeBytes: number }> {
    const restic = (...args: string[]) =>
      this.#run(
        ...['env', '-C', source, 'RESTIC_PASSWORD=bench', 'restic', '--quiet'],
        ...['--repo', repository, '--cache-dir', `${repository}-cache`, ...args],
      );
    try {
      await restic('init');
      const seconds: number[] = [];
      for (const _ of ['first', 'second']) {
        await this.warm(source);
        seconds.push(await this.#seconds(() => restic('backup', '.')));
      }
      const [first = 0, second = 0] = seconds;
      return { first, second, sizeBytes: await this.sizeBytes(repository) };
    } finally {
      await this.#run('rm', '-rf', repository, `${repository}-cache`);
    }
  }
}
