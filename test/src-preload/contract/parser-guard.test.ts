import { Terminal } from '@xterm/headless';
import { describe, expect, it } from 'vitest';
import { guardParser, isOpenableLink, maximumLinks } from '#contract/parser-guard.ts';

function write(terminal: Terminal, data: string): Promise<number> {
  const startedAt = performance.now();
  return new Promise((resolve) => terminal.write(data, () => resolve(performance.now() - startedAt)));
}
function guarded(): Terminal {
  const terminal = new Terminal({ cols: 80, rows: 24, allowProposedApi: true, scrollback: 1000 });
  guardParser(terminal as never);
  return terminal;
}

describe('guardParser', () => {
  it('survives an erasure up to the last cell, and does it', async () => {
    const terminal = guarded();
    await write(terminal, 'top\u001b[24;80Hx\u001b[1Jy\u001b[24;80H\u001b[1Jz');
    expect(terminal.buffer.active.getLine(0)?.translateToString(true)).toBe('');
    const { active } = terminal.buffer;
    expect(
      active
        .getLine(active.baseY + 23)
        ?.translateToString(true)
        .trim(),
    ).toBe('z');
  });

  for (const final of ['@', 'A', 'I', 'L', 'M', 'P', 'S', 'T', 'X', 'Z', 'a', 'e', ' @', ' A', "'}", "'~"]) {
    it(`survives CSI 2147483647 ${final}`, async () => {
      expect(await write(guarded(), `a\u001b[2147483647${final}b`)).toBeLessThan(100);
    });
  }

  for (const final of ['L', 'M', 'S', 'T', 'I', 'Z', 'C', 'D', 'B', 'A', 'E', 'F', 'a', 'e', '@', 'P', 'X']) {
    it(`does for CSI 9999 ${final} what xterm.js does by itself`, async () => {
      const plain = new Terminal({ cols: 80, rows: 24, allowProposedApi: true, scrollback: 1000 });
      const both = [plain, guarded()];
      // Every line has its own text, and the cursor is inside.
      const lines = Array.from({ length: 30 }, (_, row) => `line ${row} ${'x'.repeat(row)}`).join('\r\n');
      for (const terminal of both) await write(terminal, `${lines}\u001b[9;20H\u001b[9999${final}here`);
      const [wanted, got] = both.map(({ buffer: { active } }) => [
        active.cursorX,
        active.cursorY,
        ...Array.from({ length: active.length }, (_, row) => active.getLine(row)?.translateToString(true)),
      ]);
      expect(got).toEqual(wanted);
    });
  }

  it('survives a flood of large counts', async () => {
    const terminal = guarded();
    const flood = ['L', 'M', 'S', 'T', 'I', 'Z'].map((final) => `\u001b[2147483647${final}`).join('');
    expect(await write(terminal, flood.repeat(200))).toBeLessThan(2_000);
  });

  it('survives a repeated character and still shows what follows', async () => {
    const terminal = guarded();
    expect(await write(terminal, 'a\u001b[2147483647bZ')).toBeLessThan(100);
    expect(terminal.buffer.active.getLine(0)?.translateToString(true)).toBe('aZ');
  });

  it('lets reasonable counts through', async () => {
    const terminal = guarded();
    await write(terminal, 'x\u001b[4b');
    expect(terminal.buffer.active.getLine(0)?.translateToString(true)).toBe('xxxxx');
  });

  it('survives a flood of distinct links and prints their text', async () => {
    const terminal = guarded();
    let flood = '';
    for (let index = 0; index < maximumLinks + 20_000; index += 1) {
      flood += `\u001b]8;;https://example.test/${index}\u001b\\l\u001b]8;;\u001b\\`;
    }
    expect(await write(terminal, flood)).toBeLessThan(5_000);
    expect(terminal.buffer.active.getLine(terminal.buffer.active.baseY)?.translateToString(true)).toMatch(
      /^l+$/,
    );
  });

  it('answers no title report', async () => {
    const terminal = guarded();
    const answers: string[] = [];
    terminal.onData((data) => answers.push(data));
    await write(terminal, '\u001b]2;rm -rf ~\u0007\u001b[21t\u001b[20t\u001b[14t');
    expect(answers).toEqual([]);
  });
});

describe('isOpenableLink', () => {
  it('opens http, https and mailto', () => {
    for (const link of [
      'http://a.test',
      'HTTPS://a.test/x?y#z',
      'mailto:dev@a.test',
      'https://[::1]:8080/',
    ]) {
      expect(isOpenableLink(link), link).toBe(true);
    }
  });
  it('opens nothing else', () => {
    const refused = [
      'file:///etc/passwd',
      'FILE:///etc',
      'smb://a/b',
      'vbscript:x',
      'ms-msdt:/id',
      'ssh://a',
      'x-man-page://1',
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'java\tscript:alert(1)',
      'http://\u0000a',
      ' http://a',
      'http:',
      'https://',
      'data:text/html,x',
      'blob:https://a/b',
      'about:blank',
      'chrome://settings',
      'berth://x',
      'vscode://x',
      'tel:1',
      'intent://x',
      'ftp://a',
      'ldap://a',
      'jar:file:///x',
      'view-source:http://a',
      '//a.test',
      'a.test',
      '%6a%61vascript:alert(1)',
      'http\n://a',
      'ws://a',
      'wss://a',
      'app://x',
      'devtools://x',
      'search-ms:x',
      'ms-word:x',
      '\u0001javascript:x',
      'https:\u0000//a',
      '',
      ':',
      'http//a',
    ];
    for (const link of refused) expect(isOpenableLink(link), JSON.stringify(link)).toBe(false);
  });
});
