/** What waits for the app’s word goes over a connection of its own: whole or cut, as over any other. */
import { PassThrough, type Duplex, duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { AppAnswer } from '#main/server/apps/app-answer.ts';
import { askOnce, needsConnectionOfItsOwn } from '#main/server/apps/single-exchange.ts';

const endless = 'HTTP/1.1 200 OK\r\n\r\nbeginning';

function readAll(answer: AppAnswer): Promise<{ body: string; isCut: boolean }> {
  let body = '';
  return new Promise((resolve) => {
    answer.readTo({
      take: (bytes) => {
        body += String(bytes);
        return true;
      },
      onRoom: () => undefined,
      end: () => resolve({ body, isCut: false }),
      cut: () => resolve({ body, isCut: true }),
    });
  });
}

function exchange(answerOf: (far: Duplex, sent: string) => void) {
  const [near, far] = duplexPair();
  far.on('error', () => undefined);
  far.on('data', (bytes) => answerOf(far, String(bytes)));
  const body = Object.assign(new PassThrough(), { complete: true, rawTrailers: ['X-Sum', '1'] });
  const headers = ['Host', 'app', 'Expect', '100-continue', 'Transfer-Encoding', 'chunked'];
  const onContinue = () => void body.end('hello');
  return { near, told: askOnce(near, { method: 'PUT', path: '/', headers, body, onContinue }) };
}

describe('a request that waits for the app', () => {
  it('is sent with its trailers when the app wants it', async () => {
    let sent = '';
    const { told } = exchange((far, bytes) => {
      if (sent === '') far.write('HTTP/1.1 100 Continue\r\n\r\n');
      sent += bytes;
      if (sent.endsWith('\r\nX-Sum: 1\r\n\r\n')) far.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
    expect(await readAll(await told)).toEqual({ body: 'ok', isCut: false });
    expect(sent).toContain('\r\n\r\n5\r\nhello\r\n0\r\n');
  });

  it('has an answer without a length whole where the app ends it, and cut where anything else does', async () => {
    const whole = exchange((far) => far.end(endless));
    expect(await readAll(await whole.told)).toEqual({ body: 'beginning', isCut: false });
    for (const error of [undefined, Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })]) {
      const broken = exchange((far) => far.write(endless));
      const answer = await broken.told;
      const read = readAll(answer);
      broken.near.destroy(error);
      expect(await read).toMatchObject({ isCut: true });
    }
  });

  it('fails where what comes is no HTTP, or nothing', async () => {
    await expect(exchange((far) => far.write('220 mail.example.org\r\n')).told).rejects.toThrow(Error);
    await expect(exchange((far) => far.end()).told).rejects.toThrow(Error);
  });

  it('is known by what it says', () => {
    expect(needsConnectionOfItsOwn(['expect', '100-continue'])).toBe(true);
    expect(needsConnectionOfItsOwn(['Trailer', 'X-Sum'])).toBe(true);
    expect(needsConnectionOfItsOwn(['TE', 'trailers'])).toBe(false);
  });
});
