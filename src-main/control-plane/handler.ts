/** What a handler is, by kind of method. All handlers together must cover the contract, or handlers.ts does not compile. */
import type { BytesName, CallName, ItemOf, OutputOf, ParsedInputOf, StreamName } from '#contract/index.ts';
import type { Caller } from './caller.ts';

export interface HandlerContext {
  readonly caller: Caller;
  /** Aborted when the client cancels or its connection closes. */
  readonly signal: AbortSignal;
}

/**
 * The plane's end of a byte stream. `send` resolves when there is credit for more: a producer that cannot wait pauses
 * its source until then. `onReceive` gets the client's bytes; its promise returns their credit.
 */
export interface ByteChannel {
  /** Queues the bytes (copied) and flushes at once when the way is idle. Resolves when the peer has credit left. */
  send(bytes: Uint8Array): Promise<void>;
  /** Bytes accepted by `send` that have not left yet for want of credit. */
  readonly waitingBytes: number;
  /** Throws away what waits; returns how much. */
  dropWaiting(): number;
  onReceive(listener: (bytes: Uint8Array) => void | Promise<void>): void;
}

export type CallHandler<M extends CallName> = (
  input: ParsedInputOf<M>,
  context: HandlerContext,
) => OutputOf<M> | Promise<OutputOf<M>>;
export type StreamHandler<M extends StreamName> = (
  input: ParsedInputOf<M>,
  context: HandlerContext,
) => AsyncIterable<ItemOf<M>>;
/** Resolves when the stream has ended. */
export type BytesHandler<M extends BytesName> = (
  input: ParsedInputOf<M>,
  channel: ByteChannel,
  context: HandlerContext,
) => Promise<void>;

export type Handlers = {
  readonly [M in CallName]: CallHandler<M>;
} & { readonly [M in StreamName]: StreamHandler<M> } & { readonly [M in BytesName]: BytesHandler<M> };

/** Of the terminals' methods those about sharing: they have a service of their own. */
export type ShareHandlers = Pick<
  Handlers,
  'terminals.share' | 'terminals.shares' | 'terminals.unshare' | 'terminals.shared'
>;

/** Of the workspaces' methods those that lead into a running one. */
export type AccessHandlers = Pick<
  Handlers,
  | 'workspaces.exec'
  | 'workspaces.pathKind'
  | 'workspaces.readTree'
  | 'workspaces.writeTree'
  | 'workspaces.dial'
>;

/** All that a guest can call (see Caller). A method that is not here does not exist for one. */
export type GuestHandlers = Pick<Handlers, 'terminals.shared' | 'terminals.attach'>;

/** The handlers of one noun: those whose names begin with it. */
export type HandlersOf<Noun extends string> = Pick<Handlers, Extract<keyof Handlers, `${Noun}.${string}`>>;
