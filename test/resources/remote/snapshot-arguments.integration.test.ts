/** What the program asks of its arguments and of the host before it does anything. Needs no privilege. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { idOf, makeScratch, programPath, runProgram } from './snapshot-program.ts';

const scratch = makeScratch();
beforeAll(() => ensureRequirements(['snapshots']), 600_000);
afterAll(scratch.remove);

describe('the program', () => {
  it('is written for Python 3.6', () => {
    const check = 'import ast,sys; ast.parse(open(sys.argv[1]).read(), feature_version=(3,6))';
    const { status, stderr } = spawnSync('/usr/bin/python3', ['-c', check, programPath], {
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('says wrong arguments as a failure, too', async () => {
    for (const args of [
      [],
      ['paint'],
      ['list'],
      ['list', '--store', '/nowhere/at/all'],
      ['list', '--sto', '/tmp'],
    ]) {
      const { exitCode, events, stderr } = await runProgram(args);
      expect([args, exitCode, events.at(-1)?.event, stderr]).toEqual([args, 1, 'failed', '']);
    }
  });

  it.each([
    ['../../etc', 'not-found'],
    ['snap_short', 'not-found'],
    ['snap_0000000000000000000A', 'not-found'],
    ['snap_00000000000000000000\n', 'not-found'],
  ])('refuses the id %j before it touches anything', async (id, code) => {
    const store = join(scratch.folder('store'), 'unmade');
    const { exitCode, events } = await runProgram([
      'create',
      '--store',
      store,
      '--source',
      scratch.root,
      '--id',
      id,
      '--about',
      '{}',
    ]);
    expect([exitCode, events.at(-1)?.code]).toEqual([1, code]);
    expect(existsSync(store)).toBe(false);
  });

  it('says missing tools by name', async () => {
    const bin = scratch.folder('bin');
    writeFileSync(join(bin, 'tar'), '#!/bin/sh\necho "bsdtar 3.6.2"\n');
    chmodSync(join(bin, 'tar'), 0o755);
    const { exitCode, one } = await runProgram(['tools'], { through: ['/usr/bin/env', `PATH=${bin}`] });
    expect(exitCode).toBe(0);
    expect(one('tools')).toMatchObject({ tar: null, zstd: null });
    expect(one('tools').problems).toHaveLength(2);
    const made = await runProgram(
      ['create', '--store', scratch.folder('s'), '--source', bin, '--id', idOf('x'), '--about', '{}'],
      { through: ['/usr/bin/env', `PATH=${bin}`] },
    );
    expect(made.one('failed').code).toBe('snapshot.tools-missing');
    expect((await runProgram(['tools'])).one('tools').problems).toEqual([]);
  });
});
