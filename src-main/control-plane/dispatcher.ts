/**
 * name → scope → input → whose → handler → reply. Knows no carrier. Guarantees: a handler only sees checked input whose ids
 * are all within its caller's reach, and a caller with its scope; only declared codes leave; an unknown method, a missing
 * scope, somebody else's thing and one that is not there give the same bytes, so that nobody learns what exists by asking.
 */
import type { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import type { Method } from '#contract/contract.ts';
import { commonErrorCodes } from '#contract/error-codes.ts';
import { contract } from '#contract/index.ts';
import { plainRule } from '#contract/plain-rules.ts';
import type { Caller } from './caller.ts';
import type { ByteChannel, GuestHandlers, HandlerContext, Handlers } from './handler.ts';
import type { Log } from './interfaces/log.ts';
import type { Random } from './interfaces/random.ts';
import type { OwnershipGate } from './ownership.ts';

export interface Dispatcher {
  /** undefined: there is no such method, or not for this caller. */
  kindOf(name: unknown, caller: Caller): Method['kind'] | undefined;
  call(name: unknown, input: unknown, context: HandlerContext): Promise<unknown>;
  /** Throws at once when it may not begin; nothing runs before the first item is asked for. */
  stream(name: unknown, input: unknown, context: HandlerContext): AsyncGenerator<unknown, void, void>;
  /** Throws at once when it may not begin; the returned function runs it on its channel. */
  bytes(name: unknown, input: unknown, context: HandlerContext): (channel: ByteChannel) => Promise<void>;
}

/** A call that got as far as its handler, when it has ended; a stream, when it begins. */
export interface DispatchedCall {
  readonly name: string;
  readonly scope: Method['scope'];
  readonly caller: Caller;
  readonly input: unknown;
  /** Of a call that succeeded. */
  readonly output: unknown;
  /** Undefined: none. */
  readonly error: unknown;
}

export interface DispatcherOptions {
  readonly log: Log;
  readonly random: Pick<Random, 'bytes'>;
  /** Whose things a caller may name. Guests name none: their handlers know the one thing that they came for. */
  readonly gate: OwnershipGate;
  /** For tests: also checks what handlers return, and fails as `internal` when it does not fit. */
  readonly isOutputChecked?: boolean;
  /** What callers with a `guest` get in place of the handlers. Default: nothing. */
  readonly guestHandlers?: Partial<GuestHandlers>;
  /** Told of each, for the audit log; must not throw and is not waited for. */
  readonly onDispatched?: (call: DispatchedCall) => void;
  /** For tests: another contract. */
  readonly methods?: Readonly<Record<string, Method>>;
}

type AnyHandler = (input: unknown, ...rest: unknown[]) => unknown;

/** The one answer for what does not exist or may not be known to exist. */
export function notFound(): BerthError {
  return new BerthError('not-found', 'There is nothing here by that name.');
}

export function createDispatcher(handlers: Handlers, options: DispatcherOptions): Dispatcher {
  const { log, random, gate, isOutputChecked = false } = options;
  const methods: Readonly<Record<string, Method>> = options.methods ?? contract;

  /** The one place where a guest's narrow world and everybody else's part. */
  function handlerOf(name: string, caller: Caller): AnyHandler | undefined {
    const table: object = caller.guest === undefined ? handlers : (options.guestHandlers ?? {});
    return Object.hasOwn(table, name) ? (table as Readonly<Record<string, AnyHandler>>)[name] : undefined;
  }

  function methodOf(name: unknown, caller: Caller): Method | undefined {
    if (typeof name !== 'string' || !Object.hasOwn(methods, name)) return undefined;
    const method = methods[name];
    if (caller.guest !== undefined) return handlerOf(name, caller) === undefined ? undefined : method;
    return method !== undefined && caller.scopes.has(method.scope) ? method : undefined;
  }

  function begin<K extends Method['kind']>(kind: K, name: unknown, input: unknown, caller: Caller) {
    const method = methodOf(name, caller);
    if (typeof name !== 'string' || method?.kind !== kind) throw notFound();
    const parsed = method.input.safeParse(input ?? {}, { error: plainRule });
    if (!parsed.success) throw invalidInput(parsed.error);
    if (caller.guest === undefined) {
      const scope = method.alsoNeeds?.(parsed.data) ?? method.scope;
      if (!caller.scopes.has(scope) || !gate.admits(caller, name, parsed.data)) throw notFound();
    }
    const handler = handlerOf(name, caller);
    if (handler === undefined) throw notFound();
    const tell = (end: Partial<Pick<DispatchedCall, 'output' | 'error'>> = {}) =>
      options.onDispatched?.({
        name,
        scope: method.scope,
        caller,
        input: parsed.data,
        output: undefined,
        error: undefined,
        ...end,
      });
    return { name, method: method as Extract<Method, { kind: K }>, input: parsed.data, handler, tell };
  }

  function internal(name: string, message: string, cause: unknown): BerthError {
    const reference = Buffer.from(random.bytes(5)).toString('hex');
    log.error(message, { method: name, reference, cause });
    return new BerthError(
      'internal',
      `Something went wrong inside Berth. The log has the details under ${reference}.`,
      { details: { reference } },
    );
  }

  function translate(error: unknown, name: string, method: Method, { signal }: HandlerContext): BerthError {
    if (signal.aborted) return new BerthError('cancelled', 'It was cancelled.', { cause: error });
    if (!BerthError.is(error)) return internal(name, 'A handler threw something foreign', error);
    if (error.code === 'not-found') return notFound();
    const isDeclared =
      (commonErrorCodes as readonly string[]).includes(error.code) || method.errors.includes(error.code);
    if (!isDeclared) return internal(name, `A handler threw the undeclared code ${error.code}`, error);
    if (error.code === 'internal') return internal(name, 'A handler gave up', error);
    return error;
  }

  function checked(name: string, schema: z.ZodType, value: unknown): unknown {
    if (!isOutputChecked) return value;
    const parsed = schema.safeParse(value);
    if (parsed.success) return value;
    throw internal(name, 'A handler returned what its contract does not say', parsed.error);
  }

  return {
    kindOf: (name, caller) => methodOf(name, caller)?.kind,

    async call(name, input, context) {
      const begun = begin('call', name, input, context.caller);
      let output: unknown;
      try {
        context.signal.throwIfAborted();
        output = await begun.handler(begun.input, context);
      } catch (cause) {
        const error = translate(cause, begun.name, begun.method, context);
        begun.tell({ error });
        throw error;
      }
      begun.tell({ output });
      return checked(begun.name, begun.method.output, output);
    },

    stream(name, input, context) {
      const begun = begin('stream', name, input, context.caller);
      begun.tell();
      return (async function* () {
        try {
          const items = begun.handler(begun.input, context) as AsyncIterable<unknown>;
          for await (const item of items) {
            if (context.signal.aborted) return;
            yield isOutputChecked ? checked(begun.name, begun.method.item, item) : item;
          }
        } catch (error) {
          // `internal` from `checked` already has its reference.
          if (BerthError.is(error, 'internal') && 'reference' in error.details) throw error;
          throw translate(error, begun.name, begun.method, context);
        }
      })();
    },

    bytes(name, input, context) {
      const begun = begin('bytes', name, input, context.caller);
      begun.tell();
      return async (channel) => {
        try {
          await begun.handler(begun.input, channel, context);
        } catch (error) {
          throw translate(error, begun.name, begun.method, context);
        }
      };
    },
  };
}

/** Fields beyond this many are not listed: the first few are what a person mends. */
const maxListedFields = 20;
const maxPathCharacters = 120;

/**
 * Names field and rule, never the value: `details.fields` holds lines as `definition.port: must be 1 to 65535`.
 * The path is made of the schema's own names, list positions and the keys of records.
 */
export function invalidInput(error: z.ZodError): BerthError {
  const lines = error.issues.slice(0, maxListedFields).map((issue) => {
    const path = issue.path.map(String).join('.').slice(0, maxPathCharacters);
    return path === '' ? ruleOf(issue) : `${path}: ${ruleOf(issue)}`;
  });
  return new BerthError('invalid-input', `Not valid: ${lines.slice(0, 3).join('; ')}.`, {
    details: { fields: lines },
  });
}

function ruleOf(issue: z.core.$ZodIssue): string {
  // The only message of zod's that repeats what was sent.
  return issue.code === 'unrecognized_keys' ? 'has fields that do not belong there' : issue.message;
}
