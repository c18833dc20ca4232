/**
 * Berth's own images (resources/images), built on a throw-away host from their real Dockerfiles: on a Debian base that is
 * made here, since none can be pulled, and with Debian's packages through a proxy at the host's cable.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptProxy, debianMirrors, makeDebianRoot, trimDebianRoot } from './debian-root.ts';
import { writeImageArchive } from './image-archive.ts';
import { cachedArchive, type TestImage } from './image-cache.ts';
import { loadImage } from './images.ts';
import { startPackageProxy } from './package-proxy.ts';
import { startRemoteHost } from './remote-host.ts';
import { runChecked } from './run-process.ts';
import { mkdir, writeFile, rename } from 'node:fs/promises';

const imagesFolder = fileURLToPath(new URL('../../resources/images/', import.meta.url));

/** What the Dockerfiles stand on: Debian's smallest, with the sources of its own image of that name. */
export function debianImage(): Promise<TestImage> {
  const suite = 'bookworm';
  const reference = `debian:${suite}-slim`;
  return cachedArchive(reference, { version: 2 }, async (workFolder, tarPath) => {
    const root = join(workFolder, 'layer');
    await makeDebianRoot(root, { suite, packages: ['ca-certificates'] });
    const { main, security } = await debianMirrors();
    const sources = [
      `deb ${main} ${suite} main`,
      `deb ${main} ${suite}-updates main`,
      `deb ${security} ${suite}-security main`,
    ];
    await writeFile(join(root, 'etc/apt/sources.list'), `${sources.join('\n')}\n`);
    await trimDebianRoot(root);
    // As in the image of that name: packages are not kept once unpacked, and not synced one by one.
    const clean = 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };\n';
    await writeFile(join(root, 'etc/apt/apt.conf.d/docker-clean'), clean);
    await writeFile(join(root, 'etc/dpkg/dpkg.cfg.d/docker-apt-speedup'), 'force-unsafe-io\n');
    const config = {
      Cmd: ['bash'],
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    };
    await writeImageArchive({ reference, layerFolders: [root], config, workFolder, tarPath });
  });
}

/** Chromium on a screen, 1000:1000 `dev`; needs VNC_PW. About 1 GB. */
export function browserImage(): Promise<TestImage> {
  return ownImage('browser');
}

async function ownImage(recipe: 'browser' | 'shell'): Promise<TestImage> {
  const folder = join(imagesFolder, recipe);
  const files: [string, string][] = [];
  for (const name of (await readdir(folder)).sort())
    files.push([name, await readFile(join(folder, name), 'utf8')]);
  const reference = `berth-${recipe}:test`;
  return cachedArchive(reference, { version: 1, files }, async (workFolder, tarPath) => {
    await mkdir(workFolder, { recursive: true });
    await using host = await startRemoteHost({ diskMiB: 8192 });
    await loadImage(host, await debianImage());
    await using proxy = await startPackageProxy(host.gatewayAddress, await aptProxy());
    const docker = ['docker', '-H', `unix://${host.engineSocketPathOnThisMachine}`];
    const build = ['build', '--build-arg', `http_proxy=${proxy.url}`, '-t', reference, folder];
    const env = { ...process.env, DOCKER_BUILDKIT: '0' };
    const said = await runChecked([...docker, ...build], { timeoutMs: 600_000, env });
    console.error(said.split('\n').slice(-5).join('\n'));
    const part = join(workFolder, 'image.tar');
    await runChecked([...docker, 'save', '-o', part, reference], { timeoutMs: 300_000 });
    await rename(part, tarPath);
  });
}
