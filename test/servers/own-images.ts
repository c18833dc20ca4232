/**
 * Berth's own images (resources/images), built on a throw-away host from their real Dockerfiles: on a Debian base that is
 * made here, since none can be pulled, and with Debian's packages through a proxy at the host's cable.
 */
import { rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ImageRecipe } from '#contract/projects.ts';
import { createContainerEngineFactory } from '#main/adapters/docker/container-engine.ts';
import { readRecipe } from '#main/adapters/docker/image-recipe.ts';
import { createSystemClock } from '#main/adapters/system/clock.ts';
import type { ContainerEngine } from '#main/control-plane/interfaces/container-engine.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { aptProxy, debianMirrors, makeDebianRoot, trimDebianRoot } from './debian-root.ts';
import { writeImageArchive } from './image-archive.ts';
import { cachedArchive, type TestImage } from './image-cache.ts';
import { loadImage } from './images.ts';
import { startPackageProxy } from './package-proxy.ts';
import { type RemoteHost, startRemoteHost } from './remote-host.ts';
import { runChecked } from './run-process.ts';

const imagesFolder = fileURLToPath(new URL('../../resources/images', import.meta.url));

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

/** Chromium on a screen, 1000:1000 `dev`; needs VNC_PW. About 1.2 GB. */
export function browserImage(): Promise<TestImage> {
  return ownImage('browser');
}

/** What shell workspaces are made of, 1000:1000 `dev`. */
export function shellImage(): Promise<TestImage> {
  return ownImage('shell');
}

/** Built as Berth builds it, and named as Berth names it: who has it loaded needs no build. */
async function ownImage(recipe: ImageRecipe): Promise<TestImage> {
  const { reference } = await readRecipe(imagesFolder, recipe);
  const base = await debianImage();
  return cachedArchive(reference, { version: 1, base: base.tarPath }, async (workFolder, tarPath) => {
    await using built = await startBuildHost();
    await built.engine.buildRecipe(recipe, {
      onProgress: () => undefined,
      onOutput: () => undefined,
      signal: AbortSignal.timeout(BUILD_TIMEOUT_MS),
    });
    const part = join(workFolder, 'image.tar');
    const docker = ['docker', '-H', `unix://${built.host.engineSocketPathOnThisMachine}`];
    await runChecked([...docker, 'save', '-o', part, reference], { timeoutMs: BUILD_TIMEOUT_MS });
    await rename(part, tarPath);
  });
}

/** Far above what it takes; a mirror that does not answer must not hold the tests up for ever. */
const BUILD_TIMEOUT_MS = 900_000;

export interface BuildHost extends AsyncDisposable {
  readonly host: RemoteHost;
  /** Opened as Berth opens it, on the host's own socket. */
  readonly engine: ContainerEngine;
}

/** A host that has the base image and reaches Debian's packages. `folder`: recipes in place of Berth's own. */
export async function startBuildHost({ folder = imagesFolder } = {}): Promise<BuildHost> {
  await using stack = new AsyncDisposableStack();
  const host = stack.use(await startRemoteHost({ diskMiB: 8192 }));
  const proxy = stack.use(await startPackageProxy(host.gatewayAddress, await aptProxy()));
  await host.setEngineProxy(proxy.url);
  await loadImage(host, await debianImage());
  const factory = createContainerEngineFactory({
    log: new MemoryLog(),
    clock: createSystemClock(),
    remoteScriptsFolder: fileURLToPath(new URL('../../resources/remote', import.meta.url)),
    imagesFolder: folder,
  });
  const engine = await factory.open(() => Promise.resolve(connect(host.engineSocketPathOnThisMachine)));
  stack.defer(() => engine.close());
  const all = stack.move();
  return { host, engine, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
