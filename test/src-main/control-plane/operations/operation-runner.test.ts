import { afterEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import { localOwnerId, type UserId, type OperationId } from '#contract/ids.ts';
import type { LogLine, Operation } from '#contract/operations.ts';
import type {
  OperationDefinition,
  StartOperation,
} from '#main/control-plane/operations/operation-definition.ts';
import { OperationRunner } from '#main/control-plane/operations/operation-runner.ts';
import { operationsHandlers } from '#main/control-plane/operations/operations-handlers.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import { MemoryLog } from '#test/harness/memory-log.ts';
import { hostId, Life, Remains, rowsOf, storeOf, threeThings } from './crash-world.ts';
import { ownershipWith, userIdOf } from '#test/harness/ownership.ts';

const open: OperationRunner[] = [];
afterEach(async () => {
  for (const runner of open.splice(0)) await Promise.race([runner.close(), Promise.resolve()]);
});

let idCount = 0;
function life(remains: Remains, present = new Life(), links = new FakeLinks()) {
  const clock = new ManualClock();
  const log = new MemoryLog();
  const store = storeOf(remains, present);
  const secrets = Promise.withResolvers<void>();
  const runner = new OperationRunner({
    store,
    rows: rowsOf(remains, present),
    links,
    secretsUsable: () => secrets.promise,
    clock,
    random: {
      id: (prefix) => `${prefix}_${String(idCount++).padStart(20, '0')}` as never,
      bytes: (length) => new Uint8Array(length),
      fraction: () => 0.5,
    },
    log,
  });
  open.push(runner);
  return { runner, clock, links, log, store, life: present, unlock: () => secrets.resolve() };
}

const start: StartOperation<{ name: string }> = {
  title: 'Create atlas',
  subject: { kind: 'workspace', id: 'ws_1', name: 'atlas' },
  hostId,
  userId: localOwnerId,
  input: { name: 'atlas' },
};
const madeAll = ['+network', '+volume', '+container'];

async function linesOf(runner: OperationRunner, id: OperationId): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const line of runner.log(id, new AbortController().signal)) lines.push(line);
  return lines;
}

describe('an operation that nothing disturbs', () => {
  it('takes its steps in order, ends once and says so', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    const operation = await runner.start(definition, start);
    expect(operation.state).toBe('running');
    const ended = await runner.ended(operation.id);
    expect(ended.state).toBe('succeeded');
    expect(ended.steps.map((step) => step.state)).toEqual(['done', 'done', 'done']);
    expect(ended.endedAt).not.toBeNull();
    expect(ended.canCancel).toBe(false);
    expect(remains.history).toEqual(madeAll);
    expect(remains.ends).toEqual([`${operation.id} succeeded`]);
    expect(remains.record('operations', operation.id)).toMatchObject({
      memory: { network: 'atlas/network', container: 'atlas/container' },
      isEndTold: true,
    });
    expect((await linesOf(runner, operation.id)).map((line) => [line.step, line.level, line.text])).toEqual([
      ['network', 'command', 'make network'],
      ['volume', 'command', 'make volume'],
      ['container', 'command', 'make container'],
    ]);
  });

  it('writes the intent before the first step and each row before its effect', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const seen: unknown[] = [];
    const definition = threeThings(remains, present, {
      beforeEffect: async (what) => {
        const [text] = remains.records.get('operations')!.values();
        const record = JSON.parse(text!) as { journal: { id: string; phase: string }[] };
        seen.push([what, record.journal.map((row) => row.phase)]);
      },
    });
    runner.define(definition);
    await runner.ended((await runner.start(definition, start)).id);
    expect(seen).toEqual([
      ['network', ['begun', 'waiting', 'waiting']],
      ['volume', ['done', 'begun', 'waiting']],
      ['container', ['done', 'done', 'begun']],
    ]);
  });

  it('shows progress ten times a second at most and writes none of it', async () => {
    const remains = new Remains();
    const { runner, links, clock, life: present } = life(remains);
    links.ready(hostId);
    let finish = () => {};
    const base = threeThings(remains, present);
    const pull: OperationDefinition<{ name: string }> = {
      ...base,
      steps: [
        {
          id: 'pull',
          title: 'Pull',
          run: async (context) => {
            for (let done = 1; done <= 1000; done++)
              context.progress({ done, total: 1000, unit: 'bytes', parts: [] });
            context.note('layer 3 of 7');
            await new Promise<void>((resolve) => (finish = resolve));
          },
        },
      ],
    };
    runner.define(pull);
    const { id } = await runner.start(pull, start);
    const stop = new AbortController();
    const pictures: Operation[] = [];
    const watching = (async () => {
      for await (const item of runner.watch(stop.signal))
        pictures.push(...(item.type === 'all' ? item.items : item.upserted));
    })();
    await clock.advance(1000);
    expect(pictures.filter((picture) => picture.steps[0]?.progress?.done === 1000)).toHaveLength(1);
    expect(pictures.length).toBeLessThanOrEqual(3);
    expect(pictures.at(-1)?.steps[0]?.note).toBe('layer 3 of 7');
    expect(JSON.stringify(remains.record('operations', id))).not.toContain('layer 3');
    finish();
    await runner.ended(id);
    stop.abort();
    await watching;
  });
});

describe('one operation per subject', () => {
  it('attaches the same kind, refuses another, and is free again at the end', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.add(hostId);
    const create = threeThings(remains, present);
    const destroy = threeThings(remains, present, { kind: 'workspace.destroy' });
    runner.define(create);
    runner.define(destroy);
    const [first, second] = await Promise.all([runner.start(create, start), runner.start(create, start)]);
    expect(second.id).toBe(first.id);
    await expect(runner.start(destroy, start)).rejects.toMatchObject({
      code: 'conflict',
      details: { operationId: first.id },
    });
    expect(runner.current(start.subject)?.id).toBe(first.id);
    const other = await runner.start(destroy, { ...start, subject: { ...start.subject, id: 'ws_2' } });
    expect(other.id).not.toBe(first.id);
    links.ready(hostId);
    await runner.ended(first.id);
    expect(runner.current(start.subject)).toBeUndefined();
    expect((await runner.start(destroy, start)).kind).toBe('workspace.destroy');
  });

  it('frees the subject when the intent cannot be written', async () => {
    const remains = new Remains();
    const { runner, links, store, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    store.failing = true;
    await expect(runner.start(definition, start)).rejects.toThrow('no space');
    expect(remains.history).toEqual([]);
    store.failing = false;
    const { id } = await runner.start(definition, start);
    expect((await runner.ended(id)).state).toBe('succeeded');
  });

  it('lets onEnd begin the next operation on the same subject', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const destroy = threeThings(remains, present, { kind: 'workspace.destroy' });
    let next: Operation | undefined;
    const create = threeThings(remains, present, {
      onEnd: async () => {
        next = await runner.start(destroy, start);
      },
    });
    runner.define(create);
    runner.define(destroy);
    await runner.ended((await runner.start(create, start)).id);
    expect((await runner.ended(next!.id)).state).toBe('succeeded');
  });
});

describe('cancel', () => {
  it('takes back what was done, last first, and ends cancelled without an error', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present, {
      beforeEffect: async (what, signal) => {
        if (what === 'container')
          await new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          );
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => remains.history).toEqual(['+network', '+volume']);
    await expect.poll(() => runner.get(id)?.steps[2]?.state).toBe('running');
    const cancelled = await operationsHandlers(runner, ownershipWith({}))['operations.cancel'](
      { id },
      undefined as never,
    );
    expect(cancelled.state).toBe('undoing');
    expect(remains.record('operations', id)).toMatchObject({ direction: 'undo', outcome: 'cancelled' });
    const ended = await runner.ended(id);
    expect(ended).toMatchObject({ state: 'cancelled', error: null });
    expect(ended.steps.map((step) => step.state)).toEqual(['undone', 'undone', 'undone']);
    expect(remains.history).toEqual(['+network', '+volume', '-volume', '-network']);
    await expect(runner.cancel(id)).rejects.toMatchObject({ code: 'operation.finished' });
  });

  it('is refused where the kind cannot be stopped', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.add(hostId);
    const definition = threeThings(remains, present, { canCancel: false });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect(runner.cancel(id)).rejects.toMatchObject({ code: 'conflict' });
    links.ready(hostId);
    expect((await runner.ended(id)).state).toBe('succeeded');
  });

  it('is refused once the step that cannot be taken back has begun, and what fails then stays', async () => {
    for (const failAt of [undefined, 'container']) {
      const remains = new Remains();
      const { runner, links, life: present } = life(remains);
      links.ready(hostId);
      let go = () => {};
      const reached = new Promise<void>((resolve) => {
        go = resolve;
      });
      const answers: unknown[] = [];
      const definition = threeThings(remains, present, {
        commitsAt: 'volume',
        ...(failAt === undefined ? {} : { failAt }),
        beforeEffect: async (what) => {
          if (what !== 'volume') return;
          const { id, canCancel } = runner.all()[0] as Operation;
          answers.push(canCancel, await runner.cancel(id as OperationId).catch((error: unknown) => error));
          go();
        },
      });
      runner.define(definition);
      const { id, canCancel } = await runner.start(definition, start);
      expect(canCancel).toBe(true);
      await reached;
      expect(answers).toEqual([false, expect.objectContaining({ code: 'conflict' })]);
      const ended = await runner.ended(id as OperationId);
      expect(ended.state).toBe(failAt === undefined ? 'succeeded' : 'failed');
      expect(remains.history).toEqual(madeAll);
    }
  });

  it('before that step takes back as ever', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present, {
      commitsAt: 'container',
      beforeEffect: async (what) => {
        if (what === 'volume') await runner.cancel(runner.all()[0]?.id as OperationId);
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    expect((await runner.ended(id as OperationId)).state).toBe('cancelled');
    expect(remains.things.size).toBe(0);
  });

  it('with nothing begun on a host that is away, waits for the host to be sure', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.add(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => runner.get(id)?.state).toBe('waiting');
    await runner.cancel(id);
    await expect.poll(() => runner.get(id)?.state).toBe('waiting');
    links.ready(hostId);
    expect((await runner.ended(id)).state).toBe('cancelled');
    expect(remains.things.size).toBe(0);
  });
});

describe('failure', () => {
  it('takes back what was done and names the step', async () => {
    const remains = new Remains();
    const { runner, links, log, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present, { failAt: 'volume' });
    runner.define(definition);
    const ended = await runner.ended((await runner.start(definition, start)).id);
    expect(ended.state).toBe('failed');
    expect(ended.error?.code).toBe('internal');
    expect(log.messages('error')).toContain('a step failed');
    expect(ended.steps.map((step) => step.state)).toEqual(['undone', 'failed', 'skipped']);
    expect(remains.things.size).toBe(0);
    expect(remains.ends).toHaveLength(1);
  });

  it('keeps what there is where the definition says so', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present, { failAt: 'volume', onFailure: 'keep' });
    runner.define(definition);
    const ended = await runner.ended((await runner.start(definition, start)).id);
    expect(ended.steps.map((step) => step.state)).toEqual(['done', 'failed', 'skipped']);
    expect(remains.history).toEqual(['+network', '+volume']);
  });

  it('says what could not be taken back, after trying again, and takes back the rest', async () => {
    const remains = new Remains();
    const { runner, links, clock, life: present } = life(remains);
    links.ready(hostId);
    let tries = 0;
    const definition = threeThings(remains, present, {
      failAt: 'container',
      beforeEffect: async (what) => {
        if (what !== 'undo volume') return;
        tries += 1;
        throw new BerthError('engine.failed', 'The volume is in use.');
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await vi.waitFor(
      async () => {
        await clock.advance(1_000);
        expect(runner.get(id)?.state).toBe('failed');
      },
      { timeout: 15_000 },
    );
    expect(tries).toBe(3);
    expect(runner.get(id)?.error).toMatchObject({
      code: 'engine.failed',
      details: { leftBehind: 'Make the volume' },
    });
    expect([...remains.things.keys()]).toEqual(['atlas/volume']);
  });

  it('waits while the journal cannot be written, and takes no step without its row', async () => {
    const remains = new Remains();
    const { runner, links, clock, store, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present, {
      beforeEffect: async (what) => {
        if (what === 'network') store.failing = true;
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await clock.advance(60_000);
    expect(remains.history).toEqual(['+network']);
    store.failing = false;
    await clock.advance(5_000);
    expect((await runner.ended(id)).state).toBe('succeeded');
  });
});

describe('a host that goes away', () => {
  const lost = () => new BerthError('connection-lost', 'The connection was lost.');

  it('makes the operation wait and repeats the step on the next link', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    let isFirst = true;
    const definition = threeThings(remains, present, {
      beforeEffect: async (what) => {
        if (what !== 'volume' || !isFirst) return;
        isFirst = false;
        links.lose(hostId);
        throw lost();
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => runner.get(id)?.state).toBe('waiting');
    expect(remains.record('operations', id)).toMatchObject({ operation: { state: 'waiting' } });
    links.ready(hostId);
    expect((await runner.ended(id)).state).toBe('succeeded');
    expect(remains.history).toEqual(madeAll);
  });

  it('is noticed also when the step meets the trouble before the link does', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    let isFirst = true;
    const definition = threeThings(remains, present, {
      beforeEffect: async () => {
        if (!isFirst) return;
        isFirst = false;
        throw lost();
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => links.suspected).toEqual([hostId]);
    links.lose(hostId);
    await expect.poll(() => runner.get(id)?.state).toBe('waiting');
    links.ready(hostId);
    expect((await runner.ended(id)).state).toBe('succeeded');
  });

  it('fails at last when the link lives and its engine never answers', async () => {
    const remains = new Remains();
    const { runner, links, clock, life: present } = life(remains);
    links.ready(hostId);
    let tries = 0;
    const definition = threeThings(remains, present, {
      beforeEffect: async (what) => {
        if (what !== 'volume') return;
        tries += 1;
        throw new BerthError('engine.unreachable', 'The engine does not answer.');
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await vi.waitFor(
      async () => {
        await clock.advance(5_000);
        expect(runner.get(id)?.state).toBe('failed');
      },
      { timeout: 15_000 },
    );
    expect(tries).toBe(6);
    expect(remains.things.size).toBe(0);
  });

  it('makes the way back wait too', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    let isFirst = true;
    const definition = threeThings(remains, present, {
      failAt: 'container',
      beforeEffect: async (what) => {
        if (what !== 'undo volume' || !isFirst) return;
        isFirst = false;
        links.lose(hostId);
        throw lost();
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => runner.get(id)?.state).toBe('waiting');
    expect(remains.things.size).toBe(2);
    links.ready(hostId);
    expect((await runner.ended(id)).state).toBe('failed');
    expect(remains.things.size).toBe(0);
  });

  it('ends the operation when the host is removed from Berth', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.add(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => runner.get(id)?.state).toBe('waiting');
    links.remove(hostId);
    const ended = await runner.ended(id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'not-found' } });
  });
});

describe('the log', () => {
  it('gives a late reader the backlog, then what follows, and ends with the operation', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    let go = () => {};
    const definition = threeThings(remains, present, {
      beforeEffect: async (what) => {
        if (what === 'volume') await new Promise<void>((resolve) => (go = resolve));
      },
    });
    runner.define(definition);
    const { id } = await runner.start(definition, start);
    await expect.poll(() => runner.get(id)?.steps[1]?.state).toBe('running');
    const lines = linesOf(runner, id);
    go();
    expect((await lines).map((line) => line.text)).toEqual(['make network', 'make volume', 'make container']);
    expect((await linesOf(runner, id)).map((line) => line.text)).toEqual([
      'make network',
      'make volume',
      'make container',
    ]);
  });

  it('is bounded under a flood, and says what is missing', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    let go = () => {};
    const base = threeThings(remains, present);
    const flood: OperationDefinition<{ name: string }> = {
      ...base,
      steps: [
        {
          id: 'flood',
          title: 'Flood',
          run: async (context) => {
            for (let line = 0; line < 10_000; line++) context.log(`line ${line} ${'x'.repeat(9_000)}`);
            await new Promise<void>((resolve) => (go = resolve));
          },
        },
      ],
    };
    runner.define(flood);
    const { id } = await runner.start(flood, start);
    await expect.poll(() => runner.get(id)?.steps[0]?.state).toBe('running');
    const lines: LogLine[] = [];
    for await (const line of runner.log(id, new AbortController().signal)) {
      lines.push(line);
      if (line.text.startsWith('line 9999 ')) break;
    }
    expect(lines[0]).toMatchObject({ level: 'warning', text: '… 8000 lines are not shown' });
    expect(lines).toHaveLength(2_001);
    expect(lines[1]!.text.length).toBeLessThan(4_100);
    go();
    await runner.ended(id);
  });
});

describe('history', () => {
  it('remembers 500 ended operations and their logs, no more', async () => {
    const remains = new Remains();
    const { runner, links, clock, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    for (let index = 0; index < 505; index++) {
      const subject = { ...start.subject, id: `ws_${index}` };
      await runner.ended(
        (await runner.start(definition, { ...start, subject, input: { name: `n${index}` } })).id,
      );
      await clock.advance(1);
    }
    expect(remains.records.get('operations')!.size).toBe(500);
    expect(remains.rows.size).toBe(500);
    expect(JSON.stringify([...remains.records.get('operations')!.values()])).not.toContain('"ws_4"');
  });

  it('is of one person: what others do does not push it out', async () => {
    const remains = new Remains();
    const { runner, links, clock, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    const run = async (userId: UserId, index: number) => {
      const subject = { ...start.subject, id: `ws_${index}` };
      const { id } = await runner.start(definition, {
        ...start,
        userId,
        subject,
        input: { name: `n${index}` },
      });
      await runner.ended(id);
      await clock.advance(1);
      return id;
    };
    const first = await run(userIdOf('a'), 0);
    for (let index = 1; index <= 505; index++) await run(localOwnerId, index);
    expect(runner.get(first)).toBeDefined();
    expect(runner.ownerOf(first)).toBe(userIdOf('a'));
    expect(remains.records.get('operations')!.size).toBe(501);
  });

  it('ends after ninety days', async () => {
    const remains = new Remains();
    const { runner, links, clock, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    const run = async (index: number) => {
      const subject = { ...start.subject, id: `ws_${index}` };
      const { id } = await runner.start(definition, { ...start, subject, input: { name: `n${index}` } });
      await runner.ended(id);
      await expect.poll(() => remains.record('operations', id)).toMatchObject({ isEndTold: true });
      return id;
    };
    const old = await run(1);
    expect(remains.rows.has(old)).toBe(true);
    await clock.advance(89 * 86_400_000);
    await run(2);
    expect(runner.get(old)).toBeDefined();
    await clock.advance(2 * 86_400_000);
    await run(3);
    await expect.poll(() => runner.get(old)).toBeUndefined();
    expect(runner.ownerOf(old)).toBeUndefined();
    expect(remains.rows.has(old)).toBe(false);
  });

  it('clears what has ended and only that', async () => {
    const remains = new Remains();
    const { runner, links, life: present } = life(remains);
    links.ready(hostId);
    const definition = threeThings(remains, present);
    runner.define(definition);
    const done = await runner.ended((await runner.start(definition, start)).id);
    links.lose(hostId);
    const waiting = await runner.start(definition, start);
    await runner.clear([done.id, waiting.id]);
    expect(runner.get(done.id)).toBeUndefined();
    expect(runner.get(waiting.id)).toBeDefined();
    expect(remains.rows.has(done.id)).toBe(false);
  });
});

describe('the end of Berth', () => {
  it('leaves what is unfinished recoverable, and marks nothing cancelled', async () => {
    const remains = new Remains();
    const first = life(remains);
    first.links.ready(hostId);
    const hang = (_: string, signal: AbortSignal) =>
      new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const definition = threeThings(remains, first.life, {
      beforeEffect: (what, signal) => (what === 'volume' ? hang(what, signal) : Promise.resolve()),
    });
    first.runner.define(definition);
    const { id } = await first.runner.start(definition, start);
    await expect.poll(() => first.runner.get(id)?.steps[1]?.state).toBe('running');
    await first.runner.close();
    expect(remains.record('operations', id)).toMatchObject({
      direction: 'forward',
      operation: { state: 'running' },
    });
    expect(remains.ends).toEqual([]);

    const second = life(remains);
    second.links.add(hostId);
    const again = threeThings(remains, second.life);
    second.runner.define(again);
    await second.runner.recover();
    await expect.poll(() => second.runner.get(id)?.state).toBe('waiting');
    await expect(second.runner.start(again, start)).resolves.toMatchObject({ id });
    second.links.ready(hostId);
    expect((await second.runner.ended(id)).state).toBe('succeeded');
    expect(remains.history).toEqual(madeAll);
  });

  it('undoes at the next start what its kind says is not to be finished', async () => {
    const remains = new Remains();
    const first = life(remains);
    first.links.ready(hostId);
    const hang = (signal: AbortSignal) =>
      new Promise<void>((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    const definition = threeThings(remains, first.life, {
      recover: 'undo',
      beforeEffect: (what, signal) => (what === 'container' ? hang(signal) : Promise.resolve()),
    });
    first.runner.define(definition);
    const { id } = await first.runner.start(definition, start);
    await expect.poll(() => first.runner.get(id)?.steps[2]?.state).toBe('running');
    await first.runner.close();
    expect(remains.things.size).toBe(2);

    const second = life(remains);
    second.links.ready(hostId);
    second.runner.define(threeThings(remains, second.life, { recover: 'undo' }));
    await second.runner.recover();
    const ended = await second.runner.ended(id);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'operation.interrupted' } });
    expect(ended.steps.map((step) => step.state)).toEqual(['undone', 'undone', 'undone']);
    expect(remains.history).toEqual(['+network', '+volume', '-volume', '-network']);
    expect(remains.ends).toEqual([`${id} failed`]);
  });

  it('ends an operation of a kind that is no longer known, and says so', async () => {
    const remains = new Remains();
    const first = life(remains);
    first.links.add(hostId);
    const definition = threeThings(remains, first.life);
    first.runner.define(definition);
    const { id } = await first.runner.start(definition, start);
    await first.runner.close();
    const second = life(remains);
    await second.runner.recover();
    expect(await second.runner.ended(id)).toMatchObject({
      state: 'failed',
      error: { code: 'operation.interrupted' },
    });
  });
});

/** Starts Berth over what remains, and lets it work until its operations have ended or it is killed. */
async function live(
  remains: Remains,
  killAt: number,
  act: (
    runner: OperationRunner,
    definition: OperationDefinition<{ name: string }>,
    links: FakeLinks,
  ) => Promise<void>,
  options: Parameters<typeof threeThings>[2] = {},
): Promise<Life> {
  const present = new Life(killAt);
  const links = new FakeLinks();
  links.ready(hostId);
  const { runner } = life(remains, present, links);
  const definition = threeThings(remains, present, options);
  runner.define(definition);
  const work = (async () => {
    await runner.recover();
    await act(runner, definition, links);
    for (const text of [...(remains.records.get('operations')?.values() ?? [])])
      await runner.ended((JSON.parse(text) as { id: OperationId }).id);
  })();
  await Promise.race([work, present.died]);
  return present;
}

function outcomeOf(remains: Remains): string | undefined {
  const [text] = remains.records.get('operations')?.values() ?? [];
  return text === undefined ? undefined : (JSON.parse(text) as { operation: Operation }).operation.state;
}

describe('killed at every point', () => {
  const begin = async (runner: OperationRunner, definition: OperationDefinition<{ name: string }>) => {
    await runner.start(definition, start);
  };
  const cases: {
    name: string;
    options: Parameters<typeof threeThings>[2];
    act: typeof begin;
    ends: (string | undefined)[];
  }[] = [
    { name: 'recover: finish', options: {}, act: begin, ends: ['succeeded'] },
    { name: 'recover: undo', options: { recover: 'undo' }, act: begin, ends: ['succeeded', 'failed'] },
    { name: 'a step that fails', options: { failAt: 'container' }, act: begin, ends: ['failed'] },
    {
      name: 'cancelled on the way',
      options: {},
      act: async (runner, definition) => {
        const { id } = await runner.start(definition, start);
        await runner.cancel(id);
      },
      ends: ['cancelled', 'succeeded'],
    },
  ];
  for (const { name, options, act, ends } of cases)
    it(`${name}: finished or undone, never doubled, never left`, async () => {
      let kills = 0;
      for (let killAt = 1; ; killAt++) {
        const remains = new Remains();
        const first = await live(remains, killAt, act, options);
        if (first.isDead) kills += 1;
        // The second life is killed too, at a point that differs from run to run; the third lives.
        await live(
          remains,
          (killAt * 7) % 11 === 0 ? Number.POSITIVE_INFINITY : ((killAt * 5) % 13) + 1,
          async () => {},
          options,
        );
        const last = await live(remains, Number.POSITIVE_INFINITY, async () => {}, options);
        expect(last.isDead).toBe(false);
        const outcome = outcomeOf(remains);
        if (outcome === undefined) expect(remains.history, `killed at ${killAt}`).toEqual([]);
        else expect(ends, `killed at ${killAt}`).toContain(outcome);
        const left = [...remains.things.keys()];
        expect(left, `killed at ${killAt}`).toHaveLength(outcome === 'succeeded' ? 3 : 0);
        for (const what of ['network', 'volume', 'container'])
          expect(remains.history.filter((entry) => entry === `+${what}`).length).toBeLessThanOrEqual(1);
        // Told once; twice only where Berth died between the telling and the note of it.
        if (outcome !== undefined) {
          expect(remains.ends.length, `killed at ${killAt}`).toBeGreaterThanOrEqual(1);
          expect(new Set(remains.ends).size).toBe(1);
        }
        if (!first.isDead) break;
      }
      expect(kills).toBeGreaterThan(15);
    });
});
