/** What a program asks of its terminal under a multiplexer is answered once: there, or here. */
import { Terminal } from '@xterm/headless';
import type { Terminal as Screen } from '@xterm/xterm';
import { describe, expect, it } from 'vitest';
import { leaveAnswersToHost } from '#renderer/features/terminals/answered-elsewhere.ts';

function answersTo(output: string, isOnHost: boolean): Promise<string> {
  const terminal = new Terminal({ allowProposedApi: true, windowOptions: { getWinSizeChars: true } });
  let answers = '';
  terminal.onData((data) => (answers += data));
  // The parser is the same in both builds of xterm.js.
  if (isOnHost) leaveAnswersToHost(terminal as unknown as Screen);
  return new Promise((resolve) => terminal.write(output, () => resolve(answers)));
}

describe('under a multiplexer', () => {
  it.each([
    ['DA1', '\x1b[c'],
    ['DA1 with a zero', '\x1b[0c'],
    ['DA2', '\x1b[>c'],
    ['status', '\x1b[5n'],
    ['cursor', '\x1b[6n'],
    ['size in characters', '\x1b[18t'],
  ])('leaves %s to it', async (_, query) => {
    expect(await answersTo(query, true)).toBe('');
    expect(await answersTo(query, false)).not.toBe('');
  });

  it('says no version, whoever asks', async () => {
    expect(await answersTo('\x1b[>q', true)).toBe('');
  });

  it.each([
    ['a mode', '\x1b[?2004$p'],
    ['a setting', '\x1bP$qm\x1b\\'],
    ['the cursor with its page', '\x1b[?6n'],
  ])('still answers for %s', async (_, query) => {
    const answer = await answersTo(query, true);
    expect(answer).not.toBe('');
    expect(answer).toBe(await answersTo(query, false));
  });

  it('draws what is no question as before', async () => {
    expect(await answersTo('\x1b[2;2H\x1b[8;10;10t\x1b[0n text \x1b[?6n', true)).toBe('\x1b[?2;8R');
  });
});
