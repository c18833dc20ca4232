/**
 * The users noun as the product has it: the composed plane over SQLite and over PostgreSQL, real password hashes, and a real mail server with
 * STARTTLS and a password, whose mails are read and whose links are used.
 */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { TOTP } from 'otpauth';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { localOwnerId } from '#contract/ids.ts';
import type { CallName, InputOf, OutputOf } from '#contract/index.ts';
import { projectDefaults } from '#contract/projects.ts';
import { compose } from '#main/compose.ts';
import { servedDefaults } from '#main/config.ts';
import type { Caller } from '#main/control-plane/caller.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { Plane } from '#main/control-plane/plane.ts';
import { hashOf } from '#main/control-plane/users/single-use-token.ts';
import { codeOf, goodPassword, localOwner, origin, otherPassword } from '#test/harness/accounts-world.ts';
import { FakeNetwork } from '#test/harness/fake-network.ts';
import { makeCertificates } from '#test/servers/certificates.ts';
import { type PostgresServer, startPostgres } from '#test/servers/postgres.ts';
import { type RunningSmtp, startSmtp } from '#test/servers/smtp.ts';

const login = { user: 'berth', password: 'of the mail server' };
const known = tls.getCACertificates('default');
const root = new URL('../../../..', import.meta.url).pathname;
let smtp: RunningSmtp;
let postgres: PostgresServer;
let folder: string;
let plane: Plane;
let databaseUrl: string | null;

beforeAll(async () => {
  const certificates = await makeCertificates();
  tls.setDefaultCACertificates([...known, certificates.authority]);
  smtp = await startSmtp({ certificates, security: 'starttls', login });
  postgres = await startPostgres();
});
afterAll(async () => {
  tls.setDefaultCACertificates(known);
  await smtp?.stop();
  await postgres?.[Symbol.asyncDispose]();
});
describe.each(['SQLite', 'PostgreSQL'] as const)('accounts in %s', (database) => {
  beforeEach(async () => {
    smtp.empty();
    folder = await mkdtemp(join(tmpdir(), 'berth-accounts-'));
    databaseUrl = database === 'PostgreSQL' ? await postgres.createDatabase() : null;
    plane = await start();
  });
  afterEach(async () => {
    await plane.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<Plane> {
    const started = await compose(
      {
        version: '0.0.0-test',
        dataFolder: folder,
        remoteScriptsFolder: join(root, 'resources', 'remote'),
        addHostFile: null,
        served: {
          ...servedDefaults,
          databaseUrl: databaseUrl === null ? null : new Secret(databaseUrl),
          registration: 'open',
          smtp: {
            host: 'localhost',
            port: smtp.port,
            security: 'starttls',
            user: login.user,
            password: new Secret(login.password),
            from: 'Berth <berth@example.org>',
          },
        },
      },
      {
        isOutputChecked: true,
        network: new FakeNetwork(),
        computer: { platform: 'linux', homeFolder: folder, env: {} },
      },
    );
    started.accounts.setLinkBase('https://berth.example.org');
    return started;
  }

  async function restart(): Promise<void> {
    await plane.close();
    plane = await start();
  }

  function call<M extends CallName>(method: M, input: InputOf<M>, caller: Caller): Promise<OutputOf<M>> {
    const context = { caller, signal: new AbortController().signal };
    return plane.dispatcher.call(method, input, context) as Promise<OutputOf<M>>;
  }

  /** The token of the link in a mail, as its reader sees it. */
  async function linkIn(address: string, path: string, count = 1): Promise<string> {
    const { text, html } = await smtp.mailTo(address, count);
    const link = new RegExp(`https://berth\\.example\\.org/${path}#([\\w-]{43})`);
    expect(link.exec(html)?.[1]).toBe(link.exec(text)?.[1]);
    return link.exec(text)![1]!;
  }

  async function member(email: string): Promise<Caller> {
    await plane.accounts.register({ email, password: goodPassword, name: null, isOwnerSetUp: false }, origin);
    await plane.accounts.verify(await linkIn(email, 'verify'), origin);
    const userId = await plane.accounts.signIn({ email, password: goodPassword, code: null }, origin);
    const session = await plane.accounts.openSession(userId, 'browser', origin);
    return plane.accounts.sessionOf(session.token)!.caller;
  }

  describe('an account', () => {
    it('from registration to removal, over restarts', async () => {
      const email = 'ada@example.org';
      const caller = await member(email);
      expect(await smtp.mailTo(email)).toMatchObject({ isSecure: true, user: login.user, to: [email] });
      const { secret } = await call('account.beginSecondFactor', { password: goodPassword }, caller);
      const code = () => new TOTP({ secret }).generate();
      const { recoveryCodes } = await call('account.confirmSecondFactor', { code: code() }, caller);
      const made = await call(
        'apiKeys.create',
        { name: 'ci', scopes: ['workspaces.read'], expiresInDays: 30 },
        caller,
      );
      await restart();
      const typed = { email, password: goodPassword };
      expect(await codeOf(() => plane.accounts.signIn({ ...typed, code: null }, origin))).toBe(
        'account.second-factor-needed',
      );
      const id = await plane.accounts.signIn({ ...typed, code: recoveryCodes[0]! }, origin);
      expect(id).toBe(caller.userId);
      expect(plane.accounts.callerOfApiKey(made.key, null)?.userId).toBe(id);
      expect(plane.accounts.callerOfSession(caller.access!.sessionId!, null)).toBeDefined();

      await plane.accounts.requestReset(email, origin);
      await plane.accounts.reset(await linkIn(email, 'reset', 2), otherPassword, origin);
      expect(plane.accounts.callerOfSession(caller.access!.sessionId!, null)).toBeUndefined();
      expect((await smtp.mailTo(email, 3)).headers.get('subject')).toContain('was changed');

      const viewer = await call('users.change', { id, role: 'viewer', quota: { cpus: 2 } }, localOwner);
      expect(viewer).toMatchObject({ role: 'viewer', hasSecondFactor: true, quota: { cpus: 2 } });
      expect(await call('users.remove', { id }, localOwner)).toEqual({
        projects: 0,
        workspaces: 0,
        snapshots: 0,
      });
      expect(plane.accounts.callerOfApiKey(made.key, null)).toBeUndefined();
      await restart();
      expect(plane.accounts.callerOfUser(id, null)).toBeUndefined();
    });

    it('is invited with a mail that is read and a link that is used', async () => {
      const { user } = await call('users.invite', { email: 'bob@example.org', role: 'owner' }, localOwner);
      await plane.accounts.reset(await linkIn('bob@example.org', 'invite'), goodPassword, origin);
      const id = await plane.accounts.signIn(
        { email: 'bob@example.org', password: goodPassword, code: null },
        origin,
      );
      expect(id).toBe(user.id);
      expect(plane.accounts.callerOfUser(id, null)?.scopes.has('users.write')).toBe(true);
    });

    it('leaves nothing in clear in the data folder', async () => {
      const caller = await member('eve@example.org');
      const tokens = await plane.accounts.openSession(caller.userId, 'token', origin);
      const { secret } = await call('account.beginSecondFactor', { password: goodPassword }, caller);
      const { recoveryCodes } = await call(
        'account.confirmSecondFactor',
        { code: new TOTP({ secret }).generate() },
        caller,
      );
      const { key } = await call(
        'apiKeys.create',
        { name: 'ci', scopes: ['hosts.read'], expiresInDays: null },
        caller,
      );
      const verified = await linkIn('eve@example.org', 'verify');
      await plane.close();
      const files = (await readdir(folder)).filter((name) => !name.endsWith('.key'));
      const all = await Promise.all(
        files.map(async (name) =>
          (await stat(join(folder, name))).isFile() ? readFile(join(folder, name), 'latin1') : '',
        ),
      );
      if (databaseUrl !== null) {
        const stored = 'SELECT value FROM berth_record UNION ALL SELECT value FROM berth_log_row';
        for (const { value } of await postgres.query(databaseUrl, stored)) all.push(String(value));
      }
      expect(all.join('')).toContain('eve@example.org');
      const canaries = [
        goodPassword,
        secret,
        key.slice(27),
        verified,
        login.password,
        ...tokens.token.split('.').slice(1),
        ...recoveryCodes,
      ];
      for (const canary of canaries) expect(all.join('')).not.toContain(canary);
      plane = await start();
    });
  });

  describe('the audit log', () => {
    it('has what was called and who came in, and not what was looked at', async () => {
      const caller = await member('ada2@example.org');
      const wish = { ...projectDefaults, name: 'secret plans', image: 'debian:12', environment: [] };
      const project = await call('projects.create', wish, caller);
      await call('about.get', {}, caller);
      await codeOf(() => call('users.remove', { id: caller.userId }, caller));
      await codeOf(() => call('projects.create', wish, caller));
      await restart();
      const { entries } = await call('audit.list', {}, localOwner);
      expect(entries.map(({ action, outcome, subject }) => ({ action, outcome, subject }))).toEqual([
        { action: 'projects.create', outcome: 'project.name-taken', subject: null },
        { action: 'projects.create', outcome: 'done', subject: project.id },
        { action: 'account.sign-in', outcome: 'done', subject: 'ada2@example.org' },
        { action: 'account.verify', outcome: 'done', subject: null },
        { action: 'account.register', outcome: 'done', subject: 'ada2@example.org' },
      ]);
      expect(entries[1]).toMatchObject({ userId: caller.userId, userName: 'ada2', by: 'browser' });
      expect(JSON.stringify(entries)).not.toContain('secret plans');
    });
  });

  describe('a data folder of before there were accounts', () => {
    it('keeps its open tabs signed in, as the local owner', async () => {
      await plane.close();
      const nowMs = Date.now();
      await writeFile(
        join(folder, 'sessions.json'),
        JSON.stringify([{ id: hashOf('an open tab'), createdAtMs: nowMs - 1000, usedAtMs: nowMs - 1000 }]),
      );
      plane = await start();
      expect(await readdir(folder)).not.toContain('sessions.json');
      const found = plane.accounts.sessionOf('an open tab');
      expect(found?.caller.userId).toBe(localOwnerId);
      await restart();
      expect(plane.accounts.sessionOf('an open tab')?.id).toBe(found?.id);
    });
  });

  describe('the server’s key', () => {
    it('is the same after a restart, and derives one for each purpose', async () => {
      const before = Buffer.from(plane.deriveKey('access-token')).toString('hex');
      expect((await stat(join(folder, 'secret.key'))).mode & 0o777).toBe(0o600);
      await restart();
      expect(Buffer.from(plane.deriveKey('access-token')).toString('hex')).toBe(before);
      expect(Buffer.from(plane.deriveKey('second-factor')).toString('hex')).not.toBe(before);
    });
  });
});
