/**
 * An identity provider that does what a test says: keys that rotate, tokens with any header and claims, discovery that
 * lies, answers that are late, endless or missing. Its token endpoint checks PKCE, as a real one does. On loopback.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { OidcConfig } from '#main/config.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

export type SignerMood = 'well' | 'down' | 'silent' | 'endless' | 'other-issuer' | 'redirecting' | 'no-json';

interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
}

export interface Code {
  readonly challenge: string;
  /** What the token endpoint gives for it. */
  readonly idToken: string;
}

export const signerClientId = 'berth';
const clientSecret = 'secret of the client';

export class TokenSigner {
  readonly issuer: string;
  mood: SignerMood = 'well';
  keyFetches = 0;
  discoveryFetches = 0;
  readonly redeemed: string[] = [];
  readonly #server: Server;
  readonly #codes = new Map<string, Code>();
  #keys: SigningKey[] = [];

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${port}`;
  }

  static async start(alg = 'RS256'): Promise<TokenSigner> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const signer = new TokenSigner(server, (server.address() as AddressInfo).port);
    await signer.rotate(alg);
    server.on('request', (request, response) => void signer.#answer(request, response));
    return signer;
  }

  /** A configuration that trusts this one. */
  config(change: Partial<OidcConfig> = {}): OidcConfig {
    return {
      id: 'signer',
      name: 'Signer',
      issuer: this.issuer,
      clientId: signerClientId,
      clientSecret: new Secret(clientSecret),
      audiences: ['berth-api'],
      algorithms: ['RS256', 'ES256', 'PS256', 'EdDSA'],
      userClaim: 'sub',
      scopes: ['openid', 'email'],
      makesUsers: true,
      ...change,
    };
  }

  /** A new key in place of all others. */
  async rotate(alg = 'RS256'): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    const kid = `key-${createHash('sha256')
      .update(JSON.stringify(await exportJWK(publicKey)))
      .digest('hex')
      .slice(0, 8)}`;
    const jwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    this.#keys = [{ kid, alg, privateKey, publicKey, jwk }];
  }

  get kid(): string {
    return this.#key.kid;
  }

  get #key(): SigningKey {
    const [key] = this.#keys;
    if (key === undefined) throw new Error('no key');
    return key;
  }

  /** As anybody can read it: what a confused verifier would take for a secret. */
  publicPem(): Promise<string> {
    return exportSPKI(this.#key.publicKey);
  }
  publicJwk(): JWK {
    return this.#key.jwk;
  }

  /** A good access token, but for what is given; undefined leaves out. */
  async sign(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, sub: 'ann', aud: 'berth-api', iat: nowS, exp: nowS + 300, ...change };
    const { alg, kid, privateKey } = this.#key;
    return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header }).sign(privateKey);
  }

  idToken(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}): Promise<string> {
    const claims = { aud: signerClientId, email: 'ann@example.org', email_verified: true, name: 'Ann' };
    return this.sign({ ...claims, ...change }, { typ: 'JWT', ...header });
  }

  /** What the person's consent would have made. */
  issueCode(code: string, content: Code): void {
    this.#codes.set(code, content);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    if (path === '/keys') this.keyFetches += 1;
    if (path === '/.well-known/openid-configuration') this.discoveryFetches += 1;
    if (this.mood === 'silent') return;
    if (this.mood === 'down') {
      response.writeHead(503).end();
      return;
    }
    if (this.mood === 'redirecting') {
      response.writeHead(302, { location: `${this.issuer}/elsewhere` }).end();
      return;
    }
    if (this.mood === 'no-json') {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<script>alert(1)</script>');
      return;
    }
    if (this.mood === 'endless') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"a":"');
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(64 * 1024)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
      return;
    }
    if (path === '/keys') json(response, 200, { keys: this.#keys.map(({ jwk }) => jwk) });
    else if (path === '/.well-known/openid-configuration') json(response, 200, this.#metadata());
    else if (path === '/token') await this.#token(request, response);
    else json(response, 404, {});
  }

  #metadata(): object {
    const issuer = this.mood === 'other-issuer' ? 'http://127.0.0.1:1' : this.issuer;
    return {
      issuer,
      authorization_endpoint: `${this.issuer}/authorize`,
      token_endpoint: `${this.issuer}/token`,
      jwks_uri: `${this.issuer}/keys`,
      response_types_supported: ['code'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256', 'HS256', 'none'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  async #token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const form = new URLSearchParams(body);
    const code = form.get('code') ?? '';
    const content = this.#codes.get(code);
    this.#codes.delete(code);
    const verifier = form.get('code_verifier') ?? '';
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    if (content === undefined || challenge !== content.challenge)
      return json(response, 400, { error: 'invalid_grant', error_description: 'the provider’s own words' });
    this.redeemed.push(code);
    json(response, 200, {
      access_token: 'opaque',
      token_type: 'Bearer',
      expires_in: 300,
      id_token: content.idToken,
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
