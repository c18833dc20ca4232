/**
 * E-mail over SMTP (RFC 5321) with nodemailer. Guarantees: the server's certificate is checked, `starttls` never falls
 * back to clear text, and no text of a mail makes the library read a file or an address.
 */
import { createTransport } from 'nodemailer';
import type { Mailer } from '../../control-plane/interfaces/mailer.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { mailError } from './mail-error.ts';

/** See SmtpConfig in config.ts. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  readonly security: 'tls' | 'starttls' | 'none';
  readonly user: string | null;
  readonly password: Secret | null;
  readonly from: string;
}

/** Milliseconds. Mail leaves in the background: patience costs nobody anything. */
const connectTimeoutMs = 15_000;
const replyTimeoutMs = 60_000;

export function createSmtpMailer(settings: SmtpSettings): Mailer {
  const { host, port, security, user, password, from } = settings;
  const transport = createTransport({
    host,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === null ? {} : { auth: { user, pass: password?.reveal() ?? '' } }),
    tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' },
    connectionTimeout: connectTimeoutMs,
    greetingTimeout: connectTimeoutMs,
    dnsTimeout: connectTimeoutMs,
    socketTimeout: replyTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
    logger: false,
  });
  return {
    async send({ to, subject, text, html }) {
      try {
        await transport.sendMail({
          from,
          // As an object: what is in an address is never taken for a list of them.
          to: { name: '', address: to },
          subject,
          text,
          html,
          xMailer: false,
          // RFC 3834: no vacation notice answers it.
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
      } catch (error) {
        throw mailError(error);
      }
    },
  };
}
