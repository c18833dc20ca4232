/**
 * How a response fails whose status is out already: its connection is cut, so that the client sees an incomplete message
 * (RFC 9112 §8) and takes what it has for no more than that.
 */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';

export function cutShort(
  context: Context,
  controller: ReadableStreamDefaultController<Uint8Array>,
  error: unknown,
): void {
  const { outgoing } = (context.env ?? {}) as Partial<HttpBindings>;
  // Not through the stream's own error: the framework would print it.
  if (outgoing === undefined) controller.error(error);
  else outgoing.destroy();
}
