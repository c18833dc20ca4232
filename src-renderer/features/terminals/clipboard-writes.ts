/**
 * Programs that fill the clipboard (OSC 52): what they sent, checked, and when a person is asked. Writing alone: a
 * question for the clipboard's content (`?`) is never answered. Pure but for the asking, which is handed in.
 * Source: xterm control sequences (ctlseqs), OSC 52: `Pc ; Pd`, Pd base64.
 */

/** Bytes of one text; more than anybody copies from a terminal by hand. */
export const maximumClipboardBytes = 1_048_576;
/** Milliseconds after an answer in which nobody is asked again: output can ask a thousand times a second. */
export const askPauseMs = 3_000;
/** Characters of the text that the question shows. */
const previewLength = 2_000;

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** The text to write; null: a question, or nothing that may be written. */
export function parseClipboardWrite(data: string): string | null {
  const separator = data.indexOf(';');
  if (separator < 0 || !/^[cpqs0-7]*$/.test(data.slice(0, separator))) return null;
  const encoded = data.slice(separator + 1);
  if (encoded === '' || encoded.length > Math.ceil(maximumClipboardBytes / 3) * 4 + 4) return null;
  if (!base64.test(encoded)) return null;
  const binary = atob(encoded);
  if (binary.length > maximumClipboardBytes) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(
      Uint8Array.from(binary, (char) => char.charCodeAt(0)),
    );
  } catch {
    return null;
  }
}

/** As a person may look at it: no control character reaches the page, nor one that turns the direction of letters. */
export function clipboardPreview(text: string): string {
  const shown = text
    .slice(0, previewLength)
    .replace(/\r\n?/g, '\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  return text.length > previewLength ? `${shown}\n…` : shown;
}

export interface ClipboardGateDeps {
  readonly policy: () => 'never' | 'ask' | 'always';
  readonly ask: (text: string, from: string) => Promise<boolean>;
  readonly write: (text: string, from: string) => void;
  readonly nowMs: () => number;
}

/** One for all terminals of a window, so that ten of them cannot ask ten times. */
export class ClipboardGate {
  readonly #deps: ClipboardGateDeps;
  #isAsking = false;
  #answeredAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ClipboardGateDeps) {
    this.#deps = deps;
  }

  async take(text: string, from: string): Promise<void> {
    const policy = this.#deps.policy();
    if (policy === 'never') return;
    if (policy === 'always') return this.#deps.write(text, from);
    // What comes meanwhile is dropped, not kept: a person agrees to the text they see, not to a later one.
    if (this.#isAsking || this.#deps.nowMs() - this.#answeredAtMs < askPauseMs) return;
    this.#isAsking = true;
    try {
      if (await this.#deps.ask(text, from)) this.#deps.write(text, from);
    } finally {
      this.#isAsking = false;
      this.#answeredAtMs = this.#deps.nowMs();
    }
  }
}
