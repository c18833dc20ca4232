/** The e-mails themselves: both forms say the same, links are behind the fragment, and no name becomes markup. */
import { describe, expect, it } from 'vitest';
import { type MailKind, mailOf } from '#main/control-plane/users/mail-texts.ts';

const kinds: MailKind[] = [
  'verify',
  'already-registered',
  'invite',
  'reset',
  'password-changed',
  'second-factor-removed',
];
const facts = {
  to: 'ada@example.org',
  origin: 'https://berth.example.org',
  token: 'T'.repeat(43),
  invitedBy: null,
};

describe('an e-mail', () => {
  it.each(kinds)('of kind %s has one line of subject, a text and the same as a page', (kind) => {
    const mail = mailOf(kind, facts);
    expect(mail.subject).toMatch(/^[\x20-\x7e]{10,60}$/);
    const words = mail.text.replaceAll(/\s+/g, ' ');
    for (const paragraph of mail.html.matchAll(/<p>([^<]+)<\/p>/g))
      expect(words).toContain(paragraph[1]!.replaceAll('&#39;', "'"));
    expect(mail.text).toContain('berth.example.org');
    expect(mail.text).not.toMatch(/undefined|null|\[object/);
  });

  it('leads where it says, with the token where no server sees it', () => {
    for (const [kind, path] of [
      ['verify', 'verify'],
      ['reset', 'reset'],
      ['invite', 'invite'],
    ] as const) {
      const url = `https://berth.example.org/${path}#${facts.token}`;
      const mail = mailOf(kind, facts);
      expect(mail.text).toContain(`\n${url}\n`);
      expect(mail.html).toContain(`href="${url}"`);
      expect(mail.html.match(/href="([^"]*)"/g)).toHaveLength(1);
    }
    expect(mailOf('already-registered', { ...facts, token: null }).text).not.toContain('#');
  });

  it('shows names as names', () => {
    const name = `<a href="https://evil.example">"Olga"</a> & 'co'`;
    const mail = mailOf('invite', { ...facts, invitedBy: name });
    expect(mail.html).not.toContain('<a href="https://evil');
    expect(mail.html).toContain('&lt;a href=&quot;https://evil.example&quot;&gt;');
    expect(mail.text).toContain(name);
    expect(mail.subject).not.toContain('evil');
  });
});
