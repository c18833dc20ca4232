/**
 * A program of this folder and all that it imports as one file, for tests that start it again and again: Node takes 0.8 s of a
 * processor to read the many files of a plane, and 0.3 s to read one. Packages that hold native code stay where they are.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import packageJson from '../../package.json' with { type: 'json' };

/** As deep as this folder: what a program finds by its own place, it finds from there too. */
const folder = fileURLToPath(new URL('../../node_modules/.cache', import.meta.url));

/** The path of the bundled program: named by its content, so that Node finds what it compiled for an earlier run. */
export async function childProgram(name: 'plane-child'): Promise<string> {
  const source = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: Object.keys(packageJson.dependencies) },
    build: {
      ssr: source,
      write: false,
      minify: false,
      target: 'node24',
      rolldownOptions: { output: { format: 'esm', codeSplitting: false } },
    },
  });
  if (!('output' in built)) throw new Error(`${name} was not bundled`);
  const { code } = built.output[0];
  const digest = createHash('sha256').update(code).digest('hex').slice(0, 16);
  const path = join(folder, `${name}-${digest}.mjs`);
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  await writeFile(`${path}.${process.pid}`, code);
  await rename(`${path}.${process.pid}`, path);
  return path;
}
