/**
 * A workspace that is frozen while it is read is thawed whatever dies: the maker, the guard, the engine. Against an engine
 * double on a Unix socket that knows the few calls of the Docker Engine API that are made.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ensureRequirements } from '../../servers/requirements.ts';
import { idOf, makeScratch, type RunningProgram, runProgram, startProgram } from './snapshot-program.ts';

const scratch = makeScratch();
beforeAll(() => ensureRequirements(['snapshots']), 600_000);
afterAll(scratch.remove);

const CONTAINER = 'c0ffee';

class EngineDouble {
  state = { Running: true, Paused: false };
  readonly calls: string[] = [];
  /** Exit codes of commands run in the container; others end with 0. */
  readonly exitCodes = new Map<string, number>();
  readonly socket = join(scratch.folder('engine'), 'engine.sock');
  #server: Server | undefined;
  readonly #commands: string[] = [];

  start(): Promise<void> {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    return new Promise((resolve) => this.#server?.listen(this.socket, resolve));
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const url = request.url ?? '';
    const reply = (status: number, value?: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(value === undefined ? undefined : JSON.stringify(value));
    };
    if (request.method === 'GET' && url === `/containers/${CONTAINER}/json`)
      return reply(200, { Id: CONTAINER, State: this.state });
    const exec = /^\/exec\/(\d+)\/(start|json)$/.exec(url);
    if (exec) {
      const command = this.#commands[Number(exec[1])] ?? '';
      if (exec[2] === 'json') return reply(200, { ExitCode: this.exitCodes.get(command) ?? 0 });
      this.calls.push(`run ${command}`);
      const text = Buffer.from(`output of ${command}\n`);
      const frame = Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]);
      response.writeHead(200, { 'content-type': 'application/vnd.docker.raw-stream' });
      response.end(Buffer.concat([frame, text]));
      return;
    }
    if (url === `/containers/${CONTAINER}/exec`) {
      this.#commands.push((JSON.parse(body) as { Cmd: string[] }).Cmd.slice(2).join(' '));
      return reply(201, { Id: String(this.#commands.length - 1) });
    }
    const verb = url.replace(`/containers/${CONTAINER}/`, '');
    this.calls.push(verb);
    if (verb === 'pause') this.state = { Running: true, Paused: true };
    else if (verb === 'unpause') this.state = { Running: true, Paused: false };
    else if (verb.startsWith('stop')) this.state = { Running: false, Paused: false };
    else if (verb === 'start') this.state = { Running: true, Paused: false };
    else return reply(404, { message: 'no such call' });
    return reply(204);
  }
}

const engines: EngineDouble[] = [];
const programs: RunningProgram[] = [];
afterEach(async () => {
  for (const { child } of programs.splice(0)) {
    child.kill('SIGCONT');
    child.kill('SIGKILL');
  }
  for (const engine of engines.splice(0)) await engine.stop();
});

async function setUp() {
  const engine = new EngineDouble();
  engines.push(engine);
  await engine.start();
  const tree = scratch.folder('tree');
  for (let index = 0; index < 50; index += 1)
    writeFileSync(join(tree, `file-${index}`), 'x'.repeat(index * 100));
  const store = scratch.folder('store');
  const id = idOf('guarded');
  const start = (args: string[]) => {
    const program = startProgram(args);
    programs.push(program);
    return program;
  };
  return {
    engine,
    store,
    id,
    making: join(store, `.tmp-${id}`),
    guard: (...more: string[]) =>
      start([
        'guard',
        '--store',
        store,
        '--id',
        id,
        '--socket',
        engine.socket,
        '--container',
        CONTAINER,
        ...more,
      ]),
    create: (...more: string[]) =>
      start(['create', '--store', store, '--id', id, '--source', tree, '--about', '{}', ...more]),
  };
}

/** A maker that is there, and stands still before it notices that the workspace is frozen. */
async function frozenWithoutEnd(how = 'pause') {
  const world = await setUp();
  const maker = world.create('--wait-frozen');
  await vi.waitFor(() => expect(existsSync(join(world.making, 'ready'))).toBe(true), {
    interval: 1,
    timeout: 15_000,
  });
  maker.child.kill('SIGSTOP');
  const guard = world.guard('--how', how);
  await guard.said('frozen');
  return { ...world, maker, guard };
}

describe('guard', () => {
  it('pauses while the files are read, no longer, and the snapshot says how long', async () => {
    const { engine, guard, create } = await setUp();
    const [watched, made] = await Promise.all([guard('--how', 'pause').ended, create('--wait-frozen').ended]);
    expect([watched.exitCode, made.exitCode]).toEqual([0, 0]);
    expect(engine.calls).toEqual(['pause', 'unpause']);
    const { frozenMs } = watched.one('thawed');
    expect(frozenMs).toBeLessThan(5000);
    expect(watched.events.map(({ event }) => event)).toEqual(['frozen', 'thawed']);
    expect((made.one('published').manifest as { freeze: unknown }).freeze).toEqual({
      how: 'pause',
      at: expect.stringMatching(/Z$/),
      found: 'running',
      frozenMs,
    });
  });

  it('stops with the grace that it was given, and starts again', async () => {
    const { engine, guard, create } = await setUp();
    await Promise.all([guard('--how', 'stop', '--grace', '3').ended, create('--wait-frozen').ended]);
    expect(engine.calls).toEqual(['stop?t=3', 'start']);
  });

  it('runs the commands before and after, outside of the freeze', async () => {
    const { engine, guard, create } = await setUp();
    const hooks = ['--before', 'sync; save', '--after', 'resume'];
    const [watched] = await Promise.all([
      guard('--how', 'pause', ...hooks).ended,
      create('--wait-frozen').ended,
    ]);
    expect(engine.calls).toEqual(['run sync; save', 'pause', 'unpause', 'run resume']);
    expect(watched.events.filter(({ event }) => event === 'hook')).toEqual([
      { event: 'hook', which: 'before', exitCode: 0, output: 'output of sync; save\n' },
      { event: 'hook', which: 'after', exitCode: 0, output: 'output of resume\n' },
    ]);
  });

  it('does not freeze when the command before fails, and there is no snapshot', async () => {
    const { engine, guard, create, store } = await setUp();
    engine.exitCodes.set('save', 7);
    const hooks = ['--before', 'save', '--after', 'resume'];
    const [watched, made] = await Promise.all([
      guard('--how', 'pause', ...hooks).ended,
      create('--wait-frozen').ended,
    ]);
    expect(engine.calls).toEqual(['run save', 'run resume']);
    expect(watched.one('refused').code).toBe('snapshot.hook-failed');
    expect(made.one('failed')).toMatchObject({
      code: 'snapshot.hook-failed',
      message: 'The command before the snapshot ended with 7: output of save',
    });
    expect(readdirSync(store)).toEqual([]);
  });

  it('leaves a live workspace running', async () => {
    const { engine, guard, create } = await setUp();
    const [, made] = await Promise.all([guard('--how', 'live').ended, create('--wait-frozen').ended]);
    expect(engine.calls).toEqual([]);
    expect((made.one('published').manifest as { freeze: unknown }).freeze).toMatchObject({
      how: 'live',
      frozenMs: 0,
    });
  });

  it.each([
    ['paused', { Running: true, Paused: true }],
    ['stopped', { Running: false, Paused: false }],
  ])('leaves a workspace as it was found: %s', async (found, state) => {
    const { engine, guard, create } = await setUp();
    engine.state = { ...state };
    const hooks = ['--before', 'save', '--after', 'resume'];
    const [, made] = await Promise.all([
      guard('--how', 'pause', ...hooks).ended,
      create('--wait-frozen').ended,
    ]);
    expect(engine.calls).toEqual([]);
    expect((made.one('published').manifest as { freeze: unknown }).freeze).toMatchObject({ found });
  });

  it.each(['pause', 'stop'])('undoes %s when the maker is killed', async (how) => {
    const { engine, guard, maker } = await frozenWithoutEnd(how);
    expect(engine.calls).toHaveLength(1);
    maker.child.kill('SIGKILL');
    expect((await guard.ended).exitCode).toBe(0);
    expect(engine.calls.slice(1)).toEqual([how === 'pause' ? 'unpause' : 'start']);
  });

  it('thaws when it is told to end', async () => {
    const { engine, guard } = await frozenWithoutEnd();
    guard.child.kill('SIGTERM');
    guard.child.kill('SIGTERM');
    const { exitCode, one } = await guard.ended;
    expect(exitCode).toBe(143);
    expect(one('thawed').frozenMs).toBeGreaterThanOrEqual(0);
    expect(engine.calls).toEqual(['pause', 'unpause']);
  });

  it('waits for an engine that is restarted meanwhile, and thaws then', async () => {
    const { engine, guard, maker } = await frozenWithoutEnd();
    await engine.stop();
    maker.child.kill('SIGCONT');
    expect((await maker.ended).exitCode).toBe(0);
    expect(engine.state.Paused).toBe(true);
    await engine.start();
    expect((await guard.ended).exitCode).toBe(0);
    expect(engine.calls).toEqual(['pause', 'unpause']);
  });

  it('does nothing for a maker that needs no freeze, nor for one that died long ago', async () => {
    const { engine, guard, create, making } = await setUp();
    mkdirSync(making);
    for (const name of ['ready', 'lock']) writeFileSync(join(making, name), '{}');
    const watching = guard('--how', 'pause');
    // It sleeps 10 ms between two looks: by now it had many in which to take the dead maker for one that lives.
    const sleeps = () =>
      Number(
        /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(
          readFileSync(`/proc/${watching.child.pid}/status`, 'utf8'),
        )?.[1],
      );
    await vi.waitFor(() => expect(sleeps()).toBeGreaterThan(80), { interval: 10, timeout: 30_000 });
    expect((await create().ended).exitCode).toBe(0);
    expect((await watching.ended).one('unused')).toEqual({ event: 'unused' });
    expect(engine.calls).toEqual([]);
  });

  it('says that the container is gone', async () => {
    const { guard, create } = await setUp();
    const [, made] = await Promise.all([
      guard('--how', 'pause', '--container', 'another').ended,
      create('--wait-frozen').ended,
    ]);
    expect(made.one('failed').code).toBe('not-found');
    expect((await runProgram(['guard', '--how', 'pause'])).exitCode).toBe(1);
  });
});
