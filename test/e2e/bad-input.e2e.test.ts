/**
 * What a person types wrong, and what is wrong at the other end: a real window, a real server, a real engine. Each
 * failure names the thing and the remedy, stands where its cause is, keeps what was typed and leaves nothing half-made.
 *
 * The tests build on each other (a key that was trusted, a host that was added), since each server costs seconds; longer
 * than 400 lines because it is one catalogue.
 */
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { busyboxImage, layeredImage, loadImage } from '../servers/images.ts';
import { pushImage, type Registry, startRegistry } from '../servers/registry.ts';
import { type RemoteHost, startRemoteHost } from '../servers/remote-host.ts';
import { generateKey, type SshKey } from '../servers/ssh-keys.ts';
import { openWindow, type ServedBerth, startServedBerth, type Window } from './served-berth.ts';

let host: RemoteHost;
let berth: ServedBerth;
let window: Window;
let page: Page;
let registry: Registry;
let sshFolder: string;
let goodKey: SshKey;
let strangeKey: SshKey;
let lockedKey: SshKey;
const closers: (() => unknown)[] = [];

/** Quotes, a way out of a folder, shell signs, emoji and a script that runs from right to left. */
const oddHostName = `a"b'c ../../etc $(reboot); rm -rf / ⚓ مرسى`;
const oddWorkspaceName = oddHostName.replace('⚓', '🐚');
const slow = { timeout: 30_000 };

beforeAll(async () => {
  [host, berth, registry] = await Promise.all([
    startRemoteHost({ name: 'atlas', diskMiB: 2048 }),
    startServedBerth(),
    startRegistry(),
  ]);
  sshFolder = join(berth.homeFolder, '.ssh');
  await mkdir(sshFolder, { mode: 0o700, recursive: true });
  [goodKey, strangeKey, lockedKey] = await Promise.all([
    generateKey(join(sshFolder, 'good'), { type: 'ed25519' }),
    generateKey(join(sshFolder, 'strange'), { type: 'ed25519' }),
    generateKey(join(sshFolder, 'locked'), { type: 'ed25519', passphrase: 'open sesame' }),
  ]);
  await host.addUser({
    name: 'dev',
    password: 'right',
    authorizedKeys: [goodKey.publicLine, lockedKey.publicLine],
    groups: ['docker'],
  });
  await host.addUser({ name: 'outsider', authorizedKeys: [goodKey.publicLine] });
  await loadImage(host, await busyboxImage());
  window = await openWindow(berth);
  page = window.page;
  page.setDefaultTimeout(20_000);
});

afterAll(async () => {
  await window?.close();
  for (const close of closers) await close();
  await berth?.stop();
  await registry?.stop();
  await host?.stop();
});

/** A port of this machine where `server` listens. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function command(name: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').last().fill(name);
  await page.keyboard.press('Enter');
}

const server = () => page.getByLabel('Server');

/** From wherever the page for adding a host is, to its first line. */
async function opening(): Promise<void> {
  await command('Add host');
  const back = page.getByRole('button', { name: 'Back' });
  await server().or(back).first().waitFor();
  if (await back.isVisible()) await back.click();
  await server().waitFor();
}

type Way = 'Automatic' | 'Password' | 'Private key';

/** The form of a host, filled in and not yet connected. */
async function described(line: string, options: { way?: Way; key?: string; name?: string } = {}) {
  await opening();
  await server().fill(line);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Connect' }).waitFor();
  if (options.name !== undefined) await page.getByLabel('Name', { exact: true }).fill(options.name);
  if (options.way !== undefined) await choose('Sign in with', options.way);
  if (options.key !== undefined) await page.getByLabel('Path').fill(options.key);
}

async function choose(label: string, option: string): Promise<void> {
  await inSight(page.getByRole('combobox', { name: label, exact: true })).click();
  await page.getByRole('option', { name: option }).click();
}

const connect = () => page.getByRole('button', { name: 'Connect', exact: true }).click();
/** Pages that are not in front stay in the document. */
const inSight = (locator: Locator): Locator => locator.filter({ visible: true }).first();
const alert = (text: string | RegExp) => inSight(page.getByRole('alert').filter({ hasText: text }));
const field = (label: string) => inSight(page.getByLabel(new RegExp(`^${label}( \\(optional\\))?$`)));
const button = (name: string) => inSight(page.getByRole('button', { name, exact: true }));
const dialog = () => page.getByRole('dialog').or(page.getByRole('alertdialog'));

/** A test that failed leaves its question open; the next one must not fail for that. */
afterEach(async () => {
  for (let tries = 0; tries < 5 && (await dialog().count()) > 0; tries++) await page.keyboard.press('Escape');
});

/** A new question, not the one that was just answered. */
async function askedAgain(field: Locator, message: string): Promise<void> {
  await dialog().getByText(message).waitFor();
  await expect.poll(() => field.inputValue(), slow).toBe('');
}

describe('the line that names a server', () => {
  it.each([
    ['two words', 'one two', 'This names no server.'],
    ['a dash', '-oProxyCommand=evil', 'This names no server.'],
    ['a port past the last', 'dev@host:99999', 'This names no server.'],
    ['a web address', 'https://example.com/x', 'This names no server.'],
    ['a user that is none', 'ssh -l "a b" host', 'no login name'],
    ['an option that ssh lacks', 'ssh -Z host', 'ssh has no option -Z'],
    ['emoji', '⚓️', 'This names no server.'],
    ['a control character', 'host\u0007name', 'must not contain control characters'],
  ])('%s: says so at the line and keeps it', async (_what, line, message) => {
    await opening();
    await server().fill(line);
    await page.keyboard.press('Enter');
    await alert(message).waitFor();
    expect(await server().getAttribute('aria-invalid')).toBe('true');
    expect(await server().inputValue()).toBe(line);
  });
});

describe('an address where no server is', () => {
  it('a name that nobody knows', async () => {
    await described('dev@nowhere.invalid');
    await connect();
    await alert('The name nowhere.invalid is not known. Check the address').waitFor();
    expect(await page.getByLabel('Address').inputValue()).toBe('nowhere.invalid');
  });

  it('a port where nothing listens', async () => {
    await described(`dev@${host.address}:2222`);
    await connect();
    await alert(`${host.address} refuses connections on port 2222. Check the port`).waitFor();
  });

  it('a port that speaks HTTP', async () => {
    const port = await listening(createHttpServer((_request, response) => response.end('hello')));
    await described(`dev@127.0.0.1:${port}`);
    await connect();
    await alert(`At 127.0.0.1, port ${port}, answers a web server. Check the port.`).waitFor();
  });

  it('a port that accepts and says nothing', async () => {
    const port = await listening(createServer(() => undefined));
    await described(`dev@127.0.0.1:${port}`);
    await connect();
    await alert('and says nothing. Check the port: an SSH server greets first.').waitFor(slow);
  });

  it('a form without its address and user: both fields say so', async () => {
    await described('dev@somewhere');
    await page.getByLabel('Address').fill('');
    await page.getByLabel('User').fill('');
    await connect();
    await alert('must not be empty: type a host name or an IP address').waitFor();
    await alert('must not be empty: type the user to sign in as').waitFor();
    await page.getByLabel('Address').fill('no spaces please');
    await page.getByRole('textbox', { name: 'Port' }).fill('70000');
    await connect();
    await alert('must be a host name or an IP address').waitFor();
    await alert('must be 1 to 65535').waitFor();
  });
});

describe('a sign-in that fails', () => {
  it('first shows the key of the server, with what is not checked; a no keeps nothing', async () => {
    await writeFile(join(sshFolder, 'known_hosts'), `@cert-authority 10.78.* ${strangeKey.publicLine}\n`);
    await described(`dev@${host.address}`, { way: 'Private key', key: goodKey.path });
    await connect();
    await dialog().getByLabel(host.hostKeyFingerprint).waitFor();
    await dialog()
      .getByText(/known_hosts, line 1\) name a certificate authority .* cannot check certificates yet/)
      .waitFor();
    await dialog().getByRole('button', { name: 'Do not connect' }).click();
    await alert(`Compare ${host.hostKeyFingerprint} with what the server's owner says`).waitFor();
    await connect();
    await dialog().getByRole('button', { name: 'Trust this key' }).click();
    await page.getByRole('button', { name: 'Add host' }).waitFor(slow);
  });

  it('the wrong private key', async () => {
    await described(`dev@${host.address}`, { way: 'Private key', key: strangeKey.path });
    await connect();
    await alert(`did not let dev in. Tried: key ${strangeKey.path}.`).waitFor();
    expect(await page.getByLabel('Path').inputValue()).toBe(strangeKey.path);
  });

  it.each([
    ['a key file that does not exist', '~/.ssh/absent', 'does not exist. Check the path.'],
    [
      'a public key in place of the private one',
      '~/.ssh/good.pub',
      'is a public key. Choose the file without .pub.',
    ],
    ['something that is no key', '~/.ssh/notes', 'is not a private key that can be read'],
    ['no path at all', '', 'must not be empty'],
  ])('%s: at the path', async (_what, path, message) => {
    await writeFile(join(sshFolder, 'notes'), 'buy milk');
    await described(`dev@${host.address}`, { way: 'Private key', key: path });
    await connect();
    await alert(message).waitFor();
    expect(await page.getByLabel('Path').getAttribute('aria-invalid')).toBe('true');
    expect(await page.getByLabel('Path').inputValue()).toBe(path);
  });

  it('an encrypted key: asked again, and then a clear end', async () => {
    await described(`dev@${host.address}`, { way: 'Private key', key: lockedKey.path });
    await connect();
    const passphrase = dialog().getByLabel('Passphrase', { exact: true });
    await passphrase.fill('one');
    await page.keyboard.press('Enter');
    for (const attempt of ['two', 'three']) {
      await askedAgain(passphrase, 'The passphrase was wrong. Try again.');
      await passphrase.fill(attempt);
      await page.keyboard.press('Enter');
    }
    await alert(`The passphrase of the key ${lockedKey.path} was wrong three times.`).waitFor();
  });

  it('a password that is wrong three times', async () => {
    await described(`dev@${host.address}`, { way: 'Password' });
    await connect();
    const password = dialog().getByLabel('Password', { exact: true });
    await password.fill('one');
    await page.keyboard.press('Enter');
    for (const attempt of ['two', 'three']) {
      await askedAgain(password, 'The password was wrong. Try again.');
      await password.fill(attempt);
      await page.keyboard.press('Enter');
    }
    await alert(/did not let dev in. Tried: .*password.* Check the user and the password\./).waitFor(slow);
  });
});

describe('the SSH configuration', () => {
  it('a name that it does not have is an address, and fails as one', async () => {
    await described('atlsa');
    await connect();
    await alert('The name atlsa is not known.').waitFor();
  });

  it('a loop of jump hosts', async () => {
    await writeFile(
      join(sshFolder, 'config'),
      `Host round\n  HostName ${host.address}\n  ProxyJump about\nHost about\n  HostName ${host.address}\n  ProxyJump round\n`,
    );
    await opening();
    await server().fill('round');
    await page.keyboard.press('Enter');
    await alert(/ProxyJump leads back to round.*Take the loop out/).waitFor();
    expect(await server().inputValue()).toBe('round');
  });

  it('a hop that fails is named', async () => {
    await described(`ssh -J dev@${host.address}:2222 dev@inner.test`);
    await connect();
    await alert(
      `at the jump host dev@${host.address}:2222: ${host.address} refuses connections on port 2222`,
    ).waitFor();
  });

  it('what lies behind a hop that works is named', async () => {
    await writeFile(join(sshFolder, 'config'), `Host ${host.address}\n  IdentityFile ${goodKey.path}\n`);
    await described(`ssh -J dev@${host.address} dev@127.0.0.1:4`);
    await connect();
    await alert(
      `The jump host dev@${host.address}:22 could not reach 127.0.0.1 on port 4 (Connection refused)`,
    ).waitFor(slow);
  });
});

describe('the name of a host', () => {
  it('81 characters, none, or control characters: at the name, and everything stays typed', async () => {
    await described(`dev@${host.address}`, { way: 'Private key', key: goodKey.path });
    await connect();
    const add = page.getByRole('button', { name: 'Add host' });
    await add.waitFor(slow);
    const name = page.getByLabel('Name', { exact: true });
    for (const [text, message] of [
      ['x'.repeat(81), 'must have at most 80 characters'],
      ['   ', 'must not be empty'],
      ['left\u202eright', 'must not contain control characters'],
    ] as const) {
      await name.fill(text);
      await add.click();
      await alert(message).waitFor();
      expect(await name.inputValue()).toBe(text);
      expect(await page.getByLabel('Path').inputValue()).toBe(goodKey.path);
    }
    await name.fill(oddHostName);
    await add.click();
    await page.getByRole('heading', { name: oddHostName }).waitFor();
    await page.getByRole('button', { name: 'Open terminal' }).waitFor(slow);
  });

  it('one that is taken', async () => {
    await described(`dev@${host.address}`, { way: 'Private key', key: goodKey.path, name: oddHostName });
    await connect();
    await page.getByRole('button', { name: 'Add host' }).click(slow);
    await alert('Choose another name.').waitFor();
    expect(await page.getByLabel('Name', { exact: true }).getAttribute('aria-invalid')).toBe('true');
  });
});

describe('an engine that cannot be used', () => {
  it('a user without permission: the group and the command are named', async () => {
    await described(`outsider@${host.address}`, { way: 'Private key', key: goodKey.path, name: 'outsider' });
    await connect();
    await alert('sudo usermod -aG docker outsider').waitFor(slow);
    await page.getByRole('button', { name: 'Add all the same' }).click();
    await alert('No permission to use the container engine').waitFor(slow);
    await page.getByRole('button', { name: 'Run doctor' }).click();
    await page.getByText('usermod -aG docker "$USER"').first().waitFor(slow);
  });

  it('one that is too old: both versions and the remedy', async () => {
    const path = '/run/old-engine.sock';
    const engine = createHttpServer((request, response) => {
      const version = {
        Version: '18.09.1',
        ApiVersion: '1.39',
        MinAPIVersion: '1.12',
        Os: 'linux',
        Arch: 'amd64',
      };
      response.setHeader('Api-Version', '1.39');
      if (request.url?.endsWith('/_ping')) response.end('OK');
      else response.setHeader('Content-Type', 'application/json').end(JSON.stringify(version));
    });
    await new Promise<void>((resolve) => engine.listen(host.pathOnThisMachine(path), resolve));
    closers.push(() => engine.close());
    await host.runChecked(['chmod', '0666', path]);
    await described(`dev@${host.address}`, { way: 'Private key', key: goodKey.path, name: 'old' });
    await page.getByText('Jump hosts and engine socket').click();
    await page.getByLabel('Engine socket').fill(path);
    await connect();
    await alert(/18\.09\.1 speaks API 1\.39; Berth needs 1\.41 or newer.*Update Docker/).waitFor(slow);
    await page.getByLabel('Engine socket').fill('run/docker.sock');
    await connect();
    await alert('must be an absolute path').waitFor();
    await page.getByLabel('Engine socket').fill('/run/nothing.sock');
    await connect();
    await alert('There is no engine socket at /run/nothing.sock.').waitFor(slow);
  });
});

describe('the host key of a host that was added', () => {
  it('changed: was and is are shown, nothing connects, and only its name typed replaces it', async () => {
    const was = host.hostKeyFingerprint;
    await openHost();
    await host.replaceHostKey();
    await host.killSshSessions();
    await alert('The host key has changed, so Berth does not connect').waitFor(slow);
    await page.getByLabel(was).first().waitFor();
    await page.getByLabel(host.hostKeyFingerprint).first().waitFor();
    await page.getByRole('button', { name: 'Replace the key…' }).click();
    const trust = dialog().getByRole('button', { name: 'Trust the new key' });
    expect(await trust.isDisabled()).toBe(true);
    await dialog().getByRole('textbox').fill(oddHostName.slice(0, -1));
    expect(await trust.isDisabled()).toBe(true);
    await dialog().getByRole('textbox').fill(oddHostName);
    await trust.click();
    await page.getByRole('button', { name: 'Open terminal' }).waitFor(slow);
  });

  it('revoked: file and line are named, and it connects again only when the line goes', async () => {
    const knownHosts = join(sshFolder, 'known_hosts');
    await appendFile(knownHosts, `@revoked * ${host.hostKeyPublic}\n`);
    await openHost();
    await page.getByRole('button', { name: 'Disconnect' }).click();
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await alert(/is marked as revoked in .*known_hosts, line 2\. Give the server a new key/).waitFor(slow);
    await rm(knownHosts);
    await page.getByRole('button', { name: 'Try again now' }).click();
    await page.getByRole('button', { name: 'Open terminal' }).waitFor(slow);
  });
});

/** The page of the host that works, ready. */
async function openHost(): Promise<void> {
  await page.getByRole('treeitem', { name: oddHostName }).click();
  await page.getByRole('button', { name: 'Open terminal' }).waitFor(slow);
}

/** What Berth made on the host: nothing, after a failure. */
async function madeOnHost(): Promise<string> {
  const filter = ['--filter', 'label=dev.berth.managed', '--format'];
  const lists = [
    await host.docker('ps', '--all', ...filter, '{{.Names}}'),
    await host.docker('volume', 'ls', ...filter, '{{.Name}}'),
    await host.docker('network', 'ls', ...filter, '{{.Name}}'),
  ];
  return lists.join('');
}

/** The form for a workspace on the host that works, with a project that is defined there. */
async function newWorkspace(): Promise<void> {
  await command('New workspace');
  await field('Host').waitFor();
  await choose('Host', oddHostName);
  if ((await inSight(page.getByRole('combobox', { name: 'Project', exact: true })).count()) > 0)
    await choose('Project', 'A new project…');
}

describe('a project', () => {
  it('fields out of bounds: each says so, nothing is lost, and mended it is saved', async () => {
    await command('New project');
    await inSight(page.getByRole('button', { name: /^Empty project/ })).click();
    await field('Name').fill('  ');
    await field('Image').fill('Not An Image!');
    await field('Memory').fill('4 MiB');
    await field('Processors').fill('0.001');
    await button('Advanced').click();
    await field('Mount point').fill('/etc');
    await field('Processes').fill('2');
    await field('Shell').fill('bash');
    await button('Add variable').click();
    await field('Name of variable 1').fill('A=B');
    await field('Value of variable 1').fill('kept');
    await button('Create project').click();
    for (const message of [
      'must not be empty',
      'must look like debian:12',
      'must be at least 16 MiB',
      'must be at least 0.05',
      'must not cover a system folder',
      'must be at least 16',
      'must be an absolute path',
      'must be letters, digits and _',
    ])
      await alert(message).waitFor();
    expect(await field('Value of variable 1').inputValue()).toBe('kept');
    expect(await field('Mount point').inputValue()).toBe('/etc');
    await field('Name').fill('boxes');
    await field('Image').fill('berth-busybox:test');
    await field('Memory').fill('64 MiB');
    await field('Processors').fill('');
    await field('Mount point').fill('/work');
    await field('Processes').fill('64');
    await field('Shell').fill('/bin/sh');
    await field('Name of variable 1').fill('A');
    await button('Create project').click();
    await page.getByRole('heading', { name: 'boxes' }).waitFor();
  });
});

describe('a workspace', () => {
  it('an image reference that is none: at the image', async () => {
    await newWorkspace();
    await field('Image').fill('Debian:latest; reboot');
    await button('Create workspace').click();
    await alert('must look like debian:12').waitFor();
    expect(await field('Image').inputValue()).toBe('Debian:latest; reboot');
  });

  it('an image that the registry does not have: said so, and nothing stays', async () => {
    const reference = `${await registry.addressFor(host)}/nobody/has-this:1`;
    await newWorkspace();
    await field('Image').fill(reference);
    await button('Create workspace').click();
    await alert(/no such image or tag\. Check the spelling/).waitFor(slow);
    await expect.poll(madeOnHost, slow).toBe('');
  });

  it('a name that is too long, and one that is odd in every way and works', async () => {
    await newWorkspace();
    await choose('Project', 'boxes');
    const name = field('Workspace name');
    await name.fill('x'.repeat(81));
    await button('Create workspace').click();
    await alert('must have at most 80 characters').waitFor();
    await name.fill('bell\u0007');
    await button('Create workspace').click();
    await alert('must not contain control characters').waitFor();
    await name.fill(oddWorkspaceName);
    await button('Create workspace').click();
    await inSight(page.getByRole('heading', { name: oddWorkspaceName })).waitFor(slow);
    await button('Open terminal').waitFor(slow);
    expect(await host.docker('ps', '--format', '{{.Label "dev.berth.name"}}')).toContain(oddWorkspaceName);
  });

  it('a full disk: the host and the remedy are named, and nothing stays', async () => {
    const before = await madeOnHost();
    const reference = await pushImage(registry, host, await layeredImage({ layers: 2, layerKiB: 2048 }));
    await host.fillDisk();
    try {
      await newWorkspace();
      await field('Image').fill(reference);
      await button('Create workspace').click();
      await alert(/Only \d+ MiB of \d+ MiB are free in \/var\/lib\/docker .* Make room there/).waitFor({
        timeout: 60_000,
      });
    } finally {
      await host.freeDisk();
    }
    await expect.poll(madeOnHost, slow).toBe(before);
  });

  it('an engine that is stopped: said on the page of the host, and it comes back', async () => {
    await openHost();
    await host.stopEngine();
    await alert('The machine answers, its container engine does not').waitFor({ timeout: 60_000 });
    await alert('its engine does not run. Start it there:').waitFor();
    await inSight(
      page.getByLabel('Command that mends it').getByText('sudo systemctl start docker'),
    ).waitFor();
    await newWorkspace();
    await inSight(page.getByText(`“${oddHostName}” has no engine that answers.`)).waitFor();
    await host.startEngine();
    await page.getByRole('treeitem', { name: oddHostName }).click();
    await page.getByRole('button', { name: 'New workspace' }).waitFor({ timeout: 60_000 });
  });
});

describe('the window, after all of this', () => {
  it('complained of nothing', () => {
    expect(window.complaints).toEqual([]);
  });
});
