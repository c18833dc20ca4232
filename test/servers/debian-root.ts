/** A Debian root file system in a folder, from the mirror that apt uses on this machine. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runChecked, runProcess } from './run-process.ts';

export interface DebianRoot {
  /** As `bookworm`. */
  readonly suite: string;
  /** Beyond the smallest variant, which has apt. */
  readonly packages: readonly string[];
}

export async function makeDebianRoot(folder: string, { suite, packages }: DebianRoot): Promise<void> {
  const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`];
  const { main } = await debianMirrors();
  const proxy = await aptProxy();
  const log = await runProcess(['debootstrap', '--variant=minbase', ...include, suite, folder, main], {
    env: { ...process.env, ...(proxy === undefined ? {} : { http_proxy: proxy }) },
    timeoutMs: 600_000,
  });
  if (log.exitCode !== 0) {
    const details = await readFile(join(folder, 'debootstrap/debootstrap.log'), 'utf8').catch(() => '');
    throw new Error(
      `debootstrap: exit code ${log.exitCode}\n${log.stdout.slice(-1000)}\n${details.slice(-2000)}`,
    );
  }
}

/** What a test image does not need, about half of it. */
export async function trimDebianRoot(root: string): Promise<void> {
  const emptied = ['usr/share/doc', 'usr/share/man', 'usr/share/info', 'usr/share/locale', 'var/cache/apt'];
  for (const name of [
    ...emptied,
    'var/lib/apt/lists',
    'var/log',
    'dev',
    'proc',
    'sys',
    'tmp',
    'run',
    'var/cache/debconf',
  ])
    await runChecked(['find', join(root, name), '-mindepth', '1', '-delete']);
  for (const name of ['etc/resolv.conf', 'etc/hostname', 'var/cache/ldconfig/aux-cache'])
    await rm(join(root, name), { force: true });
}

/** Codename of this machine's Debian; `stable` where it does not say. */
export async function debianCodename(): Promise<string> {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^VERSION_CODENAME=(\S+)/m.exec(release)?.[1] ?? 'stable';
}

/** The mirrors that apt uses on this machine, so that a machine behind its own mirror works too. */
export async function debianMirrors(): Promise<{ readonly main: string; readonly security: string }> {
  const format = '$(CREATED_BY) $(CODENAME) $(COMPONENT) $(REPO_URI)';
  const { stdout } = await runProcess(['apt-get', 'indextargets', '--format', format]);
  const codename = await debianCodename();
  const mirrorOf = (suite: string) =>
    stdout
      .split('\n')
      .find((text) => text.startsWith(`Packages ${suite} main http`))
      ?.split(' ')[3];
  const main = mirrorOf(codename);
  if (main === undefined)
    throw new Error(
      `apt knows no mirror with ${codename} main. Add one to /etc/apt/sources.list, then: apt-get update`,
    );
  return {
    main,
    security: mirrorOf(`${codename}-security`) ?? main.replace(/debian\/?$/, 'debian-security'),
  };
}

/** The proxy of apt's configuration, which other programs do not read. */
export async function aptProxy(): Promise<string | undefined> {
  const { stdout } = await runProcess(['apt-config', 'shell', 'PROXY', 'Acquire::http::Proxy']);
  const proxy = /^PROXY='(.+)'$/m.exec(stdout)?.[1];
  return proxy && proxy !== 'DIRECT' ? proxy : undefined;
}
