/**
 * Images for the tests, made on this machine (none can be pulled): a Debian workspace, a tiny BusyBox, and one of many
 * layers. Each is built once per machine and recipe, cached as an archive, and safe to ask for from many workers.
 */
import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { debianCodename, makeDebianRoot, trimDebianRoot } from './debian-root.ts';
import { writeImageArchive } from './image-archive.ts';
import { cachedArchive, type TestImage } from './image-cache.ts';
import type { RemoteHost } from './remote-host.ts';
import { findProgram } from './requirements.ts';
import { runChecked } from './run-process.ts';

/** Debian with bash, procps and less; user `dev` (1000:1000, home /home/dev) is its default user. About 100 MB. */
export function workspaceImage(): Promise<TestImage> {
  return cachedImage('berth-workspace:test', WORKSPACE_RECIPE, buildWorkspace);
}

/** A static BusyBox with all its applets; root is the default user, `dev` (1000:1000) exists. About 2 MB. */
export function busyboxImage(): Promise<TestImage> {
  return cachedImage('berth-busybox:test', BUSYBOX_RECIPE, async (folder) => {
    const layer = join(folder, 'layer');
    await makeBusyboxRoot(layer);
    return { layerFolders: [layer], config: { Cmd: ['sh'], Env: [IMAGE_PATH] } };
  });
}

/** The workspace image and the Node that the project is built with, at /usr/local/bin/node: what Berth's own image stands on. */
export function nodeImage(): Promise<TestImage> {
  return cachedImage('berth-node:test', { ...WORKSPACE_RECIPE, node: process.version }, async (folder) => {
    const { layerFolders } = await buildWorkspace(folder);
    const layer = join(folder, 'layer-node');
    await mkdir(join(layer, 'usr/local/bin'), { recursive: true });
    await copyFile(process.execPath, join(layer, 'usr/local/bin/node'));
    await runChecked(['chmod', '0755', join(layer, 'usr/local/bin/node')]);
    return { layerFolders: [...layerFolders, layer], config: { Cmd: ['node'], Env: [IMAGE_PATH] } };
  });
}

/** BusyBox and above it `layers` layers of `layerKiB` random (incompressible) KiB each: pulls that take a while. */
export function layeredImage({ layers = 5, layerKiB = 1024 } = {}): Promise<TestImage> {
  const reference = `berth-layered:${layers}x${layerKiB}`;
  return cachedImage(reference, { busybox: BUSYBOX_RECIPE, layers, layerKiB }, async (folder) => {
    const base = join(folder, 'layer-base');
    await makeBusyboxRoot(base);
    const layerFolders = [base];
    for (let index = 1; index <= layers; index++) {
      const layer = join(folder, `layer-${index}`);
      await mkdir(join(layer, 'layers'), { recursive: true });
      await writeFile(join(layer, 'layers', `layer-${index}`), randomBytes(layerKiB * 1024));
      layerFolders.push(layer);
    }
    return { layerFolders, config: { Cmd: ['sh'], Env: [IMAGE_PATH] } };
  });
}

/** Puts the image into the host's engine; the engine keeps it across boots. */
export async function loadImage(host: RemoteHost, image: TestImage): Promise<void> {
  const docker = (await findProgram('docker')) ?? 'docker';
  await runChecked([
    docker,
    '-H',
    `unix://${host.engineSocketPathOnThisMachine}`,
    'load',
    '-i',
    image.tarPath,
  ]);
}

const IMAGE_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** What a recipe's text does not say by itself; raise it when a build function changes. */
const RECIPE_VERSION = 1;
const WORKSPACE_RECIPE = { version: RECIPE_VERSION, packages: ['bash', 'procps', 'less'] };
const BUSYBOX_RECIPE = { version: RECIPE_VERSION };

interface BuiltLayers {
  readonly layerFolders: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

function cachedImage(
  reference: string,
  recipe: object,
  build: (folder: string) => Promise<BuiltLayers>,
): Promise<TestImage> {
  return cachedArchive(reference, recipe, async (workFolder, tarPath) =>
    writeImageArchive({ reference, ...(await build(workFolder)), workFolder, tarPath }),
  );
}

async function makeBusyboxRoot(folder: string): Promise<void> {
  const busybox = (await findProgram('busybox')) ?? '/bin/busybox';
  for (const name of ['bin', 'etc', 'home/dev', 'proc', 'root', 'sys', 'var/log', 'usr/bin'])
    await mkdir(join(folder, name), { recursive: true });
  await runChecked(['install', '-d', '-m', '1777', join(folder, 'tmp')]);
  await copyFile(busybox, join(folder, 'bin/busybox'));
  for (const applet of (await runChecked([busybox, '--list'])).trim().split('\n'))
    if (applet !== 'busybox') await symlink('busybox', join(folder, 'bin', applet));
  const users = ['root:x:0:0:root:/root:/bin/sh', 'dev:x:1000:1000:dev:/home/dev:/bin/sh', ''];
  await writeFile(join(folder, 'etc/passwd'), users.join('\n'));
  await writeFile(join(folder, 'etc/group'), 'root:x:0:\ndev:x:1000:\n');
  await runChecked(['chown', '-R', '0:0', folder]);
  await runChecked(['chown', '1000:1000', join(folder, 'home/dev')]);
}

async function buildWorkspace(folder: string): Promise<BuiltLayers> {
  const root = join(folder, 'layer');
  await makeDebianRoot(root, { suite: await debianCodename(), packages: WORKSPACE_RECIPE.packages });
  const user = ['--create-home', '--uid', '1000', '--shell', '/bin/bash', 'dev'];
  await runChecked(['chroot', root, 'useradd', ...user]);
  await trimDebianRoot(root);
  const config = {
    User: 'dev',
    WorkingDir: '/home/dev',
    Cmd: ['bash'],
    Env: [IMAGE_PATH, 'LANG=C.UTF-8'],
  };
  return { layerFolders: [root], config };
}
