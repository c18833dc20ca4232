/** Images as archives, made once per machine and recipe, and kept: safe to ask for from many processes at once. */
import { createHash } from 'node:crypto';
import { access, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { debianCodename } from './debian-root.ts';
import { withExclusive } from './exclusive.ts';
import { ensureRequirements } from './requirements.ts';
import { serversFolder } from './servers-folder.ts';

export interface TestImage {
  /** name:tag, as it is called after loadImage. */
  readonly reference: string;
  /** An archive for `docker load`. */
  readonly tarPath: string;
}

/** `recipe`: all that decides what `make` makes. It gets a folder for its work, and the path that has to appear whole. */
export async function cachedArchive(
  reference: string,
  recipe: object,
  make: (workFolder: string, tarPath: string) => Promise<void>,
): Promise<TestImage> {
  const text = JSON.stringify([reference, recipe, process.arch, await debianCodename()]);
  const key = createHash('sha256').update(text).digest('hex').slice(0, 16);
  const tarPath = join(serversFolder('images'), `${key}.tar`);
  const image = { reference, tarPath };
  if (await exists(tarPath)) return image;
  await ensureRequirements(['images']);
  await withExclusive(`image-${key}`, async () => {
    if (await exists(tarPath)) return;
    const workFolder = join(serversFolder('images'), `${key}.work`);
    await rm(workFolder, { recursive: true, force: true });
    await mkdir(workFolder, { recursive: true });
    try {
      await make(workFolder, tarPath);
    } finally {
      await rm(workFolder, { recursive: true, force: true });
    }
  });
  return image;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
