/** E-mail to a real mail server: over TLS that is checked, with a password, and never in clear where TLS was asked for. */
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSmtpMailer, type SmtpSettings } from '#main/adapters/accounts/smtp-mailer.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { type Certificates, makeCertificates } from '#test/servers/certificates.ts';
import { startSmtp, type SmtpOptions } from '#test/servers/smtp.ts';

let certificates: Certificates;
const known = tls.getCACertificates('default');
beforeAll(async () => {
  certificates = await makeCertificates();
  tls.setDefaultCACertificates([...known, certificates.authority]);
});
afterAll(() => tls.setDefaultCACertificates(known));

const login = { user: 'berth', password: 'kept in the settings' };
const mail = {
  to: 'ada@example.org',
  subject: 'Bestätigung',
  text: 'Öffne:\n\nhttps://berth.example.org/verify#TOKEN\n',
  html: '<p>Öffne <a href="https://berth.example.org/verify#TOKEN">dies</a></p>',
};

async function world(options: Partial<SmtpOptions> = {}, over: Partial<SmtpSettings> = {}) {
  const server = await startSmtp({ certificates, security: 'starttls', login, ...options });
  const settings: SmtpSettings = {
    host: 'localhost',
    port: server.port,
    security: 'starttls',
    user: login.user,
    password: new Secret(login.password),
    from: 'Berth <berth@example.org>',
    ...over,
  };
  return { server, mailer: createSmtpMailer(settings), [Symbol.asyncDispose]: () => server.stop() };
}

describe('an e-mail', () => {
  it.each(['starttls', 'tls'] as const)('arrives over %s with both its forms', async (security) => {
    await using made = await world({ security }, { security });
    await made.mailer.send(mail);
    const received = await made.server.mailTo('ada@example.org');
    expect(received).toMatchObject({ from: 'berth@example.org', isSecure: true, user: 'berth' });
    expect(received.text).toBe(mail.text);
    expect(received.html.trim()).toBe(mail.html);
    expect(received.headers.get('from')).toBe('Berth <berth@example.org>');
    expect(received.headers.get('auto-submitted')).toBe('auto-generated');
    expect(received.headers.has('x-mailer')).toBe(false);
  });

  it('leaves in clear only where that was said, and without a password', async () => {
    await using made = await world(
      { security: 'none', login: undefined },
      { security: 'none', user: null, password: null },
    );
    await made.mailer.send(mail);
    expect(await made.server.mailTo('ada@example.org')).toMatchObject({ isSecure: false });
  });

  it('does not leave when the server offers no TLS where it was asked for', async () => {
    await using made = await world({ security: 'none', login: undefined }, { user: null, password: null });
    await expect(made.mailer.send(mail)).rejects.toMatchObject({
      code: 'account.mail-unavailable',
      details: { isFinal: false },
    });
    expect(made.server.mails).toEqual([]);
  });

  it.each(['starttls', 'tls'] as const)(
    'does not leave to a server with a strange certificate (%s)',
    async (security) => {
      await using made = await world({ security, certificates: await makeCertificates() }, { security });
      await expect(made.mailer.send(mail)).rejects.toMatchObject({ code: 'account.mail-unavailable' });
      expect(made.server.mails).toEqual([]);
    },
  );

  it('is refused with a wrong password, which no error tells', async () => {
    await using made = await world({}, { password: new Secret('mistyped-canary') });
    const error = await made.mailer.send(mail).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'account.mail-unavailable', details: { isFinal: false } });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('canary');
    expect(String((error as Error).cause)).not.toContain('canary');
  });

  it.each([
    [550, true],
    [451, false],
  ])('that is refused with %d is final: %s', async (code, isFinal) => {
    await using made = await world({ refuse: () => code });
    await expect(made.mailer.send(mail)).rejects.toMatchObject({
      code: 'account.mail-unavailable',
      details: { isFinal },
    });
  });

  it('is not sent where nobody listens', async () => {
    const made = await world();
    await made.server.stop();
    await expect(made.mailer.send(mail)).rejects.toMatchObject({ details: { isFinal: false } });
  });

  it('goes to one address and has the headers it should, whatever is in them', async () => {
    await using made = await world();
    const evil = 'x\r\nBcc: eve@example.org\r\n\r\nhello';
    await made.mailer.send({ ...mail, subject: evil });
    const received = await made.server.mailTo('ada@example.org');
    expect(received.to).toEqual(['ada@example.org']);
    expect(received.headers.has('bcc')).toBe(false);
    expect(received.raw).not.toMatch(/^Bcc:/im);
    await made.mailer
      .send({ ...mail, to: 'bob@example.org, eve@example.org\r\nRCPT TO:<eve@example.org>' })
      .catch(() => undefined);
    expect(made.server.mails.flatMap(({ to }) => to)).not.toContain('eve@example.org');
  });

  it('reads no file and no address, whatever its text is', async () => {
    await using made = await world();
    const path = { path: '/etc/hostname' } as unknown as string;
    await expect(made.mailer.send({ ...mail, text: path })).rejects.toMatchObject({
      code: 'account.mail-unavailable',
    });
    expect(made.server.mails).toEqual([]);
  });
});
