/** What may come next, in the words of the table, and in a real bash. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commands } from '#main/cli/command-table.ts';
import type { LocalContext } from '#main/cli/command.ts';
import { completeWords, completionCommands } from '#main/cli/completion.ts';

const asked: unknown[] = [];
const find = async (kind: string, workspace: string | undefined) => {
  asked.push([kind, workspace]);
  const known: Record<string, string[]> = {
    workspace: ['alpha', 'my work', 'bad\u001b[2J'],
    host: ['atlas'],
    machine: ['box'],
    cloud: ['main'],
    find: ['stray'],
    snapshot: ['latest', 'before'],
    user: ['ada@example.org'],
  };
  return known[kind] ?? [];
};
const complete = (...words: string[]) => completeWords(words, commands, find);

describe('completion', () => {
  beforeEach(() => void asked.splice(0));

  it('knows commands, and those of a noun', async () => {
    expect(await complete('')).toEqual(expect.arrayContaining(['host', 'exec', 'serve', 'help']));
    expect(await complete('sn')).toEqual(['snapshot']);
    expect(await complete('snapshot', 'p')).toEqual(['pin', 'prune', 'put-back']);
    expect(await complete('host', 'l')).toEqual(['lease', 'list', 'ls']);
    expect(await complete('help', 'snap')).toEqual(['snapshot']);
    expect(await complete('nope', 'x', '')).toEqual([]);
  });

  it('knows names of what there is, by what a word means, and shows none that would steer the terminal', async () => {
    expect(await complete('exec', '')).toEqual(['alpha', 'my work']);
    expect(await complete('shell', 'a')).toEqual(['alpha']);
    expect(await complete('workspace', 'stop', 'alpha', '')).toEqual(['alpha', 'my work']);
    expect(await complete('snapshot', 'restore', 'alpha', 'be')).toEqual(['before']);
    expect(asked.at(-1)).toEqual(['snapshot', 'alpha']);
    expect(await complete('shell', '--host', '')).toEqual(['atlas']);
    expect(await complete('machine', 'destroy', '')).toEqual(['box']);
    expect(await complete('machine', 'power', 'box', 'o')).toEqual(['off', 'on']);
    expect(await complete('machine', 'create', 'new', '--cloud', '')).toEqual(['main']);
    expect(await complete('cloud', 'adopt', '')).toEqual(['stray']);
    expect(await complete('user', 'role', 'ada@example.org', 'm')).toEqual(['member']);
    expect(await complete('snapshot', 'restore', '--data-dir', 'x', '')).toEqual(['alpha', 'my work']);
  });

  it('knows flags and their choices, and leaves files and other programs’ words alone', async () => {
    expect(await complete('exec', 'alpha', '--w')).toEqual(['--workdir']);
    expect(await complete('snapshot', 'create', 'alpha', '--consistency', '')).toEqual([
      'live',
      'paused',
      'stopped',
    ]);
    expect(await complete('cp', '')).toEqual([]);
    expect(await complete('exec', 'alpha', '--', '')).toEqual([]);
    expect(await complete('completion', 'z')).toEqual(['zsh']);
  });
});

describe('in bash', () => {
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-complete-'));
    const [command] = completionCommands;
    const typed = { words: ['bash'], text: () => undefined, texts: () => [], has: () => false };
    const { json } = (await command?.readLocal(typed)({} as LocalContext)) ?? {};
    writeFileSync(join(folder, 'script'), (json as { script: string }).script);
    // Tells what it was asked, and answers with names as they may be.
    writeFileSync(
      join(folder, 'berth'),
      `#!/bin/sh\nprintf '%s\\n' "$@" >'${folder}/asked'\nprintf 'alpha\\nmy work\\nit'"'"'s\\n$(id)\\n'\n`,
    );
    chmodSync(join(folder, 'berth'), 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is installed by the script, asks with the words so far, and quotes what a shell would take apart', () => {
    const script = `source "$0"; COMP_WORDS=(berth "$@" further); COMP_CWORD=$#; _berth_complete; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p berth`;
    const said = execFileSync(
      'bash',
      ['--norc', '-c', script, join(folder, 'script'), 'exec', '-u', 'a b', 'my'],
      {
        encoding: 'utf8',
        env: { PATH: `${folder}:${process.env.PATH}`, HOME: folder },
      },
    );
    expect(said.trimEnd().split('\n')).toEqual([
      'alpha',
      'my\\ work',
      "it\\'s",
      '\\$\\(id\\)',
      'complete -o default -F _berth_complete berth',
    ]);
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('__complete\nexec\n-u\na b\nmy\n');
  });

  it('is silent where nothing runs', () => {
    const program = new URL('../../../src-main/headless.ts', import.meta.url).pathname;
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      [program, '__complete', 'workspace', 'stop', ''],
      {
        encoding: 'utf8',
        env: { PATH: process.env.PATH, HOME: folder, BERTH_DATA_DIR: join(folder, 'none') },
      },
    );
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
  }, 60_000);
});
