/**
 * The way of browsers to web apps of workspaces: answers requests for the apps' own host names, and no other. Each request
 * is judged in this order: how it is written, the gateway's own paths, whose session it has, whose page is behind it; then
 * the app gets it. Listens nowhere itself.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { BerthError } from '#contract/berth-error.ts';
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import { type AppBase, labelIn, originOf } from './app-addresses.ts';
import { AppLines } from './app-connections.ts';
import { appCookieNames, cookieIn } from './app-cookies.ts';
import { answerFailure, failureOf, refuseUpgrade } from './app-failures.ts';
import { FormLogin } from './app-login.ts';
import { escapeHtml, sendPage, sendText, wantsPage } from './app-pages.ts';
import { AppSessions, type LinkWish, type SessionDoor } from './app-sessions.ts';
import { answerEntrance, enterPath, ownPaths } from './entrance.ts';
import { relayRequest } from './relay-request.ts';
import { relayUpgrade } from './relay-upgrade.ts';
import type { Visit } from './visit.ts';
import { foreign, foreignUpgrade, headerOf, malformed } from './visit-guard.ts';

export interface AppGatewayOptions {
  readonly door: SessionDoor;
  readonly base: AppBase;
  /** Origins of Berth's own pages, which may show apps in a frame; empty: none does. */
  readonly frameOrigins: readonly string[];
  /** Cookies of Berth's own. */
  readonly hiddenCookies: readonly string[];
  readonly isOwnAuthorization: (value: string) => boolean;
  readonly addressOf: (request: IncomingMessage) => string;
  readonly log: Log;
  readonly nowMs: () => number;
  /** See AppSessionsOptions. */
  readonly recheckMs?: number;
}

export interface AppGateway {
  /** Whether its Host is an app's. */
  isFor(request: IncomingMessage): boolean;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  createLink(wish: LinkWish): { readonly url: string; readonly expiresAtMs: number };
  /** Somebody's access ended or changed: what goes on in their name is judged again, now. */
  recheck(): void;
  /** Ends all that goes on. */
  close(): void;
}

interface Arrival {
  readonly label: string;
  readonly origin: string;
}

export function createAppGateway(options: AppGatewayOptions): AppGateway {
  const { door, base, frameOrigins, log, nowMs, recheckMs } = options;
  const port = new URL(originOf(base, 'app')).port;
  const cookies = appCookieNames(base.isSecure, port, options.hiddenCookies);
  const sessions = new AppSessions({ door, nowMs, ...(recheckMs === undefined ? {} : { recheckMs }) });
  const lines = new AppLines();
  const formLogin = new FormLogin({ lines, nowMs });
  const stopForgetting = door.onChange((label) => {
    const target = door.find(label);
    if (target !== undefined) lines.forget(target);
  });

  function labelOf(request: IncomingMessage): string | undefined {
    return labelIn(base, headerOf(request, 'host') ?? '');
  }

  /** In a frame the session of the frame counts: a browser may send both. */
  function admit(request: IncomingMessage, { label, origin }: Arrival): Visit | undefined {
    const headers = request.headersDistinct.cookie ?? [];
    for (const shownIn of ['frame', 'browser'] as const) {
      const value = cookieIn(headers, cookies.session[shownIn]);
      const found = value === undefined ? undefined : sessions.find(label, value, shownIn);
      if (found === undefined) continue;
      return {
        ...found,
        side: { target: found.target, origin, cookies, isOwnAuthorization: options.isOwnAuthorization },
        shown: { isFramed: shownIn === 'frame', frameOrigins },
        address: options.addressOf(request),
      };
    }
    return undefined;
  }

  async function answer(request: IncomingMessage, response: ServerResponse, arrival: Arrival): Promise<void> {
    const { label, origin } = arrival;
    const broken = malformed(request);
    if (broken !== undefined) {
      log.warn('A request to an app was refused', { refusal: broken.reason });
      sendText(response, broken.status, 'This request is not understood.\n', { Connection: 'close' });
      return;
    }
    if (request.url?.startsWith(ownPaths) === true) {
      await answerEntrance(
        { label, origin, sessions, cookies, isSecure: base.isSecure, frameOrigins },
        request,
        response,
      );
      return;
    }
    const visit = admit(request, arrival);
    const refusal = visit && foreign(request, origin);
    if (visit === undefined || refusal !== undefined) {
      if (refusal !== undefined)
        log.warn('A request to an app was refused', { label, refusal: refusal.reason });
      refuse(request, response);
      return;
    }
    const release = sessions.hold(visit.session, () => response.destroy());
    response.once('close', release);
    try {
      assertWanted(visit.target);
      await relayRequest(visit, request, response, { lines, formLogin });
    } catch (error) {
      note(visit, error);
      answerFailure(visit, error, request, response);
    }
  }

  /** The same whether there is such an app or not. */
  function refuse(request: IncomingMessage, response: ServerResponse): void {
    const headers: Record<string, string> = request.complete ? {} : { Connection: 'close' };
    if (!wantsPage(request)) {
      sendText(response, 403, 'Open this app from Berth.\n', headers);
      return;
    }
    const [berth] = frameOrigins;
    const link = berth === undefined ? '' : ` <a href="${escapeHtml(berth)}" target="_blank">Go to Berth</a>`;
    const body = `<h1>Open this app from Berth</h1><p>This browser was not let in here, or not any more: whoever owns the workspace opens the app from Berth, which lets their browser in.${link}</p>`;
    sendPage(response, { status: 403, title: 'Open this app from Berth', body, headers, frameOrigins });
  }

  async function answerUpgrade(
    request: IncomingMessage,
    near: Duplex,
    { head, arrival }: { readonly head: Buffer; readonly arrival: Arrival },
  ): Promise<void> {
    const refusal = malformed(request) ?? foreignUpgrade(request, arrival.origin);
    const visit = refusal === undefined ? admit(request, arrival) : undefined;
    if (visit === undefined) {
      log.warn('An upgrade to an app was refused', { refusal: refusal?.reason ?? 'no session' });
      refuseUpgrade(near, refusal?.status ?? 403);
      return;
    }
    const release = sessions.hold(visit.session, () => near.destroy());
    near.once('close', release);
    try {
      assertWanted(visit.target);
      await relayUpgrade(visit, request, near, head);
    } catch (error) {
      note(visit, error);
      refuseUpgrade(near, failureOf(visit, error).status);
    }
  }

  function note({ target }: Visit, cause: unknown): void {
    const level = BerthError.is(cause) ? 'debug' : 'info';
    log[level]('An app did not answer', { forwardId: target.forwardId, cause });
  }

  return {
    isFor: (request) => labelOf(request) !== undefined,

    request(request, response) {
      const label = labelOf(request);
      if (label === undefined) {
        response.writeHead(403, { Connection: 'close' }).end();
        return;
      }
      answer(request, response, { label, origin: originOf(base, label) }).catch((cause: unknown) => {
        log.error('A request to an app failed', { cause });
        response.destroy();
      });
    },

    upgrade(request, near, head) {
      near.on('error', () => near.destroy());
      const label = labelOf(request);
      if (label === undefined) {
        refuseUpgrade(near, 403);
        return;
      }
      answerUpgrade(request, near, { head, arrival: { label, origin: originOf(base, label) } }).catch(
        (cause: unknown) => {
          log.error('An upgrade to an app failed', { cause });
          near.destroy();
        },
      );
    },

    createLink(wish) {
      const { ticket, expiresAtMs } = sessions.createTicket(wish);
      return { url: `${originOf(base, wish.label)}${enterPath}#${ticket}`, expiresAtMs };
    },

    recheck: () => sessions.recheck(),

    close() {
      stopForgetting();
      sessions.close();
      lines.close();
    },
  };
}

function assertWanted({ isWanted, workspaceName, port }: AppTarget): void {
  if (!isWanted)
    throw new BerthError(
      'conflict',
      `The way to port ${port} of “${workspaceName}” was stopped. Start it again in Berth, under Ports.`,
    );
}
