/** Tokens that only their holder has: 256 random bits, of which the plane keeps the hash. Pure. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '../interfaces/random.ts';

const tokenBytes = 32;

/** 43 characters, safe in URLs, cookies and headers. */
export function newToken(random: Pick<Random, 'bytes'>): string {
  return Buffer.from(random.bytes(tokenBytes)).toString('base64url');
}

/** SHA-256, hex. Fast is right here: nobody tries out 256 bits. */
export function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** The time that it takes tells nothing of how much was right. */
export function isToken(token: string, hash: string): boolean {
  return timingSafeEqual(Buffer.from(hashOf(token), 'hex'), Buffer.from(hash, 'hex'));
}
