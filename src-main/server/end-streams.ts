/**
 * Ends answers that go on (server-sent events, lines of JSON) when the access that opened them ends, as sockets are ended.
 * An answer that is whole is left alone: whoever signs out is told so.
 */
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import type { AccessWatch } from './access-watch.ts';
import type { ApiEnvironment } from './rest-routes.ts';

const goingOn = /^(text\/event-stream|application\/(x-)?ndjson|application\/jsonl)\b/;

/** To be added behind the identification. */
export function endStreams(watch: AccessWatch): MiddlewareHandler<ApiEnvironment> {
  return async (context, next) => {
    await next();
    if (!goingOn.test(context.res.headers.get('content-type') ?? '')) return;
    const { outgoing } = context.env as unknown as HttpBindings;
    // The client sees a connection that broke off, and learns at its next try that it is not known any more.
    const release = watch.hold(context.get('identity'), 'answer', () => outgoing.destroy());
    outgoing.once('close', release);
  };
}
