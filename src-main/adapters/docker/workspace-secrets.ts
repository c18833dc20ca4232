/**
 * Secrets as files in a container that was made and not started: through the engine's archive, so that they are in no
 * request that the engine keeps (unlike environment variables, which `docker inspect` shows). Guarantees that a container
 * without its secrets is not left behind.
 */
import type { SecretFile } from '../../control-plane/interfaces/container-engine.ts';
import { removeByForce } from './container-inspection.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { tarArchive } from './tar-archive.ts';
import type { ContainerUser } from './workspace-container.ts';

/** Folders on the way that the image lacks are made by the engine, root's and 0755; those it has stay as they are. */
export async function writeSecretFiles(
  client: EngineClient,
  containerId: string,
  { files = [], user }: { files: readonly SecretFile[] | undefined; user: ContainerUser },
): Promise<void> {
  if (files.length === 0) return;
  const archive = tarArchive(
    files.map(({ path, content }) => ({
      path: path.replace(/^\//, ''),
      mode: 0o400,
      uid: user.uid ?? 0,
      gid: user.gid ?? 0,
      content: Buffer.from(content.reveal()),
    })),
  );
  try {
    await client.call({
      method: 'PUT',
      path: `/containers/${pathPart(containerId)}/archive`,
      query: { path: '/', noOverwriteDirNonDir: 1 },
      archive,
      subject: 'create',
    });
  } catch (error) {
    // Not aborted by a cancel: a container that lacks its password must not be started by whoever finds it.
    await removeByForce(client, containerId, undefined);
    throw error;
  }
}
