/** SOCKS 5 as RFC 1928 has it, in whatever pieces it comes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import {
  SocksHandshake,
  socksReply,
  socksReplyTo,
  type SocksStep,
} from '#main/control-plane/forwards/socks.ts';

function handshake() {
  const answers: number[] = [];
  const one = new SocksHandshake((bytes) => answers.push(...bytes));
  const push = (...bytes: number[]) => one.push(Buffer.from(bytes));
  return { one, answers, push };
}
const greeting = [5, 1, 0];

describe('a handshake', () => {
  it.each<[string, number[], string, number]>([
    ['IPv4', [5, 1, 0, 1, 10, 0, 0, 7, 0, 80], '10.0.0.7', 80],
    ['IPv6', [5, 1, 0, 4, ...new Array<number>(15).fill(0), 1, 31, 144], '0:0:0:0:0:0:0:1', 8080],
    ['a name', [5, 1, 0, 3, 9, ...Buffer.from('localhost'), 1, 187], 'localhost', 443],
  ])('takes %s', (_what, request, host, port) => {
    const { answers, push } = handshake();
    expect(push(...greeting)).toEqual({ kind: 'more' });
    expect(answers).toEqual([5, 0]);
    expect(push(...request)).toEqual({ kind: 'request', host, port });
  });

  it('takes no method but none, no command but CONNECT, and no other kind of address', () => {
    const wrongMethod = handshake();
    expect(wrongMethod.push(5, 2, 1, 2)).toEqual({ kind: 'refused', reply: null });
    expect(wrongMethod.answers).toEqual([5, 0xff]);
    const of = (...request: number[]) => handshake().push(...greeting, ...request);
    // BIND and UDP ASSOCIATE.
    for (const command of [2, 3])
      expect(of(5, command, 0, 1, 1, 2, 3, 4, 0, 1)).toEqual({
        kind: 'refused',
        reply: 'commandNotSupported',
      });
    expect(of(5, 1, 0, 2, 0, 0, 0)).toEqual({ kind: 'refused', reply: 'addressNotSupported' });
    expect(of(4, 1, 0, 80, 1, 2, 3, 4, 0)).toEqual({ kind: 'refused', reply: null });
  });

  it('hands no name to a resolver that is none', () => {
    for (const name of ['', 'a b', 'a\n', 'a/b', '\u00e4', 'a\0'])
      expect(
        handshake().push(...greeting, 5, 1, 0, 3, name.length, ...Buffer.from(name, 'latin1'), 0, 80),
      ).toEqual({ kind: 'refused', reply: 'hostUnreachable' });
  });

  it('comes to the same end however its bytes are cut, and leaves what is behind it', () => {
    const request = [...greeting, 5, 1, 0, 3, 2, ...Buffer.from('db'), 0x15, 0x38, ...Buffer.from('early')];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 20 }), (sizes) => {
        const { one } = handshake();
        let left = Buffer.from(request);
        let step: SocksStep = { kind: 'more' };
        for (const size of [...sizes, left.length]) {
          step = one.push(left.subarray(0, size));
          left = left.subarray(size);
          if (step.kind !== 'more') break;
        }
        expect(step).toEqual({ kind: 'request', host: 'db', port: 5432 });
        expect(Buffer.concat([one.rest, left]).toString()).toBe('early');
      }),
    );
  });

  it('survives whatever else is sent', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (pieces) => {
        const { one } = handshake();
        for (const piece of pieces) if (one.push(piece).kind !== 'more') break;
        expect(one.rest.length).toBeLessThanOrEqual(200);
      }),
    );
  });
});

describe('a reply', () => {
  it('has the form and the number that the RFC gives it', () => {
    expect([...socksReply('refused')]).toEqual([5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    const of = (errno: number | null) =>
      socksReplyTo(new BerthError('workspace.port-refused', 'no', { details: { errno } }));
    expect([111, 101, 113, -2, 13, null].map(of)).toEqual([
      'refused',
      'networkUnreachable',
      'hostUnreachable',
      'hostUnreachable',
      'failed',
      'hostUnreachable',
    ]);
    expect(socksReplyTo(new BerthError('connection-lost', 'no'))).toBe('failed');
  });
});
