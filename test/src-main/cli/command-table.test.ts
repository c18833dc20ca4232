/** The command line keeps up with the contract: whatever can be asked about accounts and machines, some command asks. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { contract } from '#contract/index.ts';

const folder = join(import.meta.dirname, '../../../src-main/cli');
const sources = readdirSync(folder)
  .map((name) => readFileSync(join(folder, name), 'utf8'))
  .join('\n');

it.each(Object.keys(contract).filter((name) => /^(?:clouds|machines)\./.test(name)))(
  'some command asks for %s',
  (method) => {
    expect(sources).toContain(`'${method}'`);
  },
);
