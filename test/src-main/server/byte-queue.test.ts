import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteQueue } from '#main/server/byte-queue.ts';

describe('byte queue', () => {
  it('gives back what it was given, in order, whatever the sizes', () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 65_536 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new ByteQueue();
        const scratch = new Uint8Array(65_536);
        let written = 0;
        let read = 0;
        for (const one of steps) {
          if ('append' in one) {
            const bytes = Uint8Array.from({ length: one.append }, (_, i) => (written + i) % 253);
            queue.append(bytes);
            bytes.fill(255);
            written += one.append;
          } else {
            const bytes = queue.take(one.take, scratch);
            expect(bytes.byteLength).toBe(Math.min(one.take, written - read));
            expect(bytes.every((byte, i) => byte === (read + i) % 253)).toBe(true);
            read += bytes.byteLength;
          }
          expect(queue.length).toBe(written - read);
        }
        expect(queue.clear()).toBe(written - read);
        expect(queue.length).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('needs one block for thousands of keystrokes', () => {
    const queue = new ByteQueue();
    for (let n = 0; n < 10_000; n += 1) queue.append(Uint8Array.of(n % 256));
    const all = queue.take(65_536, new Uint8Array(65_536));
    expect(all.byteLength).toBe(10_000);
    expect(all[9_999]).toBe(9_999 % 256);
  });
});
