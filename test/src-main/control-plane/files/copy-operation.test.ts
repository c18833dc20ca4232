/** A move between two places that is cut off at every call it makes: it goes on to the same end, or takes all of it back. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import { localExec } from '#main/adapters/system/local-exec.ts';
import { LocalFiles } from '#main/adapters/system/local-files.ts';
import { type CopyInput, copyOperation } from '#main/control-plane/files/copy-operation.ts';
import type { OperationPlaces } from '#main/control-plane/files/operation-places.ts';
import { PrimitiveFiles } from '#main/control-plane/files/primitive-files.ts';
import type { FileAccess } from '#main/control-plane/interfaces/file-access.ts';
import type { StepContext } from '#main/control-plane/operations/operation-definition.ts';

const fromId = 'host_0000000000000000000a' as HostId;
const toId = 'host_0000000000000000000b' as HostId;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-copy-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Berth's end: nothing that is called after the `callsLeft`th call happens. */
function cutAfter(access: FileAccess, budget: { callsLeft: number }): FileAccess {
  return new Proxy(access, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (budget.callsLeft <= 0) throw new BerthError('connection-lost', 'Berth has ended.');
        budget.callsLeft -= 1;
        return (value as (...all: unknown[]) => unknown).apply(target, given);
      };
    },
  });
}

const open = () =>
  new PrimitiveFiles({
    primitives: new LocalFiles(),
    exec: (argv, options = {}) => localExec(argv, options),
    nowMs: Date.now,
  });

async function prepare(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'from', 'tree', 'sub'), { recursive: true });
  await mkdir(join(folder, 'to'));
  for (const path of ['file', 'tree/a', 'tree/sub/b', 'tree/sub/c'])
    await writeFile(join(folder, 'from', path), `content of ${path}`);
}

const input: CopyInput = {
  placeId: fromId,
  path: '',
  names: ['tree', 'file'],
  toId,
  toPath: '',
  onConflict: 'fail',
  isMove: true,
};

function operationWith(budget: { callsLeft: number }) {
  const [from, to] = [cutAfter(open(), budget), cutAfter(open(), budget)];
  const useBoth: OperationPlaces['useBoth'] = (_context, _fromId, _toId, work) => work(from, to);
  return copyOperation({ useBoth } as OperationPlaces);
}

function contextWith(memory: Record<string, unknown>): StepContext<CopyInput> {
  return {
    operationId: 'op_00000000000000000001' as StepContext<CopyInput>['operationId'],
    input: { ...input, path: join(folder, 'from'), toPath: join(folder, 'to') },
    memory,
    signal: new AbortController().signal,
    link: () => {
      throw new Error('no links here');
    },
    progress: () => undefined,
    note: () => undefined,
    log: () => undefined,
  };
}

async function everyFile(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) {
      const own = join(entry.parentPath, entry.name);
      found[own.slice(path.length + 1)] = await readFile(own, 'utf8');
    }
  return found;
}

const whole = Object.fromEntries(
  ['file', 'tree/a', 'tree/sub/b', 'tree/sub/c'].map((path) => [path, `content of ${path}`]),
);

it('ends as if nothing had happened, wherever it is cut off', async () => {
  let cuts = 0;
  for (let calls = 1; ; calls += 3) {
    await prepare();
    const budget = { callsLeft: calls };
    const { steps } = operationWith(budget);
    let memory: Record<string, unknown> = {};
    let wasCut = false;
    for (const step of steps) {
      const kept = structuredClone(memory);
      const context = contextWith(memory);
      try {
        await step.run(context);
      } catch (error) {
        expect(error).toMatchObject({ code: 'connection-lost' });
        wasCut = true;
        budget.callsLeft = Number.POSITIVE_INFINITY;
        // As after a crash: what an unfinished step remembered is lost.
        memory = kept;
        await step.run(contextWith(memory));
      }
    }
    expect(await everyFile(join(folder, 'to'))).toEqual(whole);
    expect(await readdir(join(folder, 'from'))).toEqual([]);
    expect((await readdir(join(folder, 'to'))).sort()).toEqual(['file', 'tree']);
    if (!wasCut) break;
    cuts += 1;
  }
  expect(cuts).toBeGreaterThan(7);
}, 40_000);

it('leaves nothing where it is cut off and taken back, and the source as it was', async () => {
  for (const calls of [1, 5, 9, 13, 17, 21, 25, 29, 33]) {
    await prepare();
    const budget = { callsLeft: calls };
    const [copy] = operationWith(budget).steps;
    await copy!.run(contextWith({})).catch(() => undefined);
    budget.callsLeft = Number.POSITIVE_INFINITY;
    await copy!.undo!(contextWith({}));
    expect(await readdir(join(folder, 'to'))).toEqual([]);
    expect(await everyFile(join(folder, 'from'))).toEqual(whole);
  }
});
