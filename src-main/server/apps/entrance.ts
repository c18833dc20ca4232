/**
 * The way into an app: a page at the app's own origin that takes the one-time ticket out of the fragment of its address
 * (which no browser sends, and no history keeps) and posts it; the answer sets the session's cookie and says where in the
 * app to go on. All of it is below `/.berth/`, a path that no app gets.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type CookieNames, sessionCookie } from './app-cookies.ts';
import { sendPage, sendText } from './app-pages.ts';
import type { AppSessions } from './app-sessions.ts';
import { foreign, headerOf } from './visit-guard.ts';

export const ownPaths = '/.berth/';
export const enterPath = '/.berth/enter';
const scriptPath = '/.berth/enter.js';
/** Characters of a ticket, and some. */
const maxBody = 256;

const page = `<h1 id="title">Opening…</h1>
<p id="text" role="status">One moment.</p>
<noscript><p>This needs JavaScript.</p></noscript>`;

const script = `const say = (title, text) => {
  document.getElementById('title').textContent = title;
  document.getElementById('text').textContent = text;
};
const enter = async () => {
  const ticket = location.hash.slice(1);
  history.replaceState(null, '', '${enterPath}');
  if (ticket === '') return say('Open this app from Berth', 'This address alone lets nobody in.');
  try {
    const answer = await fetch('${enterPath}', { method: 'POST', body: ticket, cache: 'no-store' });
    const text = await answer.text();
    if (!answer.ok) return say('This link does not work any more', text);
    const place = new URL(text, location.origin);
    if (place.origin === location.origin) location.replace(place);
  } catch {
    say('Berth does not answer', 'Is it still running?');
  }
};
addEventListener('hashchange', enter);
enter();
`;

export interface Entrance {
  readonly label: string;
  readonly origin: string;
  readonly sessions: AppSessions;
  readonly cookies: CookieNames;
  readonly isSecure: boolean;
  readonly frameOrigins: readonly string[];
}

/** Answers everything below `/.berth/`. */
export async function answerEntrance(
  entrance: Entrance,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url: path } = request;
  if (method === 'GET' && path === enterPath) {
    const policy = ["script-src 'self'", "connect-src 'self'"];
    sendPage(response, {
      status: 200,
      title: 'Opening… · Berth',
      body: page,
      policy,
      head: `<script type="module" src="${scriptPath}"></script>`,
      frameOrigins: entrance.frameOrigins,
    });
  } else if (method === 'GET' && path === scriptPath)
    sendText(response, 200, script, { 'Content-Type': 'text/javascript; charset=utf-8' });
  else if (method === 'POST' && path === enterPath) await enter(entrance, request, response);
  else sendText(response, 404, 'Not found\n');
}

async function enter(entrance: Entrance, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { label, origin, sessions, cookies, isSecure } = entrance;
  // Nobody elsewhere signs this browser in, not even with a ticket of their own.
  if (foreign(request, origin) !== undefined || headerOf(request, 'origin') !== origin) {
    sendText(response, 403, 'Forbidden\n', { Connection: 'close' });
    return;
  }
  const ticket = await shortBody(request);
  const wish = ticket === undefined ? undefined : sessions.redeem(label, ticket);
  if (wish === undefined) {
    const why = 'It was used before, or is older than a minute. Open the app from Berth again.\n';
    sendText(response, 403, why, { Connection: 'close' });
    return;
  }
  // Whatever the path says, it stays here.
  const place = URL.parse(wish.path, origin);
  const path = place?.origin === origin ? `${place.pathname}${place.search}${place.hash}` : '/';
  sendText(response, 200, path.replace(/^\/+/, '/'), {
    'Set-Cookie': sessionCookie(cookies, wish.shownIn, { value: wish.cookieValue, isSecure }),
  });
}

async function shortBody(request: IncomingMessage): Promise<string | undefined> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > maxBody) return undefined;
  }
  return text;
}
