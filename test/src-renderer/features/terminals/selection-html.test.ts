import { Terminal } from '@xterm/headless';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { selectionHtml } from '#renderer/features/terminals/selection-html.ts';

const look = {
  theme: { foreground: '#111111', background: '#eeeeee', red: '#aa0000', brightBlue: '#0000ff' },
  fontFamily: '\'A "B"\', monospace',
  fontSizePx: 13,
};

async function html(data: string, start: { x: number; y: number }, end: { x: number; y: number }) {
  const terminal = new Terminal({ cols: 20, rows: 6, allowProposedApi: true });
  await new Promise<void>((resolve) => terminal.write(data, resolve));
  const text = selectionHtml(terminal.buffer.active as never, { start, end }, look);
  return text.replace(/^<pre style="[^"]*">/, '').replace(/<\/pre>$/, '');
}

describe('selectionHtml', () => {
  it('keeps colours and styles, equal cells together', async () => {
    expect(await html('a\u001b[31mred\u001b[1;4mx\u001b[0mb', { x: 0, y: 0 }, { x: 6, y: 0 })).toBe(
      'a<span style="color:#aa0000">red</span><span style="color:#aa0000;font-weight:bold;text-decoration:underline">x</span>b',
    );
    expect(
      await html('\u001b[38;2;1;2;3mt\u001b[38;5;208mp\u001b[48;5;244mg', { x: 0, y: 0 }, { x: 3, y: 0 }),
    ).toBe(
      '<span style="color:#010203">t</span><span style="color:#ff8700">p</span><span style="color:#ff8700;background:#808080">g</span>',
    );
    expect(await html('\u001b[7mi', { x: 0, y: 0 }, { x: 1, y: 0 })).toBe(
      '<span style="color:#eeeeee;background:#111111">i</span>',
    );
  });

  it('takes exactly what is selected, wrapped lines as one', async () => {
    expect(await html('0123456789\r\nabc', { x: 4, y: 0 }, { x: 2, y: 1 })).toBe('456789\nab');
    expect(await html('x'.repeat(25), { x: 0, y: 0 }, { x: 5, y: 1 })).toBe('x'.repeat(25));
    expect(await html('漢字 b', { x: 0, y: 0 }, { x: 6, y: 0 })).toBe('漢字 b');
  });

  it('lets nothing from the screen become markup', async () => {
    expect(await html('<b>&"', { x: 0, y: 0 }, { x: 5, y: 0 })).toBe('&lt;b&gt;&amp;&quot;');
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: fc.constantFrom('<', '>', '&', '"', 'a', '/'), maxLength: 20 }),
        async (text) => {
          expect(await html(text, { x: 0, y: 0 }, { x: 20, y: 0 })).not.toMatch(/[<>"]/);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('quotes the font’s name', () => {
    const terminal = new Terminal({ cols: 5, rows: 2, allowProposedApi: true });
    const text = selectionHtml(
      terminal.buffer.active as never,
      { start: { x: 0, y: 0 }, end: { x: 1, y: 0 } },
      look,
    );
    expect(text).toContain("font-family:'A &quot;B&quot;', monospace");
  });
});
