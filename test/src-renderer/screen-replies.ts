/**
 * A VNC server for fixtures (RFB 3.8, RFC 6143), as small as a picture of its tab needs: one still desktop, a password that
 * it takes or refuses, or no answer at all. What is typed and pasted is kept, to be looked at.
 */
import { BerthError } from '#contract/berth-error.ts';
import { type ByteFrame, ByteFrameReader, encodeByteFrame } from '#contract/framed-bytes.ts';
import type { ByteStream } from '#renderer/transport/client.ts';

/** `asks`: for a password; what it does with it is `refuses`. */
export type ScreenConduct = 'open' | 'asks' | 'refuses' | 'silent' | 'closed' | 'cut';

export interface ScreenHeard {
  /** Keysyms that went down, and (negative) up. */
  readonly keys: number[];
  readonly pasted: string[];
}

const width = 1280;
const height = 800;

export function screenBytes(conduct: ScreenConduct, heard: ScreenHeard): ByteStream {
  const ending = Promise.withResolvers<void>();
  ending.promise.catch(() => undefined);
  let listener: ((bytes: Uint8Array, done: () => void) => void) | undefined;
  const say = (bytes: Uint8Array) => {
    // As a network does it: later, and in an order.
    queueMicrotask(() => listener?.(encodeByteFrame({ kind: 'output', bytes }), () => undefined));
  };
  const server = createServer(conduct, heard, say, () => ending.resolve());
  const reader = new ByteFrameReader(['input', 'inputEnd'], (frame: ByteFrame) => {
    if (frame.kind === 'input') server.take(frame.bytes);
  });
  return {
    onBytes: (to) => {
      listener = to;
      if (conduct === 'closed')
        ending.reject(
          new BerthError('workspace.port-refused', 'Nothing in the workspace listens on port 5900.'),
        );
      else if (conduct === 'cut')
        ending.reject(new BerthError('connection-lost', 'The connection to the host was lost.'));
      else if (conduct !== 'silent') say(latin1('RFB 003.008\n'));
    },
    send: (bytes) => reader.push(bytes.slice()),
    waitingBytes: 0,
    whenSent: () => Promise.resolve(),
    opened: Promise.resolve(),
    ended: ending.promise,
    close: () => ending.resolve(),
  };
}

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const u32 = (n: number) => [(n >>> 24) & 255, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];
const u16 = (n: number) => [(n >>> 8) & 255, n & 255];

type Phase = 'version' | 'security' | 'answer' | 'init' | 'live';

function createServer(
  conduct: ScreenConduct,
  heard: ScreenHeard,
  say: (bytes: Uint8Array) => void,
  hangUp: () => void,
) {
  let phase: Phase = 'version';
  let held = new Uint8Array();
  let isDrawn = false;
  const needed = (): number => {
    if (phase === 'version') return 12;
    if (phase === 'security' || phase === 'init') return 1;
    if (phase === 'answer') return 16;
    return messageLength(held);
  };
  const step = (message: Uint8Array) => {
    switch (phase) {
      case 'version':
        phase = 'security';
        return say(Uint8Array.of(1, conduct === 'open' ? 1 : 2));
      case 'security':
        if (conduct === 'open') {
          phase = 'init';
          return say(Uint8Array.from(u32(0)));
        }
        phase = 'answer';
        return say(new Uint8Array(16).fill(7));
      case 'answer': {
        if (conduct !== 'refuses') {
          phase = 'init';
          return say(Uint8Array.from(u32(0)));
        }
        const reason = latin1('Authentication failed');
        say(Uint8Array.from([...u32(1), ...u32(reason.length), ...reason]));
        return setTimeout(hangUp);
      }
      case 'init': {
        phase = 'live';
        const name = latin1('Berth');
        const format = [32, 24, 0, 1, ...u16(255), ...u16(255), ...u16(255), 0, 8, 16, 0, 0, 0];
        return say(Uint8Array.from([...u16(width), ...u16(height), ...format, ...u32(name.length), ...name]));
      }
      case 'live':
        return live(message);
      default:
        return phase satisfies never;
    }
  };
  const live = (message: Uint8Array) => {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    if (message[0] === 3 && !isDrawn) {
      isDrawn = true;
      say(desktop());
    } else if (message[0] === 4) heard.keys.push(message[1] === 1 ? view.getUint32(4) : -view.getUint32(4));
    else if (message[0] === 6)
      heard.pasted.push(Array.from(message.subarray(8), (code) => String.fromCharCode(code)).join(''));
  };
  return {
    take: (bytes: Uint8Array) => {
      const joined = new Uint8Array(held.length + bytes.length);
      joined.set(held);
      joined.set(bytes, held.length);
      held = joined;
      for (let length = needed(); held.length > 0 && held.length >= length; length = needed()) {
        const message = held.slice(0, length);
        held = held.slice(length);
        step(message);
      }
    },
  };
}

/** RFC 6143, 7.5. Of one whose length is not known yet: more than there is. */
function messageLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (bytes[0]) {
    case undefined:
      return 1;
    case 0:
      return 20;
    case 2:
      return bytes.length < 4 ? 4 : 4 + 4 * view.getUint16(2);
    case 3:
      return 10;
    case 4:
      return 8;
    case 5:
      return 6;
    case 6:
      return bytes.length < 8 ? 8 : 8 + view.getUint32(4);
    default:
      throw new Error(`The fixture’s screen does not know message ${bytes[0]}`);
  }
}

/** One raw rectangle: a wall, and a window on it with a bar, some lines and a picture. */
function desktop(): Uint8Array {
  const head = [0, 0, ...u16(1), ...u16(0), ...u16(0), ...u16(width), ...u16(height), ...u32(0)];
  const message = new Uint8Array(head.length + width * height * 4);
  message.set(head);
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const [r, g, b] = pixel(x, y);
      message.set([r, g, b, 0], head.length + (y * width + x) * 4);
    }
  return message;
}

function pixel(x: number, y: number): readonly [number, number, number] {
  const isInWindow = x >= 90 && x < 1190 && y >= 60 && y < 740;
  if (!isInWindow) return [22 + y / 40, 52 + y / 20, 74 + x / 30].map(Math.round) as [number, number, number];
  if (y < 96) return x > 1150 ? [196, 80, 74] : [214, 218, 224];
  if (y < 132) return x > 180 && x < 1060 && y > 102 && y < 126 ? [255, 255, 255] : [238, 240, 243];
  if (x > 760 && x < 1120 && y > 180 && y < 420)
    return [96 + (x - 760) / 4, 150, 120 + (y - 180) / 3].map(Math.round) as [number, number, number];
  const isLine = x > 140 && x < 700 - ((Math.floor(y / 34) * 97) % 240) && y > 180 && y < 690 && y % 34 < 10;
  return isLine ? [176, 184, 194] : [250, 251, 252];
}
