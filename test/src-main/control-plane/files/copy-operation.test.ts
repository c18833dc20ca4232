/** A move between two places that is cut off at every call it makes: it goes on to the same end, or takes all of it back. */
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

interface Asked {
  readonly path: string;
  readonly names: readonly string[];
  readonly links: readonly { readonly name: string; readonly of: string }[];
}

/** As file-agent.py answers (what it really does is seen in files.integration), without the time that Python takes to begin. */
async function answerOf(request: string | undefined, { path, names, links }: Asked): Promise<unknown> {
  if (request === 'giveExtras') {
    for (const { name, of } of links) {
      await rm(join(path, name), { force: true });
      await link(join(path, of), join(path, name));
    }
    return { unlinked: [], bare: [] };
  }
  const extras: object[] = [];
  for (const name of names)
    for (const one of [name, ...(await inside(path, name))]) {
      const about = await stat(join(path, one));
      const fileId = about.isFile() && about.nlink > 1 ? String(about.ino) : null;
      extras.push({ name: one, fileId, attributes: {}, hasMore: false });
    }
  return { extras };
}

async function inside(path: string, name: string): Promise<string[]> {
  if (!(await stat(join(path, name))).isDirectory()) return [];
  return (await readdir(join(path, name), { recursive: true })).map((one) => join(name, one));
}

const open = () =>
  new PrimitiveFiles({
    primitives: new LocalFiles(),
    exec: (argv, options = {}) => localExec(argv, options),
    runScript: async (_script, [, request] = [], { input } = {}) => ({
      ...{ exitCode: 0, stderr: '', isTruncated: false },
      stdout: JSON.stringify(await answerOf(request, JSON.parse(String(input)) as Asked)),
    }),
    nowMs: Date.now,
  });

async function prepare(): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, 'from', 'tree', 'sub'), { recursive: true });
  await mkdir(join(folder, 'to'));
  for (const path of ['file', 'tree/a', 'tree/sub/b', 'tree/sub/c'])
    await writeFile(join(folder, 'from', path), `content of ${path}`);
  await link(join(folder, 'from', 'tree', 'a'), join(folder, 'from', 'tree', 'sub', 'same'));
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

const whole: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['file', 'tree/a', 'tree/sub/b', 'tree/sub/c'].map((path) => [path, `content of ${path}`]),
  ),
  'tree/sub/same': 'content of tree/a',
};

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
    const [one, other] = await Promise.all(
      ['a', 'sub/same'].map((path) => stat(join(folder, 'to', 'tree', path))),
    );
    expect(one?.ino).toBe(other?.ino);
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

describe('further names of a file and attributes', () => {
  /** As another disk than this one answers, and as another program changes the source meanwhile. */
  const copied = async (over: { readonly from?: Partial<FileAccess>; readonly to?: Partial<FileAccess> }) => {
    await prepare();
    await writeFile(join(folder, 'from', 'tree', 'sub', 'c'), 'other');
    const ends = [open(), open()].map((access, index) => {
      const own = index === 0 ? over.from : over.to;
      return new Proxy<FileAccess>(access, {
        get: (target, name) => {
          const value = (own?.[name as keyof FileAccess] ?? Reflect.get(target, name)) as unknown;
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    }) as [FileAccess, FileAccess];
    const useBoth: OperationPlaces['useBoth'] = (_context, _fromId, _toId, work) => work(...ends);
    const { steps } = copyOperation({ useBoth } as OperationPlaces);
    const memory = {};
    const notes: string[] = [];
    for (const step of steps)
      await step.run({ ...contextWith(memory), note: (text) => notes.push(`${step.id}: ${text}`) });
    expect(await everyFile(join(folder, 'to'))).toEqual({ ...whole, 'tree/sub/c': 'other' });
    return { place: notes.findLast((note) => note.startsWith('place')), notes };
  };

  it('are said to be lost where the target can have none', async () => {
    const giveExtras: FileAccess['giveExtras'] = async (at, { links, attributes }) => {
      for (const { name } of links) await rm(join(at, name), { force: true });
      return { unlinked: links.map(({ name }) => name), bare: attributes.map(({ name }) => name) };
    };
    const { place } = await copied({ to: { giveExtras } });
    expect(place).toBe('place: 1 became files of their own, hard links before');
  });

  it('are not made one where they are two files by then', async () => {
    const real = open();
    let asked = 0;
    const extras: FileAccess['extras'] = async (...args) => {
      const found = await real.extras(...args);
      // Once the walk is over, the name is another file's.
      asked += 1;
      return args[1].includes('tree/a') ? found?.map((one) => ({ ...one, fileId: one.name })) : found;
    };
    const { place } = await copied({ from: { extras } });
    expect([place, asked > 1]).toEqual(['place: ', true]);
    const [one, other] = await Promise.all(
      ['a', 'sub/same'].map((path) => stat(join(folder, 'to', 'tree', path))),
    );
    expect(one?.ino).not.toBe(other?.ino);
  });

  it('are said to be unknown where the source cannot tell', async () => {
    const { place, notes } = await copied({ from: { extras: async () => undefined } });
    expect(place).toBe('place: ');
    expect(notes).toContain('copy: 7 items; hard links and attributes could not be looked for');
  });
});
