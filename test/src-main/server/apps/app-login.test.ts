/** The container's password, put in by the way: into headers, and into the form of an app that asks for it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { AppLogin } from '#contract/projects.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { AppWorld, type FakeApp } from './app-world.ts';

const password = 'p&ss <wörd>+%';
const page = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
let world: AppWorld;
beforeEach(async () => {
  world = await AppWorld.start();
});
afterEach(async () => {
  // Wherever it was put in, nothing that is written down has it.
  expect(JSON.stringify(world.log.entries)).not.toContain(password);
  await world[Symbol.asyncDispose]();
});

describe('a login of headers', () => {
  const seen = (request: IncomingMessage, response: ServerResponse) =>
    response.end(JSON.stringify([request.headers.authorization ?? null, request.headers['x-key'] ?? null]));
  const basic = `Basic ${Buffer.from(`kasm_user:${password}`).toString('base64')}`;

  it.each([
    [{ how: 'basic', user: 'kasm_user' }, [basic, null]],
    [{ how: 'header', name: 'X-Key', prefix: '' }, [null, 'token-1']],
    [{ how: 'header', name: 'Authorization', prefix: 'token ' }, ['token token-1', null]],
    [{ how: 'none' }, [null, null]],
  ] as const)('is put into each request: %o', async (login, expected) => {
    const app = await world.app('api-3000', seen, { login: login as AppLogin });
    app.password = new Secret(login.how === 'basic' ? password : 'token-1');
    expect(JSON.parse((await world.ask({})).text)).toEqual(expected);
  });

  it('leaves alone what the app’s own page says, and needs a password', async () => {
    const app = await world.app('api-3000', seen, { login: { how: 'basic', user: 'u' } });
    expect(JSON.parse((await world.ask({})).text)).toEqual([null, null]);
    app.password = new Secret(password);
    const own = await world.ask({ headers: { authorization: 'Bearer of-the-app' } });
    expect(JSON.parse(own.text)).toEqual(['Bearer of-the-app', null]);
  });

  it('that cannot be read is said in words', async () => {
    await world.app('api-3000', seen, {
      login: { how: 'basic', user: 'u' },
      password: () =>
        Promise.reject(new BerthError('credential.vault-locked', 'The vault is locked. Open it first.')),
    });
    expect(await world.ask({})).toMatchObject({ status: 503, text: 'The vault is locked. Open it first.\n' });
  });
});

/** As code-server has it, with a mark against foreign pages as Jupyter's. */
class FormApp {
  readonly posts: string[] = [];
  right = password;
  isForgetful = false;

  readonly listen = (request: IncomingMessage, response: ServerResponse): void => {
    const { url = '', headers } = request;
    const isIn = headers.cookie?.includes('key=in') === true && !this.isForgetful;
    if (url === '/login' && request.method === 'POST') {
      let text = '';
      request.on('data', (chunk) => (text += String(chunk)));
      request.on('end', () => {
        this.posts.push(text);
        const fields = new URLSearchParams(text);
        const isMarked = fields.get('_mark') === 'a"b' && headers.cookie?.includes('mark=1') === true;
        if (isMarked && fields.get('password') === this.right)
          response.writeHead(302, {
            'Set-Cookie': ['key=in; Domain=localhost; HttpOnly', 'mark=2'],
            Location: '/',
          });
        else response.writeHead(401, { 'Content-Type': 'text/html' });
        response.end('<form>');
      });
      return;
    }
    if (url === '/login') {
      response.writeHead(200, { 'Content-Type': 'text/html', 'Set-Cookie': 'mark=1' });
      response.end(
        `<form><input type="hidden" name="_mark" value="a&quot;b"><input name=password type=password>`,
      );
    } else if (!isIn) response.writeHead(302, { Location: './login?to=' }).end();
    else response.end(`in at ${url}`);
  };
}

describe('a login of a form', () => {
  const login: AppLogin = { how: 'form', path: '/login', field: 'password' };
  let form: FormApp;
  let app: FakeApp;
  beforeEach(async () => {
    form = new FormApp();
    app = await world.app('api-3000', form.listen, { login });
    app.password = new Secret(password);
  });

  it('is posted where the app asks for it: nobody types anything', async () => {
    const cookie = await world.letIn();
    const told = await world.ask({ path: '/deep?x=1', cookie, headers: page });
    expect(told).toMatchObject({ status: 200, text: 'in at /deep?x=1' });
    // The browser has the cookies from here on, of the form's page and of the post, in their order.
    expect(told.headers['set-cookie']).toEqual(['mark=1', 'key=in; HttpOnly', 'mark=2']);
    expect(JSON.stringify(told)).not.toContain(password);
    expect(form.posts).toHaveLength(1);
    expect((await world.ask({ cookie: `${cookie}; key=in`, headers: page })).text).toBe('in at /');
    expect(form.posts).toHaveLength(1);
  });

  it('is posted for a page alone, not for what a script asks or sends', async () => {
    const cookie = await world.letIn();
    const script = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
    expect((await world.ask({ cookie, headers: script })).status).toBe(302);
    const own = { ...page, origin: world.originOf() };
    expect((await world.ask({ cookie, method: 'POST', path: '/other', headers: own })).status).toBe(302);
    expect(form.posts).toEqual([]);
  });

  it('is posted from the form’s own address, too, and leads on', async () => {
    const cookie = await world.letIn();
    const told = await world.ask({ path: '/login', cookie, headers: page });
    expect(form.posts).toHaveLength(1);
    expect(told.headers['set-cookie']).toContain('key=in; HttpOnly');
  });

  it('with a password that is wrong shows the app’s own form, and does not try again at once', async () => {
    form.right = 'another';
    const cookie = await world.letIn();
    for (let count = 0; count < 3; count += 1)
      expect((await world.ask({ cookie, headers: page })).status).toBe(302);
    expect(form.posts).toHaveLength(1);
    world.nowMs += 61_000;
    form.right = password;
    expect((await world.ask({ cookie, headers: page })).text).toBe('in at /');
  });

  it('never goes round in a circle with an app that forgets at once', async () => {
    form.isForgetful = true;
    const cookie = await world.letIn();
    for (let count = 0; count < 3; count += 1)
      expect((await world.ask({ cookie, headers: page })).status).toBe(302);
    expect(form.posts).toHaveLength(1);
  });

  it('in a frame gives cookies that stay there', async () => {
    const cookie = await world.letIn('api-3000', 'frame');
    const told = await world.ask({ cookie, headers: { ...page, 'sec-fetch-dest': 'iframe' } });
    expect(told.text).toBe('in at /');
    expect(told.headers['set-cookie']).toContain('key=in; HttpOnly; SameSite=None; Secure; Partitioned');
  });

  it('is left to the person where there is no password', async () => {
    app.password = null;
    expect((await world.ask({ headers: page })).status).toBe(302);
    expect(form.posts).toEqual([]);
  });
});
