/** The one place where failures of the mail server become Berth's: what it said is for the log, and never a password. */
import { BerthError } from '#contract/berth-error.ts';

interface SmtpFailure {
  /** Nodemailer's own, as EAUTH, ECONNECTION, EENVELOPE. */
  readonly code?: string;
  /** The server's reply (RFC 5321, section 4.2). */
  readonly responseCode?: number;
  readonly command?: string;
}

const remedies: Readonly<Record<string, string>> = {
  EAUTH: 'The mail server refused Berth’s user name or password. Check the SMTP settings.',
  ETLS: 'The mail server offers no trustworthy TLS. Check the SMTP settings and its certificate.',
  ESOCKET: 'The connection to the mail server failed. Check its name, its port and its certificate.',
  ECONNECTION: 'The mail server cannot be reached. Check its name and port.',
  ETIMEDOUT: 'The mail server does not answer.',
  EDNS: 'The mail server’s name is not known. Check the SMTP settings.',
};

export function mailError(cause: unknown): BerthError {
  const { code, responseCode } = cause as SmtpFailure;
  const isOfThisMail = code === 'EENVELOPE' || code === 'EMESSAGE';
  const isFinal = isOfThisMail && responseCode !== undefined && responseCode >= 500;
  const message = isFinal
    ? 'The mail server refused this e-mail.'
    : (remedies[code ?? ''] ?? 'The mail server did not take the e-mail.');
  return new BerthError('account.mail-unavailable', message, { cause, details: { isFinal } });
}
