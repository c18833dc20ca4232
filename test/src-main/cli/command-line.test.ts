import { PassThrough } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';
import { commands, commandUsage, helpFor, runCommandLine } from '#main/cli/command-line.ts';
import { CommandFailure } from '#main/cli/failure.ts';
import { createInterrupts } from '#main/cli/interrupts.ts';
import type { PlaneAccess } from '#main/cli/plane-access.ts';

async function run(
  argv: string[],
  openPlane: () => Promise<PlaneAccess> = () => Promise.reject(new Error('no plane')),
) {
  const [output, error] = [new PassThrough(), new PassThrough()];
  const interrupts = createInterrupts(() => undefined);
  const running = runCommandLine({
    argv,
    streams: { input: new PassThrough(), output, error },
    interrupts,
    openPlane,
    placeOf: () => ({ dataFolder: '/nowhere', server: undefined }),
  });
  const ended = async () => ({
    code: await running,
    text: String(output.read() ?? ''),
    error: String(error.read() ?? ''),
  });
  return { interrupts, ended };
}

describe('the command line', () => {
  it('has help for everything that it understands', () => {
    for (const { name, summary, flags } of commands) {
      const help = helpFor(name.split(' ')) ?? '';
      expect(help).toContain(`berth ${name}`);
      expect(help).toContain(summary);
      for (const flag of Object.keys(flags)) expect(help).toContain(`--${flag}`);
      expect(helpFor([name.split(' ')[0] ?? ''])).toContain(`berth ${name}`);
      expect(commandUsage).toContain(name.split(' ').at(-1));
    }
    expect(helpFor(['nope'])).toBeUndefined();
    expect(helpFor(['snapshot', 'nope'])).toBeUndefined();
    expect(helpFor([])).toBeUndefined();
  });

  it.each([
    [['snapshot'], 2],
    [['snapshot', '--help'], 0],
    [['snapshot', 'create', '--help'], 0],
  ])('%j shows help with code %i', async (argv, code) => {
    const said = await (await run(argv)).ended();
    expect(said.code).toBe(code);
    expect(said.text).toContain('berth snapshot create <workspace> [<snapshot>]');
  });

  it('takes what follows -- as words', async () => {
    const opened = vi.fn(() => Promise.reject(new CommandFailure('opened')));
    const words = await (await run(['snapshot', 'create', '--', '--help', '--json'], opened)).ended();
    expect(words).toMatchObject({ code: 1, error: 'opened\n' });
    expect(opened).toHaveBeenCalledTimes(1);
  });

  it.each([
    [['snapshot', '\u001b[2Jx'], 'There is no command "snapshot \\x1b[2Jx".'],
    [['snapshot', 'create', 'a', '--nope'], "Unknown option '--nope'"],
    [['snapshot', 'create', 'a', '--note'], 'argument missing'],
    [['snapshot', 'create', 'a', 'b', 'c'], '"c" is too much'],
    [['snapshot', 'verify', 'a'], 'Something is missing: berth snapshot verify <workspace> <snapshot>'],
    [['snapshot', 'compare', 'a', 'b', 'c', '--live'], 'not both'],
    [['snapshot', 'diff', 'a', 'b', 'c', '--live'], 'not both'],
    [['snapshot', 'rm', 'a'], 'Something is missing: berth snapshot delete <workspace> <snapshot>'],
    [['snapshot', 'import', 'f.tar.zst'], '--host HOST'],
    [['snapshot', 'import', 'f', '--host', 'h', '--image', '-'], '--image'],
  ])('%j is typed wrong', async (argv, words) => {
    const said = await (await run(argv)).ended();
    expect(said).toMatchObject({ code: 2, text: '' });
    expect(said.error).toContain(words);
  });

  it('tells a program of a failure in JSON, too', async () => {
    const { code, text } = await (await run(['workspace', 'list', '--json'])).ended();
    expect({ code, value: JSON.parse(text) }).toEqual({
      code: 1,
      value: { error: { code: 'failed', message: 'no plane', details: {} } },
    });
  });

  it('closes a plane that is there only after the interrupt', async () => {
    const opening = Promise.withResolvers<PlaneAccess>();
    const close = vi.fn(async () => undefined);
    const { interrupts, ended } = await run(['workspace', 'list'], () => opening.promise);
    interrupts.raise();
    await new Promise((resolve) => setImmediate(resolve));
    opening.resolve({ client: {} as PlaneAccess['client'], isOwnPlane: true, close });
    expect(await ended()).toMatchObject({ code: 1, error: 'Cancelled.\n' });
    expect(close).toHaveBeenCalledTimes(1);
  });
});
