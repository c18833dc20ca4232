/**
 * How guests of a shared terminal come in: the link's token, posted by the page that took it out of its own address,
 * becomes a cookie for that share's paths alone; the cookie buys single-use tickets for sockets. Apart from the owner's
 * sessions in every way: other cookie, other paths, other tickets. Slows guessers down.
 */
import type { Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { ShareId } from '#contract/ids.ts';
import type { GuestDoor } from '../control-plane/caller.ts';
import { notFound } from '../control-plane/dispatcher.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import { defaultRandomToken, socketTicketLifeMs, TicketBox } from './authenticate.ts';
import { readJsonObject } from './read-body.ts';
import type { ApiEnvironment } from './rest-routes.ts';

const minuteMs = 60_000;
/** Wrong links per minute after which nobody may try; a link that ended sends all who watched it here once. */
export const maxWrongPerMinute = 60;
/** Tickets of seconds: one for each guest who may come back at once when a line was cut. */
const maxOpenTickets = 400;
const maxBodyBytes = 4096;
const Entry = z.object({ token: z.string().min(1).max(200) });

export interface GuestEntryOptions {
  readonly door: GuestDoor;
  /** The name of the owner's cookie; the guests' is made of it. */
  readonly cookieName: string;
  readonly isSecure: boolean;
  readonly log: Log;
  readonly nowMs?: () => number;
}

export interface GuestEntry {
  /** Adds `POST /shared` and `POST /shared/:id/socket-ticket` to an app that is mounted under /api/v1. */
  addRoutes(api: Hono<ApiEnvironment>): void;
  redeemSocketTicket(ticket: string): ShareId | undefined;
}

export function createGuestEntry(options: GuestEntryOptions): GuestEntry {
  const { door, isSecure, log, nowMs = Date.now } = options;
  const cookieName = isSecure ? '__Secure-berth-guest' : `${options.cookieName}-guest`;
  const tickets = new TicketBox<ShareId>(socketTicketLifeMs, nowMs, maxOpenTickets);
  let wrongAtMs: number[] = [];

  function enter(token: string) {
    const now = nowMs();
    wrongAtMs = wrongAtMs.filter((at) => at > now - minuteMs);
    if (wrongAtMs.length >= maxWrongPerMinute)
      throw new BerthError('too-many', 'Too many wrong links. Wait a minute and try again.');
    try {
      return door.enter(token);
    } catch (error) {
      if (BerthError.is(error, 'not-found')) wrongAtMs.push(now);
      throw error;
    }
  }

  return {
    addRoutes(api) {
      api.post('/shared', async (context) => {
        const parsed = Entry.safeParse(await readJsonObject(context.req, maxBodyBytes));
        if (!parsed.success) throw new BerthError('invalid-input', 'A link holds one token.');
        const { token } = parsed.data;
        const { shareId, lastsMs } = enter(token);
        const maxAgeSeconds = Math.max(1, Math.floor(lastsMs / 1000));
        const secure = isSecure ? '; Secure' : '';
        context.header(
          'Set-Cookie',
          `${cookieName}=${token}; Path=/api/v1/shared/${shareId}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`,
        );
        log.info('A guest came in', { share: shareId });
        return context.json({ shareId });
      });
      api.post('/shared/:id/socket-ticket', (context) => {
        const id = ShareId.safeParse(context.req.param('id'));
        const token = getCookie(context, cookieName);
        if (!id.success || token === undefined) throw notFound();
        if (enter(token).shareId !== id.data) throw notFound();
        const ticket = defaultRandomToken();
        tickets.put(ticket, id.data);
        return context.json({ ticket });
      });
    },
    redeemSocketTicket: (ticket) => tickets.take(ticket),
  };
}
