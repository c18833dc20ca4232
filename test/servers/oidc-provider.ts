/**
 * A real OpenID provider (the package oidc-provider, certified by the OpenID Foundation) on loopback, with its own pages
 * for signing in. Berth is registered as a native client, whose loopback address may have any port (RFC 8252, 7.3). Also
 * gives programs access tokens in the form of RFC 9068.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import type { OidcConfig } from '#main/config.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

const clientSecret = 'secret-of-berth-at-the-provider';
const scriptSecret = 'secret-of-a-script';
export const apiAudience = 'https://berth.example/api';

export class OidcProvider {
  readonly issuer: string;
  readonly #server: Server;

  private constructor(server: Server, issuer: string) {
    this.#server = server;
    this.issuer = issuer;
  }

  static async start(): Promise<OidcProvider> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    const provider = new Provider(issuer, {
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'first' }] },
      cookies: { keys: ['signs the cookies of a test'] },
      clients: [
        {
          client_id: 'berth',
          client_secret: clientSecret,
          application_type: 'native',
          redirect_uris: ['http://127.0.0.1/auth/real/callback'],
          token_endpoint_auth_method: 'client_secret_basic',
          grant_types: ['authorization_code'],
          response_types: ['code'],
        },
        {
          client_id: 'script',
          client_secret: scriptSecret,
          redirect_uris: [],
          grant_types: ['client_credentials'],
          response_types: [],
        },
      ],
      pkce: { required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: () => ({ sub: id, email: `${id}@example.org`, email_verified: true, name: id }),
      }),
      features: {
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: (_context, client) => (client.clientId === 'script' ? apiAudience : []),
          getResourceServerInfo: () => ({
            scope: '',
            audience: apiAudience,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'RS256' } },
          }),
        },
      },
    });
    const answer = provider.callback();
    server.on('request', (request, response) => void answer(request, response));
    return new OidcProvider(server, issuer);
  }

  config(): OidcConfig {
    return {
      id: 'real',
      name: 'Real provider',
      issuer: this.issuer,
      clientId: 'berth',
      clientSecret: new Secret(clientSecret),
      audiences: [apiAudience],
      algorithms: ['RS256'],
      userClaim: 'sub',
      scopes: ['openid', 'email', 'profile'],
      makesUsers: true,
    };
  }

  /** For the program `script` (RFC 6749, 4.4). */
  async accessToken(): Promise<string> {
    const credentials = Buffer.from(`script:${scriptSecret}`).toString('base64');
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    const { access_token } = (await response.json()) as { access_token?: string };
    if (access_token === undefined) throw new Error(`no token: ${response.status}`);
    return access_token;
  }

  /**
   * What a person does with a browser: follows the redirect, signs in, agrees, and is sent back.
   * @returns the address at Berth to which the browser is sent
   */
  async signIn(authorizationUrl: string, login: string): Promise<string> {
    const cookies = new Map<string, string>();
    let next = authorizationUrl;
    let form: URLSearchParams | undefined;
    for (let step = 0; step < 20; step += 1) {
      const response = await fetch(next, {
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(form === undefined ? {} : { method: 'POST', body: form }),
      });
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
        cookies.set(name, value);
      }
      form = undefined;
      const location = response.headers.get('location');
      if (location !== null) {
        next = new URL(location, next).href;
        if (!next.startsWith(this.issuer)) return next;
        continue;
      }
      const page = await response.text();
      const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
      const action = /action="([^"]+)"/.exec(page)?.[1];
      if (prompt === undefined || action === undefined)
        throw new Error(`the provider shows something else: ${response.status} ${page.slice(0, 500)}`);
      next = new URL(action, next).href;
      form = new URLSearchParams({ prompt, login, password: 'any' });
    }
    throw new Error('the provider sends the browser in circles');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
