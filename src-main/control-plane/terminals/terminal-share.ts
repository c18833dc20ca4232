/** What a share is, what is kept of it on disk, and what a guest is shown. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { ShareId, TerminalId, UserId } from '#contract/ids.ts';
import { ShareAccess, type SharedTerminal, type TerminalShare } from '#contract/terminal-shares.ts';
import type { Terminal } from '#contract/terminals.ts';
import { Instant } from '#contract/text.ts';

/** 256 random bits: nobody guesses one, however long they try. */
export const tokenBytes = 32;

const Record = z.object({
  id: ShareId,
  terminalId: TerminalId,
  userId: UserId,
  access: ShareAccess,
  createdAt: Instant,
  expiresAt: Instant,
  /** SHA-256 of the link's token, hex. The token itself is nowhere but in the link. */
  tokenHash: z.string().regex(/^[0-9a-f]{64}$/),
});
export type ShareRecord = z.infer<typeof Record>;
export function parseShareRecord(value: unknown): ShareRecord {
  return Record.parse(value);
}

export function tokenOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}

export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Looks at every record and at every byte of each, so that the time it takes tells nothing of what was close. */
export function findByHash<T extends { readonly record: ShareRecord }>(
  entries: Iterable<T>,
  hash: string,
): T | undefined {
  const wanted = Buffer.from(hash, 'hex');
  let found: T | undefined;
  for (const entry of entries)
    if (timingSafeEqual(Buffer.from(entry.record.tokenHash, 'hex'), wanted)) found = entry;
  return found;
}

export function toShare(record: ShareRecord, viewerCount: number): TerminalShare {
  const { userId: _userId, tokenHash: _tokenHash, ...shown } = record;
  return { ...shown, viewerCount };
}

export function toSharedTerminal(
  record: ShareRecord,
  terminal: Terminal,
  guest: Pick<SharedTerminal, 'isTypingDropped' | 'end'>,
): SharedTerminal {
  const { state, size } = terminal;
  return {
    terminalId: terminal.id,
    title: terminal.name ?? (terminal.programTitle.trim() || 'Terminal'),
    size,
    phase: state.phase,
    exitCode: state.phase === 'ended' ? state.exitCode : null,
    access: record.access,
    expiresAt: record.expiresAt,
    isTypingDropped: guest.isTypingDropped,
    end: guest.end,
  };
}
