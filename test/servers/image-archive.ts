/**
 * Writes a Docker image archive (what `docker load` reads) from folders, one layer per folder, without any engine.
 * Format: image specification v1.2 of moby (image/spec/spec.md): manifest.json, a configuration, uncompressed layers.
 * The same content gives the same image id.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runChecked } from './run-process.ts';

export interface ImageSource {
  /** name:tag */
  readonly reference: string;
  /** Folders, lowest layer first. */
  readonly layerFolders: readonly string[];
  /** The `config` object: Cmd, Env, User, WorkingDir, Labels, … */
  readonly config: Readonly<Record<string, unknown>>;
  /** A folder for the work in between, on the disk of `tarPath`; removed afterwards. */
  readonly workFolder: string;
  /** Appears only when it is whole. */
  readonly tarPath: string;
  /** As images name it. Default: this machine's. */
  readonly architecture?: string;
}

export function dockerArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

export async function writeImageArchive(source: ImageSource): Promise<void> {
  const { reference, layerFolders, config, workFolder, tarPath } = source;
  const archiveFolder = join(workFolder, 'archive');
  await mkdir(archiveFolder, { recursive: true });
  const layers: { name: string; digest: string }[] = [];
  for (const [index, folder] of layerFolders.entries()) {
    const name = `layer-${index}.tar`;
    const path = join(archiveFolder, name);
    const same = ['--sort=name', '--mtime=@1700000000', '--numeric-owner', '--format=posix'];
    const noTimes = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';
    await runChecked(['tar', ...same, noTimes, '--xattrs', '-C', folder, '-cf', path, '.']);
    layers.push({ name, digest: await sha256Of(path) });
  }
  const image = JSON.stringify({
    architecture: source.architecture ?? dockerArchitecture(),
    os: 'linux',
    created: '2023-11-14T22:13:20Z',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => `sha256:${digest}`) },
    history: layers.map(({ name }) => ({
      created: '2023-11-14T22:13:20Z',
      created_by: `berth-test ${name}`,
    })),
  });
  const configName = `${createHash('sha256').update(image).digest('hex')}.json`;
  await writeFile(join(archiveFolder, configName), image);
  const manifest = [{ Config: configName, RepoTags: [reference], Layers: layers.map(({ name }) => name) }];
  await writeFile(join(archiveFolder, 'manifest.json'), JSON.stringify(manifest));
  const partPath = join(workFolder, 'image.tar');
  const members = ['manifest.json', configName, ...layers.map(({ name }) => name)];
  await runChecked(['tar', '-C', archiveFolder, '-cf', partPath, ...members]);
  await rename(partPath, tarPath);
  await rm(archiveFolder, { recursive: true });
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
