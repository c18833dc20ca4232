/**
 * xterm.js without a window, under the same guards and with the same widths as the windows' own, so that both come to
 * the same screen. Parses in the caller's turn: the library's own queue would parse in a timer of its own, where a throw
 * would end the process. Names the parts of xterm.js 6.0.0 that no public interface shows (cells as numbers, saved
 * cursor, margins, tab stops, character sets); the version is pinned, and screen-keeper.test.ts compares all of them.
 */
import * as headless from '@xterm/headless';
import { guardParser } from '#contract/parser-guard.ts';
import type { TerminalSize } from '#contract/terminals.ts';

// CommonJS: plain Node shows it as the default export, a bundler may show its names.
const { Terminal } = ((headless as { default?: typeof headless }).default ?? headless) as typeof headless;
const { UnicodeGraphemesAddon } = await loadGraphemes();

type Addon = Pick<typeof import('@xterm/addon-unicode-graphemes'), 'UnicodeGraphemesAddon'>;

/**
 * The addon reads the header of its tables from the beginning of whatever memory they lie in (unicode-trie.ts: `data.buffer`
 * without its offset). Since Node keeps buffers below 32 KiB in a shared pool, that is another buffer's memory, unless the
 * pool is out of use while the addon is loaded. Otherwise it fails with "Data error", or asks for gigabytes.
 */
async function loadGraphemes() {
  const { poolSize } = Buffer;
  Buffer.poolSize = 0;
  try {
    const graphemes: Addon & { default?: Addon } = await import('@xterm/addon-unicode-graphemes');
    return graphemes.default ?? graphemes;
  } finally {
    Buffer.poolSize = poolSize;
  }
}

/** Cells of scrollback at most, 12 bytes each: 5,000 lines of 200 columns. Very wide terminals get fewer lines. */
const maxScrollbackCells = 1_000_000;

/** One cell is three words: content, foreground, background. */
export interface CoreLine {
  readonly isWrapped: boolean;
  readonly length: number;
  readonly _data: Uint32Array;
  readonly _combined: Readonly<Record<number, string>>;
  readonly _extendedAttrs: Readonly<Record<number, CoreExtended | undefined>>;
}
export interface CoreExtended {
  readonly _ext: number;
  readonly urlId: number;
}
export interface CoreAttributes {
  readonly fg: number;
  readonly bg: number;
  readonly extended: CoreExtended;
}
export interface CoreBuffer {
  readonly x: number;
  readonly y: number;
  readonly ybase: number;
  readonly savedX: number;
  readonly savedY: number;
  readonly savedCurAttrData: CoreAttributes;
  readonly savedCharset: object | undefined;
  readonly scrollTop: number;
  readonly scrollBottom: number;
  readonly tabs: Readonly<Record<number, boolean>>;
  readonly lines: { readonly length: number; get(index: number): CoreLine | undefined };
}
export interface Core {
  writeSync(bytes: Uint8Array): void;
  readonly _bufferService: {
    readonly buffers: { readonly normal: CoreBuffer; readonly alt: CoreBuffer; readonly active: CoreBuffer };
  };
  readonly coreService: {
    readonly isCursorHidden: boolean;
    readonly modes: { readonly insertMode: boolean };
    readonly decPrivateModes: {
      readonly applicationCursorKeys: boolean;
      readonly applicationKeypad: boolean;
      readonly bracketedPasteMode: boolean;
      readonly cursorBlink: boolean | undefined;
      readonly cursorStyle: 'block' | 'underline' | 'bar' | undefined;
      readonly origin: boolean;
      readonly reverseWraparound: boolean;
      readonly sendFocus: boolean;
      readonly wraparound: boolean;
    };
  };
  readonly coreMouseService: { readonly activeProtocol: string; readonly activeEncoding: string };
  readonly unicodeService: { charProperties(codepoint: number, preceding: number): number };
  readonly _charsetService: {
    readonly glevel: number;
    readonly charset: object | undefined;
    readonly _charsets: readonly (object | undefined)[];
  };
  readonly _oscLinkService: {
    getLinkData(id: number): { readonly id?: string; readonly uri: string } | undefined;
  };
  readonly _inputHandler: { readonly _curAttrData: CoreAttributes };
  readonly optionsService: {
    readonly options: { readonly cursorBlink: boolean; readonly convertEol: boolean };
  };
}

export interface HeadlessScreen {
  readonly core: Core;
  readonly size: TerminalSize;
  /** In this turn: small pieces keep it short. Throws what the library throws. */
  parse(bytes: Uint8Array): void;
  resize(size: TerminalSize): void;
  dispose(): void;
}

export function createHeadlessScreen({ cols, rows }: TerminalSize, scrollbackLines: number): HeadlessScreen {
  const linesFor = (columns: number) => Math.min(scrollbackLines, Math.floor(maxScrollbackCells / columns));
  const terminal = new Terminal({
    cols,
    rows,
    scrollback: linesFor(cols),
    allowProposedApi: true,
    logLevel: 'off',
  });
  terminal.loadAddon(new UnicodeGraphemesAddon() as never);
  const guard = guardParser(terminal);
  const { _core: core } = terminal as unknown as { readonly _core: Core };
  return {
    core,
    get size() {
      return { cols: terminal.cols, rows: terminal.rows };
    },
    parse: (bytes) => core.writeSync(bytes),
    resize(size) {
      if (size.cols === terminal.cols && size.rows === terminal.rows) return;
      terminal.resize(size.cols, size.rows);
      const scrollback = linesFor(size.cols);
      if (scrollback !== terminal.options.scrollback) terminal.options.scrollback = scrollback;
    },
    dispose() {
      guard.dispose();
      terminal.dispose();
    },
  };
}
