/** From SFTP's status codes (draft-ietf-secsh-filexfer-02, 7) to Berth's errors. The code stays readable in `cause`. */
import { BerthError } from '#contract/berth-error.ts';
import { fileError } from '../../control-plane/interfaces/file-error.ts';

/** What ssh2 makes of a status. */
export interface SftpError extends Error {
  readonly code?: number;
}

/** What ssh2 fails its requests with when their session ends before the server answered. */
const unanswered = 'No response from server';

/** OpenSSH's server tells errno(3) only so far; all others are SSH_FX_FAILURE. */
const errnoOf: Readonly<Record<number, string>> = {
  2: 'ENOENT',
  3: 'EACCES',
  4: 'SFTP: failure',
  5: 'EINVAL',
  8: 'SFTP: not supported',
};

export function sftpError(error: unknown, path: string): BerthError {
  if (BerthError.is(error)) return error;
  const { code, message } = error as SftpError;
  if (code === 6 || code === 7 || message === unanswered)
    return new BerthError('connection-lost', 'The connection to the files of the host was lost.', {
      cause: error,
    });
  return fileError((code !== undefined && errnoOf[code]) || 'SFTP', path, error);
}
