/**
 * The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again with its key is
 * answered as it was, and done once. Owns what was answered, for a day, in memory and in the plane's store, where it
 * outlives a restart; of requests with secrets nothing is written. A failure is not kept: it made nothing, and may be
 * tried again. Guarantees that two requests with one key never run at once, and that a key is its caller's own.
 */
import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { UserId } from '#contract/ids.ts';
import type { KeptReply, Reply } from '../../control-plane/interfaces/kept-reply.ts';
import type { RecordCollection } from '../../control-plane/interfaces/record-store.ts';
import { HttpRefusal } from './problem.ts';

export const idempotencyHeader = 'Idempotency-Key';
export const replayedHeader = 'Idempotency-Replayed';
/** Milliseconds for which a key is remembered. */
export const keptForMs = 24 * 60 * 60 * 1000;
/** Keys per person, the oldest forgotten first, and in all. */
export const maxKeys = { perPerson: 200, inAll: 2_000 } as const;
/** Characters. What is longer is not kept, and its key is then only good for refusing the second try. */
const maxBodyCharacters = 64 * 1024;

export function parseKeptReply(value: unknown): KeptReply {
  return KeptReplyShape.parse(value);
}
const KeptReplyShape = z.object({
  id: z.string(),
  userId: z.string(),
  beganAtMs: z.number(),
  fingerprint: z.string(),
  reply: z
    .object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.string() })
    .nullable(),
});

export interface KeyedRequest {
  readonly key: string;
  readonly userId: UserId;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: Uint8Array;
  /** Nothing of it may be written. */
  readonly isConfidential: boolean;
}

export interface Idempotency {
  /** @throws HttpRefusal 422 for a key of another request; BerthError conflict while the first runs, or when its end is not known */
  once(request: KeyedRequest, run: () => Promise<Reply>): Promise<{ reply: Reply; isReplayed: boolean }>;
}

export interface IdempotencyOptions {
  /** Absent: keys are forgotten with the process. */
  readonly store?: RecordCollection<KeptReply>;
  readonly nowMs?: () => number;
}

/** @returns undefined when the request has no key. @throws BerthError invalid-input */
export function keyOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  // The draft writes a string of RFC 9651, in quotes; what is in use mostly leaves them out.
  const key = /^"(.*)"$/.exec(header.trim())?.[1] ?? header.trim();
  if (/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(key)) return key;
  throw BerthError.atField(
    idempotencyHeader,
    'It must be 1 to 255 visible ASCII characters without quotes, as a UUID is.',
  );
}

export function createIdempotency({ store, nowMs = Date.now }: IdempotencyOptions = {}): Idempotency {
  const entries = new Map<string, KeptReply>();
  const running = new Set<string>();
  let loaded: Promise<void> | undefined;

  async function load(): Promise<void> {
    for (const one of (await store?.all()) ?? []) if (!entries.has(one.id)) entries.set(one.id, one);
  }

  async function forget(id: string): Promise<void> {
    entries.delete(id);
    await store?.delete(id);
  }

  /** The oldest of a person, then the oldest of all; what runs stays. */
  async function makeRoom(userId: string): Promise<void> {
    const byAge = [...entries.values()]
      .filter(({ id }) => !running.has(id))
      .sort((a, b) => a.beganAtMs - b.beganAtMs);
    const expired = byAge.filter(({ beganAtMs }) => beganAtMs <= nowMs() - keptForMs);
    const left = byAge.filter((one) => !expired.includes(one));
    const own = left.filter((one) => one.userId === userId);
    const tooMany = [
      ...own.slice(0, Math.max(0, own.length + 1 - maxKeys.perPerson)),
      ...left.slice(0, Math.max(0, left.length + 1 - maxKeys.inAll)),
    ];
    for (const { id } of new Set([...expired, ...tooMany])) await forget(id);
  }

  return {
    async once({ key, userId, method, path, body, isConfidential }, run) {
      loaded ??= load();
      await loaded;
      const id = createHash('sha256').update(`${userId}\n${key}`).digest('hex');
      // Under the key, which is nowhere written: a body that can be guessed cannot be found by trying.
      const fingerprint = createHmac('sha256', key).update(`${method} ${path}\n`).update(body).digest('hex');
      const known = entries.get(id);
      const isKnown = running.has(id) || (known !== undefined && known.beganAtMs > nowMs() - keptForMs);
      if (isKnown && known !== undefined) {
        if (known.fingerprint !== fingerprint) throw otherRequest();
        if (running.has(id)) throw stillRunning();
        if (known.reply === null) throw unknownEnd();
        return { reply: known.reply, isReplayed: true };
      }

      const begun: KeptReply = { id, userId, beganAtMs: nowMs(), fingerprint, reply: null };
      entries.set(id, begun);
      running.add(id);
      try {
        await makeRoom(userId);
        // Before the first act: whoever asks again after a crash must not do it twice without knowing.
        if (!isConfidential) await store?.put(begun);
        const reply = await run();
        const ended = { ...begun, reply: reply.body.length > maxBodyCharacters ? null : reply };
        entries.set(id, ended);
        // What was done is done: that it cannot be kept is no reason to say that it failed.
        if (!isConfidential) await store?.put(ended).catch(() => undefined);
        return { reply, isReplayed: false };
      } catch (error) {
        await forget(id).catch(() => undefined);
        throw error;
      } finally {
        running.delete(id);
      }
    },
  };
}

function otherRequest(): HttpRefusal {
  return new HttpRefusal(422, {
    code: 'invalid-input',
    message: `This ${idempotencyHeader} was used for another request. Use a new one for each.`,
  });
}

function stillRunning(): BerthError {
  return new BerthError('conflict', 'The same request is still being worked on. Wait, and send it again.');
}

function unknownEnd(): BerthError {
  return new BerthError(
    'conflict',
    'This request was begun before, and how it ended is not known. Look whether it is done; then use a new key.',
  );
}
