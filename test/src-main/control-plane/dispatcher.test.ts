/** The dispatcher alone: scope before input, one answer for what may not be known, declared codes only, no values. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BerthError } from '#contract/berth-error.ts';
import { bytes, call, type Method, stream } from '#contract/contract.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import { contract } from '#contract/index.ts';
import { createDispatcher, type DispatchedCall } from '#main/control-plane/dispatcher.ts';
import type { Handlers } from '#main/control-plane/handler.ts';
import { callerWith, fixedRandom, recordingLog } from '#test/transports/plane-double.ts';
import { openGate } from '#test/harness/ownership.ts';

const input = z.object({
  name: z.string().max(5, 'must have at most 5 characters'),
  port: z.number().min(1),
});
const methods = {
  'toy.get': call({
    summary: '',
    scope: 'hosts.read',
    input,
    output: z.object({ ok: z.literal(true) }),
    errors: ['host.name-taken'],
    rest: { method: 'GET', path: '/toy' },
  }),
  'toy.list': stream({
    summary: '',
    scope: 'hosts.read',
    input: z.object({}),
    item: z.number(),
    errors: [],
    rest: { method: 'GET', path: '/toys', shape: 'items' },
  }),
  'toy.pipe': bytes({
    summary: '',
    scope: 'hosts.write',
    input: z.object({}),
    errors: ['terminal.ended'],
    rest: { method: 'GET', path: '/toy-pipe', shape: 'duplex' },
  }),
} satisfies Record<string, Method>;
const good = { name: 'a', port: 1 };

function toyDispatcher(handlers: Record<string, unknown>, isOutputChecked = true) {
  const log = recordingLog();
  const told: DispatchedCall[] = [];
  const onDispatched = (call: DispatchedCall) => void told.push(call);
  const options = { log, random: fixedRandom, gate: openGate, isOutputChecked, methods, onDispatched };
  return { log, told, dispatcher: createDispatcher(handlers as unknown as Handlers, options) };
}
const context = (scopes: Parameters<typeof callerWith>[0] = ['hosts.read', 'hosts.write']) => ({
  caller: callerWith(scopes),
  signal: new AbortController().signal,
});
async function failureOf(run: () => Promise<unknown>): Promise<BerthError> {
  try {
    await run();
  } catch (error) {
    if (BerthError.is(error)) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('dispatcher', () => {
  it('tells of each call how it ended, and of a stream that it began; not of what never got to its handler', async () => {
    const { dispatcher, told } = toyDispatcher({
      'toy.get': ({ name }: { name: string }) => {
        if (name === 'taken') throw new BerthError('host.name-taken', 'Taken.');
        if (name === 'odd') throw new BerthError('terminal.ended', 'Not declared.');
        return { ok: true };
      },
      'toy.list': async function* () {},
      'toy.pipe': async () => undefined,
    });
    const ctx = context();
    await dispatcher.call('toy.get', good, ctx);
    for (const name of ['taken', 'odd'])
      await failureOf(() => dispatcher.call('toy.get', { ...good, name }, ctx));
    dispatcher.stream('toy.list', {}, ctx);
    dispatcher.bytes('toy.pipe', {}, ctx);
    await failureOf(() => dispatcher.call('toy.get', { name: 'far too long', port: 1 }, ctx));
    await failureOf(() => dispatcher.call('toy.get', good, context(['hosts.write'])));
    await failureOf(() => dispatcher.call('no.such', good, ctx));
    expect(
      told.map(({ name, scope, output, error }) => [
        name,
        scope,
        output,
        BerthError.is(error) ? error.code : error,
      ]),
    ).toEqual([
      ['toy.get', 'hosts.read', { ok: true }, undefined],
      ['toy.get', 'hosts.read', undefined, 'host.name-taken'],
      ['toy.get', 'hosts.read', undefined, 'internal'],
      ['toy.list', 'hosts.read', undefined, undefined],
      ['toy.pipe', 'hosts.write', undefined, undefined],
    ]);
    expect(told[0]).toMatchObject({ input: good, caller: ctx.caller });
  });

  it('gives the handler checked input and its caller', async () => {
    const seen: unknown[] = [];
    const { dispatcher } = toyDispatcher({
      'toy.get': (value: unknown, { caller }: { caller: unknown }) => {
        seen.push(value, caller);
        return { ok: true };
      },
    });
    const ctx = context();
    await expect(dispatcher.call('toy.get', { ...good, extra: 1 }, ctx)).resolves.toEqual({ ok: true });
    expect(seen).toEqual([good, ctx.caller]);
  });

  it('answers unknown, wrong kind, no scope, inherited names and not found with the same bytes', async () => {
    const { dispatcher } = toyDispatcher({
      'toy.get': () => {
        throw new BerthError('not-found', 'Host atlas is not here.', { details: { name: 'atlas' } });
      },
    });
    const failures = await Promise.all([
      failureOf(() => dispatcher.call('toy.get', good, context())),
      failureOf(() => dispatcher.call('no.such', good, context())),
      failureOf(() => dispatcher.call('toy.get', good, context([]))),
      failureOf(() => dispatcher.call('toy.get', { name: 7 }, context(['hosts.write']))),
      failureOf(() => dispatcher.call('toy.list', {}, context())),
      failureOf(() => dispatcher.call('constructor', {}, context())),
      failureOf(() => dispatcher.call('__proto__', {}, context())),
      failureOf(() => dispatcher.call(undefined, {}, context())),
      failureOf(async () => dispatcher.stream('toy.get', {}, context())),
      failureOf(async () => dispatcher.bytes('toy.pipe', {}, context(['hosts.read']))),
    ]);
    expect(new Set(failures.map((failure) => JSON.stringify(failure.toShape()))).size).toBe(1);
    expect(failures[0]?.code).toBe('not-found');
  });

  it('names field and rule of invalid input', async () => {
    const { dispatcher } = toyDispatcher({ 'toy.get': () => ({ ok: true }) });
    const failure = await failureOf(() =>
      dispatcher.call('toy.get', { name: 'too long', port: 0 }, context()),
    );
    expect(failure.code).toBe('invalid-input');
    expect(failure.details.fields).toEqual([
      'name: must have at most 5 characters',
      expect.stringMatching(/^port: /),
    ]);
  });

  it('never repeats a value of invalid input, for any method of the contract', async () => {
    const canary = 'S3CRET-canary';
    const handlers = Object.fromEntries(Object.keys(contract).map((name) => [name, () => undefined]));
    const dispatcher = createDispatcher(handlers as unknown as Handlers, {
      log: recordingLog(),
      random: fixedRandom,
      gate: openGate,
    });
    const caller = callerWith();
    const value = fc.letrec((tie) => ({
      leaf: fc.constantFrom<unknown>(canary, `${canary}\u0000`, 7.25, null, true, -1),
      any: fc.oneof(
        tie('leaf'),
        fc.array(tie('any'), { maxLength: 2 }),
        fc.dictionary(
          fc.constantFrom('id', 'definition', 'kind', 'auth', 'method', 'answer', 'secret', 'name', 'user'),
          tie('any'),
          { maxKeys: 5 },
        ),
      ),
    })).any;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(contract)), value, async (name, given) => {
        const failure = await failureOf(async () => {
          const ctx = { caller, signal: new AbortController().signal };
          const kind = dispatcher.kindOf(name, caller);
          if (kind === 'call') await dispatcher.call(name, given, ctx);
          else if (kind === 'stream') dispatcher.stream(name, given, ctx);
          else dispatcher.bytes(name, given, ctx);
        }).catch(() => undefined);
        if (failure !== undefined) expect(JSON.stringify(failure.toShape())).not.toContain(canary);
      }),
      { numRuns: 500 },
    );
  });

  it('lets declared and common codes through', async () => {
    for (const code of ['host.name-taken', 'store.unwritable', 'cancelled'] as const) {
      const { dispatcher, log } = toyDispatcher({
        'toy.get': () => Promise.reject(new BerthError(code, 'Words.', { details: { a: 1 } })),
      });
      const failure = await failureOf(() => dispatcher.call('toy.get', good, context()));
      expect(failure.toShape()).toEqual({ code, message: 'Words.', details: { a: 1 } });
      expect(log.entries).toEqual([]);
    }
  });

  it.each<[string, unknown]>([
    ['an undeclared code', new BerthError('engine.failed' satisfies ErrorCode, 'secret words')],
    ['a foreign error', new Error('secret words')],
    ['something that is no error', 'secret words'],
  ])('logs %s with a reference and shows only the reference', async (_name, thrown) => {
    const { dispatcher, log } = toyDispatcher({ 'toy.get': () => Promise.reject(thrown) });
    const failure = await failureOf(() => dispatcher.call('toy.get', good, context()));
    expect(failure.code).toBe('internal');
    expect(failure.details).toEqual({ reference: 'ababababab' });
    expect(JSON.stringify(failure.toShape())).not.toContain('secret words');
    expect(log.entries).toEqual([
      expect.objectContaining({
        level: 'error',
        fields: expect.objectContaining({ reference: 'ababababab', method: 'toy.get', cause: thrown }),
      }),
    ]);
  });

  it('shows whatever is thrown after a cancel as `cancelled`, without logging it', async () => {
    const abort = new AbortController();
    const { dispatcher, log } = toyDispatcher({
      'toy.get': () => {
        abort.abort();
        throw new Error('socket closed');
      },
    });
    const ctx = { caller: callerWith(['hosts.read']), signal: abort.signal };
    const failure = await failureOf(() => dispatcher.call('toy.get', good, ctx));
    expect(failure.code).toBe('cancelled');
    expect(log.entries).toEqual([]);
  });

  it('checks output only where it is told to', async () => {
    const handlers = {
      'toy.get': () => ({ ok: false }),
      'toy.list': async function* () {
        yield 'no number';
      },
    };
    const strict = toyDispatcher(handlers);
    expect((await failureOf(() => strict.dispatcher.call('toy.get', good, context()))).code).toBe('internal');
    const item = failureOf(() => strict.dispatcher.stream('toy.list', {}, context()).next());
    expect((await item).code).toBe('internal');
    expect(strict.log.entries).toHaveLength(2);
    const trusting = toyDispatcher(handlers, false);
    await expect(trusting.dispatcher.call('toy.get', good, context())).resolves.toEqual({ ok: false });
  });

  it('runs nothing of a stream before its first item is asked for, and ends its generator on return', async () => {
    const events: string[] = [];
    const { dispatcher } = toyDispatcher({
      'toy.list': async function* () {
        events.push('begun');
        try {
          yield 1;
          yield 2;
        } finally {
          events.push('ended');
        }
      },
    });
    const items = dispatcher.stream('toy.list', {}, context());
    expect(events).toEqual([]);
    await expect(items.next()).resolves.toEqual({ done: false, value: 1 });
    await items.return();
    expect(events).toEqual(['begun', 'ended']);
  });

  it('translates failures in the middle of streams and byte streams', async () => {
    const { dispatcher } = toyDispatcher({
      'toy.list': async function* () {
        yield 1;
        throw new Error('x');
      },
      'toy.pipe': () => Promise.reject(new BerthError('terminal.ended', 'Over.')),
    });
    const items = dispatcher.stream('toy.list', {}, context());
    await items.next();
    expect((await failureOf(() => items.next())).code).toBe('internal');
    const run = dispatcher.bytes('toy.pipe', {}, context());
    expect((await failureOf(() => run({} as never))).code).toBe('terminal.ended');
  });
});
