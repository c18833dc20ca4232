/**
 * What the e-mails say. Pure. Guarantees: what a person typed is text in both forms, never markup; nothing that a
 * stranger typed (as the name at a registration) goes to an address that may not be theirs.
 */
import type { Mail } from '../interfaces/mailer.ts';

export type MailKind =
  | 'verify'
  | 'already-registered'
  | 'invite'
  | 'reset'
  | 'password-changed'
  | 'second-factor-removed';

export interface MailFacts {
  readonly to: string;
  /** As a person types it: `https://berth.example.org`. */
  readonly origin: string;
  /** Of the kinds that have one. */
  readonly token: string | null;
  /** Who invites. */
  readonly invitedBy: string | null;
}

interface Letter {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly link: { readonly label: string; readonly url: string } | null;
  /** Below the link. */
  readonly closing: readonly string[];
}

/** Where each link leads. The token is behind the fragment: no server and no proxy writes it down. */
export function linkOf(origin: string, kind: 'verify' | 'reset' | 'invite', token: string): string {
  return `${origin}/${kind}#${token}`;
}

export function mailOf(kind: MailKind, facts: MailFacts): Mail {
  const letter = letterOf(kind, facts);
  return { to: facts.to, subject: letter.subject, text: textOf(letter), html: htmlOf(letter) };
}

function letterOf(kind: MailKind, { origin, token, invitedBy }: MailFacts): Letter {
  const place = origin.replace(/^https?:\/\//, '');
  const linkTo = (to: 'verify' | 'reset' | 'invite', label: string) =>
    token === null ? null : { label, url: linkOf(origin, to, token) };
  switch (kind) {
    case 'verify':
      return {
        subject: 'Confirm your e-mail address for Berth',
        lines: [
          `Somebody registered an account at ${place} with this address. If it was you, open this link:`,
        ],
        link: linkTo('verify', 'Confirm this address'),
        closing: [
          'The link works once, for 24 hours.',
          'If it was not you, do not open it: without it the account cannot be used, and it goes by itself.',
        ],
      };
    case 'already-registered':
      return {
        subject: 'You already have a Berth account',
        lines: [
          `Somebody tried to register an account at ${place} with this address, which has one already.`,
          'If it was you, sign in; if you have forgotten the password, ask for a new one there.',
        ],
        link: { label: 'Sign in', url: `${origin}/` },
        closing: ['If it was not you, there is nothing to do: nothing has changed.'],
      };
    case 'invite':
      return {
        subject: 'Your invitation to Berth',
        lines: [
          invitedBy === null
            ? `You are invited to Berth at ${place}.`
            : `${invitedBy} invites you to Berth at ${place}.`,
          'Choose a password to begin:',
        ],
        link: linkTo('invite', 'Choose a password'),
        closing: ['The link works once, for 7 days.', 'If you expected no invitation, do not open it.'],
      };
    case 'reset':
      return {
        subject: 'A new password for Berth',
        lines: [
          `Somebody asked for a new password for your account at ${place}. If it was you, choose it here:`,
        ],
        link: linkTo('reset', 'Choose a new password'),
        closing: [
          'The link works once, for one hour. A new password signs you out everywhere.',
          'If it was not you, there is nothing to do: the password stays as it is.',
        ],
      };
    case 'password-changed':
      return {
        subject: 'Your Berth password was changed',
        lines: [`The password of your account at ${place} was changed just now.`],
        link: { label: 'Sign in', url: `${origin}/` },
        closing: ['If it was not you, ask for a new password at once and tell the owner of this Berth.'],
      };
    case 'second-factor-removed':
      return {
        subject: 'Your Berth account has no second factor any more',
        lines: [`The second factor of your account at ${place} was turned off just now.`],
        link: { label: 'Sign in', url: `${origin}/` },
        closing: ['If it was not you, change your password at once and tell the owner of this Berth.'],
      };
  }
}

function textOf({ lines, link, closing }: Letter): string {
  const parts = [...lines, ...(link === null ? [] : [link.url]), ...closing, '-- \nBerth'];
  return `${parts.join('\n\n')}\n`;
}

function htmlOf({ subject, lines, link, closing }: Letter): string {
  const paragraph = (line: string) => `<p>${escaped(line)}</p>`;
  // The address stands there as text, too: people may look where a link leads before they follow it.
  const button =
    link === null
      ? ''
      : `<p><a href="${escaped(link.url)}" style="display:inline-block;padding:10px 16px;border-radius:6px;background:#1f5fbf;color:#ffffff;text-decoration:none">${escaped(link.label)}</a></p>
<p style="color:#555555;word-break:break-all">${escaped(link.url)}</p>`;
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(subject)}</title></head>
<body style="font-family:sans-serif;font-size:15px;line-height:1.5;color:#1a1a1a;max-width:560px">
${lines.map(paragraph).join('\n')}
${button}
${closing.map(paragraph).join('\n')}
<p style="color:#555555">Berth</p>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
