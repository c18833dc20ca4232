/** Checks what a client sent before anything looks at it. By hand, not by schema: this runs for every frame. */
import type { ClientFrame } from '#contract/frame.ts';

/** Ids are 32 bits wide, since they head binary messages; 0 means the connection itself. */
const maxId = 0xffff_ffff;
const maxMethodCharacters = 100;

function isCount(value: unknown, max: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;
}

/** The frame, or what is wrong with it in words that hold nothing of it. */
export function parseClientFrame(value: unknown): ClientFrame | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'a frame is not an object';
  const frame = value as Readonly<Record<string, unknown>>;
  const { t, id, method, input, credit, n } = frame;
  if (t === 'ping') return isCount(n, Number.MAX_SAFE_INTEGER) ? { t, n } : 'a ping has no number';
  if (t !== 'call' && t !== 'open' && t !== 'credit' && t !== 'cancel') return 'a frame of an unknown kind';
  if (!isCount(id, maxId) || id === 0) return 'a frame has no valid id';
  if (t === 'cancel') return { t, id };
  if (t === 'credit')
    return isCount(n, Number.MAX_SAFE_INTEGER) ? { t, id, n } : 'credit is not a whole number';
  if (typeof method !== 'string' || method.length > maxMethodCharacters) return 'a frame names no method';
  if (t === 'call') return { t, id, method, input };
  return isCount(credit, Number.MAX_SAFE_INTEGER)
    ? { t, id, method, input, credit }
    : 'credit is not a whole number';
}
