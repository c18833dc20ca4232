import { Terminal } from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommandLog, maximumCommands, type ShellCommand } from '#renderer/features/terminals/command-log.ts';
import { parseEditorMark, parsePromptMark } from '#renderer/features/terminals/shell-marks.ts';

function openLog(size = { cols: 40, rows: 10, scrollback: 100 }) {
  const terminal = new Terminal({ ...size, allowProposedApi: true });
  const finished: ShellCommand[] = [];
  let removed = 0;
  let nowMs = 1_000;
  const log = new CommandLog(
    terminal as never,
    {
      onChanged: () => undefined,
      onRemoved: () => {
        removed += 1;
      },
      onFinished: (command) => finished.push(command),
    },
    () => nowMs,
  );
  for (const [code, parse] of [
    [133, parsePromptMark],
    [633, parseEditorMark],
  ] as const)
    terminal.parser.registerOscHandler(code, (data) => {
      const mark = parse(data);
      if (mark) log.take(mark);
      return true;
    });
  const write = (data: string) => new Promise<void>((resolve) => terminal.write(data, resolve));
  return {
    log,
    finished,
    write,
    removedCount: () => removed,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

const osc = (text: string) => `\u001b]133;${text}\u0007`;
const prompt = `${osc('A')}$ ${osc('B')}`;
const run = (line: string, output: string, exit: number) =>
  `${prompt}${line}\r\n${osc('C')}${output}${osc(`D;${exit}`)}`;

describe('CommandLog', () => {
  it('tells what ran, how it ended and how long it took', async () => {
    const { log, finished, write, pass } = openLog();
    await write(`${prompt}make test\r\n${osc('C')}works\r\n`);
    expect(log.commands[0]).toMatchObject({ phase: 'running', text: 'make test' });
    pass(12_500);
    await write(`${osc('D;2')}${prompt}`);
    expect(finished).toHaveLength(1);
    expect(finished[0]).toMatchObject({ phase: 'done', text: 'make test', exitCode: 2, durationMs: 12_500 });
    expect(log.commands.map(({ phase }) => phase)).toEqual(['done', 'waiting']);
  });

  it('gives the last output, joined where it was wrapped', async () => {
    const { log, write } = openLog();
    await write(
      `${run('a', 'first\r\n', 0)}${run('b', `${'x'.repeat(50)}\r\nsecond  line\r\nno end`, 0)}${prompt}`,
    );
    expect(log.lastOutput()).toBe(`${'x'.repeat(50)}\nsecond  line\nno end`);
  });

  it('has no output before a command has ended, or when it printed nothing', async () => {
    const { log, write } = openLog();
    expect(log.lastOutput()).toBeNull();
    await write(`${run('true', '', 0)}${prompt}`);
    expect(log.lastOutput()).toBe('');
  });

  it('counts no empty line as a command, once the shell tells when output begins', async () => {
    const { log, finished, write } = openLog();
    await write(`${run('a', 'x\r\n', 0)}${prompt}\r\n${osc('D;0')}${prompt}`);
    expect(finished).toHaveLength(1);
    expect(log.commands.map(({ phase }) => phase)).toEqual(['done', 'waiting', 'waiting']);
  });

  it('takes the command line that the shell gives before what the screen shows', async () => {
    const { log, write } = openLog();
    await write(`${prompt}ll\r\n\u001b]633;E;ls -l\u0007${osc('C')}`);
    expect(log.commands[0]?.text).toBe('ls -l');
  });

  it('goes from prompt to prompt', async () => {
    const { log, write } = openLog();
    await write(`${run('a', 'x\r\ny\r\n', 0)}${run('b', 'z\r\n', 1)}${prompt}`);
    expect([log.promptBefore(99), log.promptBefore(5), log.promptBefore(3), log.promptBefore(0)]).toEqual([
      5,
      3,
      0,
      null,
    ]);
    expect([log.promptAfter(0), log.promptAfter(3), log.promptAfter(5)]).toEqual([3, 5, null]);
  });

  it('takes a prompt that is drawn again for the same one', async () => {
    const { log, write } = openLog();
    await write(`${prompt}half\r${prompt}`);
    expect(log.commands).toHaveLength(1);
  });

  it('ends what a new prompt shows to have ended', async () => {
    const { log, finished, write } = openLog();
    await write(`${prompt}sleep\r\n${osc('C')}^C\r\n${prompt}`);
    expect(log.commands[0]).toMatchObject({ phase: 'done', exitCode: null });
    expect(finished).toEqual([]);
  });

  it('forgets commands whose lines are gone, and all of them when the screen is emptied', async () => {
    const { log, write, removedCount } = openLog({ cols: 20, rows: 4, scrollback: 6 });
    for (let index = 0; index < 30; index += 1) await write(run('a', 'x\r\n', 0));
    expect(log.commands.length).toBeLessThanOrEqual(10);
    log.reset();
    expect(log.commands).toEqual([]);
    expect(removedCount()).toBe(30);
  });

  it('holds a thousand and no more', async () => {
    const { log, write } = openLog({ cols: 20, rows: 10, scrollback: 10_000 });
    await write(run('a', '', 0).repeat(maximumCommands + 200));
    expect(log.commands).toHaveLength(maximumCommands);
  });

  it('ignores marks of a full-screen program', async () => {
    const { log, write } = openLog();
    await write(`\u001b[?1049h${prompt}\u001b[?1049l`);
    expect(log.commands).toEqual([]);
  });

  it('stands every order of marks', async () => {
    const piece = fc.constantFrom(
      osc('A'),
      osc('B'),
      osc('C'),
      osc('D'),
      osc('D;1'),
      'x',
      '\r\n',
      '\u001b[2J',
      '\u001b[H',
      '\u001b[3J',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 60 }), async (pieces) => {
        const { log, write } = openLog({ cols: 10, rows: 4, scrollback: 5 });
        await write(pieces.join(''));
        log.lastOutput();
        log.promptBefore(3);
        for (const { phase, durationMs } of log.commands) if (phase !== 'done') expect(durationMs).toBeNull();
      }),
      { numRuns: 60 },
    );
  });
});
