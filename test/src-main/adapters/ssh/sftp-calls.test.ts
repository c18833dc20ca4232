import { EventEmitter } from 'node:events';
import type { SFTPWrapper } from 'ssh2';
import { describe, expect, it } from 'vitest';
import { SftpCalls } from '#main/adapters/ssh/sftp-calls.ts';
import type { SshLink } from '#main/adapters/ssh/ssh-link.ts';

function callsOver(sftp: EventEmitter): SftpCalls {
  const link = { isAlive: true, onLost: () => () => undefined } as unknown as SshLink;
  return new SftpCalls(sftp as unknown as SFTPWrapper, link);
}

describe('a request that is under way when its session ends', () => {
  it('is lost, whichever ssh2 tells first: the request or the end', async () => {
    for (const isRequestFirst of [true, false]) {
      const sftp = new EventEmitter();
      const calls = callsOver(sftp);
      const asked = calls.do('/srv/file', (done) => {
        // The words of ssh2's cleanupRequests.
        if (isRequestFirst) done(new Error('No response from server'));
        sftp.emit('close');
      });
      await expect(asked).rejects.toMatchObject({ code: 'connection-lost' });
    }
  });
});
