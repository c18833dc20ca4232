/**
 * A mail server on loopback that speaks SMTP as real ones do (smtp-server): STARTTLS or TLS, a user and a password, and
 * refusals. What it takes can be read; nothing leaves it.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Certificates } from './certificates.ts';
import { waitUntil } from './wait-until.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** As whom; undefined: nobody. */
  readonly user: string | undefined;
  /** By name in lower case, unfolded. */
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
  readonly raw: string;
}

export interface SmtpOptions {
  readonly certificates: Certificates;
  /** `none`: it offers no TLS at all. */
  readonly security: 'tls' | 'starttls' | 'none';
  readonly login?: { readonly user: string; readonly password: string } | undefined;
  /** A reply's code for a recipient that is refused, as 550 or 451. */
  readonly refuse?: (address: string) => number | undefined;
}

export interface RunningSmtp extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Forgets what came. */
  empty(): void;
  /** The next mail to somebody, which may be there already. */
  mailTo(address: string, count?: number): Promise<ReceivedMail>;
  stop(): Promise<void>;
}

export async function startSmtp(options: SmtpOptions): Promise<RunningSmtp> {
  const mails: ReceivedMail[] = [];
  const { certificates, security, login, refuse } = options;
  const server = new SMTPServer({
    secure: security === 'tls',
    key: certificates.key,
    cert: certificates.certificate,
    authOptional: login === undefined,
    disabledCommands: [
      ...(login === undefined ? ['AUTH'] : []),
      ...(security === 'none' ? ['STARTTLS'] : []),
    ],
    // As real servers do: no password over a line that others can read.
    allowInsecureAuth: false,
    onAuth: (auth, _session, callback) => {
      const isRight = auth.username === login?.user && auth.password === login?.password;
      if (isRight) callback(null, { user: auth.username });
      else callback(Object.assign(new Error('Invalid user name or password'), { responseCode: 535 }));
    },
    onRcptTo: ({ address }, _session, callback) => {
      const code = refuse?.(address);
      callback(code === undefined ? null : Object.assign(new Error('Refused'), { responseCode: code }));
    },
    onData: (stream, session, callback) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          isSecure: session.secure,
          user: session.user as string | undefined,
          ...readMail(Buffer.concat(chunks).toString('latin1')),
        });
        callback();
      });
    },
  });
  // A client that hangs up because it does not trust the certificate is what some tests are about.
  server.on('error', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const stop = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    empty: () => void mails.splice(0),
    mailTo: (address, count = 1) =>
      waitUntil(() => mails.filter(({ to }) => to.includes(address))[count - 1], {
        what: `mail ${count} to ${address}`,
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The two forms of a mail (RFC 2046, multipart/alternative), out of their transfer encodings. */
function readMail(raw: string): Pick<ReceivedMail, 'headers' | 'text' | 'html' | 'raw'> {
  const { headers, body } = split(raw);
  const boundary = /boundary="?([^";]+)"?/.exec(headers.get('content-type') ?? '')?.[1];
  const parts =
    boundary === undefined ? [] : `\r\n${body}`.split(`\r\n--${boundary}`).slice(1, -1).map(split);
  const form = (type: string) => {
    const part = parts.find((one) => one.headers.get('content-type')?.startsWith(type));
    return part === undefined ? '' : decode(part.body, part.headers.get('content-transfer-encoding') ?? '');
  };
  return { headers, text: form('text/plain'), html: form('text/html'), raw };
}

function split(raw: string): { headers: Map<string, string>; body: string } {
  const text = raw.replace(/^\r\n/, '');
  const end = text.indexOf('\r\n\r\n');
  const lines = text
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { headers, body: text.slice(end + 4) };
}

function decode(body: string, encoding: string): string {
  if (encoding === 'base64') return Buffer.from(body, 'base64').toString('utf8');
  const plain =
    encoding === 'quoted-printable'
      ? body
          .replaceAll(/=\r\n/g, '')
          .replaceAll(/=([0-9A-F]{2})/g, (_match, hex: string) =>
            String.fromCharCode(Number.parseInt(hex, 16)),
          )
      : body;
  return Buffer.from(plain, 'latin1').toString('utf8').replaceAll('\r\n', '\n');
}
