import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('loads whatever the shared pool of buffers holds', () => {
  const path = join(import.meta.dirname, '../../../../src-main/adapters/screen/headless-screen.ts');
  // What stands at the beginning of the pool is what the addon would take for the header of its tables.
  const script = `Buffer.from(new Uint8Array(64)); await import(${JSON.stringify(path)}); console.log('loaded');`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  expect([stdout, stderr]).toEqual(['loaded\n', '']);
});
