/**
 * The throw-away host of `npm run demo`, and the file that tells Berth of it. The same real host that tests use, with
 * images to make workspaces from.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SshDefinition } from '#contract/hosts.ts';
import { busyboxImage, loadImage, workspaceImage } from './images.ts';
import { type RemoteHost, startRemoteHost } from './remote-host.ts';

/** What `--add-host FILE` reads: a host to add at the start, with the key that it will show. */
export interface AddHostFile {
  readonly name: string;
  readonly definition: SshDefinition;
  /** One public key line, `type base64`: known in advance, so that nobody is asked. */
  readonly hostKey: string;
}

export interface DemoHost extends AsyncDisposable {
  readonly host: RemoteHost;
  /** Images on the host, to make workspaces from. */
  readonly images: readonly string[];
  /** Gone with the demo: the add-host file and Berth's data. */
  readonly folder: string;
  readonly addHostPath: string;
  stop(): Promise<void>;
}

export const DEMO_IMAGES = { debian: 'demo/debian:12', busybox: 'demo/busybox:1' } as const;

export function addHostFileFor(host: RemoteHost, name: string): AddHostFile {
  return {
    name,
    definition: {
      kind: 'ssh',
      configName: null,
      address: host.address,
      port: host.port,
      user: host.user,
      auth: { method: 'key', source: { kind: 'file', path: host.clientKeyPath }, passphraseId: null },
      jumps: [],
      engineSocket: null,
    },
    hostKey: host.hostKeyPublic,
  };
}

export async function startDemoHost({ name = 'demo' } = {}): Promise<DemoHost> {
  const host = await startRemoteHost({ name });
  const folder = await mkdtemp(join(tmpdir(), 'berth-demo-'));
  const stop = async () => {
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const [image, tag] of [
      [await workspaceImage(), DEMO_IMAGES.debian],
      [await busyboxImage(), DEMO_IMAGES.busybox],
    ] as const) {
      await loadImage(host, image);
      await host.docker('tag', image.reference, tag);
      await host.docker('rmi', image.reference);
    }
    const addHostPath = join(folder, 'host.json');
    await writeFile(addHostPath, JSON.stringify(addHostFileFor(host, name), undefined, 2), { mode: 0o600 });
    return {
      host,
      images: Object.values(DEMO_IMAGES),
      folder,
      addHostPath,
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
