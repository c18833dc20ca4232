/** The cookies of a browser, as text of Set-Cookie (RFC 6265bis): for our own pages, for no script, for this host alone. */
import { attemptLifeMs } from './oidc/provider-sign-in.ts';

export interface BrowserCookies {
  readonly sessionName: string;
  /** Of a sign-in at an identity provider that is under way. */
  readonly attemptName: string;
  session(value: string): string;
  endSession(): string;
  attempt(value: string): string;
}

/** As long as the accounts keep a session that nobody uses. */
const sessionMaxAgeS = 30 * 24 * 60 * 60;

/** All that there are. */
export function namesOfCookies(sessionName: string): Pick<BrowserCookies, 'sessionName' | 'attemptName'> {
  return { sessionName, attemptName: `${sessionName}-attempt` };
}

/** @param isSecure only over TLS; `__Host-` names need it */
export function browserCookies(sessionName: string, isSecure: boolean): BrowserCookies {
  const secure = isSecure ? '; Secure' : '';
  const { attemptName } = namesOfCookies(sessionName);
  const strict = (value: string, maxAgeS: number) =>
    `${sessionName}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure}`;
  return {
    sessionName,
    attemptName,
    session: (value) => strict(value, sessionMaxAgeS),
    endSession: () => strict('', 0),
    // Lax: it has to come along when the provider's page sends the browser back.
    attempt: (value) =>
      `${attemptName}=${value}; Path=/; Max-Age=${Math.floor(attemptLifeMs / 1000)}; HttpOnly; SameSite=Lax${secure}`,
  };
}
