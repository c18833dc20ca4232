/** Words as a real tmux reads them: from a control client's line into one of its buffers and out again, byte for byte. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command, commandList } from '#main/adapters/tmux/tmux-words.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-words-'));
const env = { ...process.env, TMUX_TMPDIR: folder, LC_ALL: 'C' };
const names = ['-u', '-L', 'words', '-f', '/dev/null'];
let client: ReturnType<typeof spawn>;
let lines: AsyncIterator<string>;

beforeAll(async () => {
  client = spawn('tmux', [...names, '-C', 'new-session', 'exec tail -f /dev/null'], {
    env,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  lines = createInterface(client.stdout!)[Symbol.asyncIterator]();
  await reply(0);
});
afterAll(() => {
  client?.stdin?.end();
  execFileSync('tmux', ['-L', 'words', 'kill-server'], { env, stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
});

/** The lines of the next `count` blocks; of the one that tmux opens with where that is 0. */
async function reply(count: number): Promise<string[]> {
  const texts: string[] = [];
  for (let left = Math.max(1, count); left > 0; ) {
    const { value, done } = await lines.next();
    if (done) throw new Error('tmux ended');
    if (/^%error /.test(value)) throw new Error(`tmux refused: ${texts.join(' ')}`);
    if (/^%end /.test(value)) left -= 1;
    else if (!value.startsWith('%')) texts.push(value);
  }
  return texts;
}
async function run(...commands: string[]): Promise<string[]> {
  client.stdin?.write(`${commandList(commands)}\n`);
  return await reply(commands.length);
}

/** Through the parser into a buffer. The letter in front: tmux keeps no empty ones. */
async function through(text: string): Promise<string> {
  const file = join(folder, 'buffer');
  await run(command('set-buffer', '-b', 'one', `x${text}`), command('save-buffer', '-b', 'one', file));
  return readFileSync(file, 'utf8').slice(1);
}

describe('a real tmux', () => {
  it.each([
    ['"'],
    ['\\'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell's expansion, not ours.
    ['$HOME ${HOME}'],
    ['#{pane_id} #(touch /tmp/no) ##'],
    ['a ; kill-server'],
    ['~ ~root'],
    ["it's"],
    ['two\nlines\r\n\ttab'],
    ['{ } %if 1'],
    ['ünï 漢 🚢 e\u0301'],
    ['\u001b[31m\u0007\u007f'],
    ['\\073 \\n \\u0041'],
    ['ends with \\'],
  ])('reads %j as it was', async ([text = '']) => {
    expect(await through(text)).toBe(text);
  });

  it('reads any text as it was', async () => {
    // No argument of a program holds a zero byte.
    const text = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((one) => !one.includes('\0'));
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        expect(await through(one)).toBe(one);
      }),
      { numRuns: 150 },
    );
  });

  it('hands words to a program as they were', async () => {
    const file = join(folder, 'argument');
    const text = 'a "b" $c #{d}\\ ~;\n漢';
    const script = 'printf %s "$1" >"$2.new"; mv "$2.new" "$2"; exec tail -f /dev/null';
    await run(command('new-window', '-d', '/bin/sh', '-c', script, 'berth', text, file));
    for (let tries = 0; tries < 200; tries++) {
      try {
        expect(readFileSync(file, 'utf8')).toBe(text);
        return;
      } catch {
        await run(command('display-message', '-p', 'again'));
      }
    }
    expect(readFileSync(file, 'utf8')).toBe(text);
  });
});
