/**
 * `npm test`: gets what the tests need, runs every check and the three rings of tests, and says at the end what ran.
 *
 *   --only unit|integration|e2e|exhaustive
 *                       that ring alone, without the checks (may be given more than once)
 *   --allow-missing     exit code 0 although this machine could not run everything
 *   --within MINUTES    leaves out what is left of the exhaustive tests then, for a machine whose time is limited
 *
 * The last line of the output is `berth: N passed, N failed`. Exit code 0 means that everything ran and nothing failed.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  exitCodeOf,
  formatTable,
  formatWrongs,
  lastLine,
  outcomeOfVitest,
  type StepOutcome,
  type StepReport,
  totalsOf,
} from './run-report.ts';
import { sweepStaleHosts } from './servers/host-slot.ts';
import { busyboxImage, workspaceImage } from './servers/images.ts';
import { chooseLargerPages } from './servers/larger-pages.ts';
import { browserImage, shellImage } from './servers/own-images.ts';
import {
  describeMissing,
  ensureRequirements,
  missingRequirements,
  requirementNames,
  unsuitableMachine,
} from './servers/requirements.ts';

const rings = ['unit', 'integration', 'e2e', 'exhaustive'] as const;
type Ring = (typeof rings)[number];

const root = fileURLToPath(new URL('..', import.meta.url));
const binaries = join(root, 'node_modules', '.bin');
/** Far above what a ring takes; a hang must end before the machine's own limit, with its output kept. */
const STEP_LIMIT_MS = 50 * 60_000;
/** Give vitest time to end its workers, and their servers, in order. */
const STEP_GRACE_MS = 15_000;

const USAGE = `usage: node test/run.ts [--only ${rings.join('|')}]… [--allow-missing] [--within MINUTES]`;

interface Flags {
  readonly chosen: readonly Ring[];
  readonly withChecks: boolean;
  readonly allowMissing: boolean;
  readonly withinMinutes: number | undefined;
}

function readFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        'allow-missing': { type: 'boolean', default: false },
        within: { type: 'string' },
      },
    });
    const only = values.only ?? [];
    const unknown = only.find((name) => !rings.includes(name as Ring));
    if (unknown !== undefined) throw new Error(`no ring of tests is called ${unknown}`);
    const chosen = only.length === 0 ? rings : rings.filter((ring) => only.includes(ring));
    const { within } = values;
    if (within !== undefined && !/^\d+$/.test(within)) throw new Error('--within takes whole minutes');
    return {
      chosen,
      withChecks: only.length === 0,
      allowMissing: values['allow-missing'],
      withinMinutes: within === undefined ? undefined : Number(within),
    };
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

/** Runs a program with its output going to ours; resolves with its exit code, 124 when it took too long. */
function stream(argv: readonly string[]): Promise<number> {
  const [program = '', ...args] = argv;
  // The Node that npm installed comes first, also for programs whose first line asks for `node`.
  const env = { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH ?? ''}` };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      env,
      stdio: 'inherit',
      shell: process.platform === 'win32',
    });
    let tooLong = false;
    const limit = setTimeout(() => {
      tooLong = true;
      console.error(`\n${argv.join(' ')}: no end after ${STEP_LIMIT_MS / 60_000} minutes; ending it`);
      child.kill('SIGTERM');
      setTimeout(() => child.kill('SIGKILL'), STEP_GRACE_MS).unref();
    }, STEP_LIMIT_MS);
    child.on('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.on('exit', (code) => {
      clearTimeout(limit);
      resolve(tooLong ? 124 : (code ?? 1));
    });
  });
}

const steps: StepReport[] = [];

async function step(name: string, work: () => Promise<StepOutcome>): Promise<StepOutcome> {
  console.log(`\n=== ${name}`);
  const startedAt = performance.now();
  const outcome = await work().catch(
    (error: unknown): StepOutcome => ({
      kind: 'failed',
      reason: error instanceof Error ? error.message : String(error),
    }),
  );
  if (outcome.kind === 'failed' || outcome.kind === 'not-run') console.log(`${name}: ${outcome.reason}`);
  steps.push({ name, outcome, seconds: (performance.now() - startedAt) / 1000 });
  return outcome;
}

async function check(argv: readonly string[]): Promise<StepOutcome> {
  const exitCode = await stream(argv);
  return exitCode === 0
    ? { kind: 'passed' }
    : { kind: 'failed', reason: `exit code ${exitCode}: ${argv.join(' ')}` };
}

async function runRing(ring: Ring): Promise<StepOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-run-'));
  try {
    const jsonPath = join(folder, 'report.json');
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${jsonPath}`];
    const projects = ring === 'e2e' ? ['e2e', 'pages', 'timed'] : [ring];
    const named = projects.flatMap((project) => ['--project', project]);
    const argv = ['vitest', 'run', '--config', 'test/vitest.config.ts', ...named, ...reporters];
    const exitCode = await stream(argv);
    const json = await readFile(jsonPath, 'utf8').catch(() => undefined);
    if (json === undefined)
      return { kind: 'failed', reason: `exit code ${exitCode}, and no report from vitest` };
    return outcomeOfVitest(json, exitCode);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why integration and end-to-end tests cannot run here; undefined when they can. Installs what can be installed. */
async function prepareServers(): Promise<string | undefined> {
  const unsuitable = unsuitableMachine(requirementNames);
  if (unsuitable !== undefined) {
    const missing = await missingRequirements();
    const where = 'Run `npm test` as root on Debian; a virtual machine or a privileged container will do.';
    const reason = `${unsuitable}\n${where}\n${missing.length > 0 ? describeMissing(missing) : ''}`.trimEnd();
    await step('requirements', () => Promise.resolve({ kind: 'not-run', reason }));
    return 'this machine cannot run it, see requirements';
  }
  const requirements = await step('requirements', async () => {
    const missing = await ensureRequirements().then(
      () => undefined,
      (error: unknown) => (error as Error).message,
    );
    if (missing !== undefined) return { kind: 'not-run', reason: missing };
    await sweepStaleHosts();
    return { kind: 'passed' };
  });
  if (requirements.kind !== 'passed') return 'something is missing, see requirements';
  // Made before the tests: the first of them would else wait for it, and call that slow.
  const images = await step('test images', async () => {
    await busyboxImage();
    await workspaceImage();
    await Promise.all([browserImage(), shellImage()]);
    return { kind: 'passed' };
  });
  return images.kind === 'failed' ? 'the test images could not be made' : undefined;
}

const { chosen, withChecks, allowMissing, withinMinutes } = readFlags();
if (withinMinutes !== undefined)
  process.env.BERTH_TEST_DEADLINE = String(Math.round(performance.timeOrigin + withinMinutes * 60_000));
const putPagesBack = chooseLargerPages();
process.on('exit', putPagesBack);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
const needsServers = chosen.some((ring) => ring !== 'unit');
const obstacle = needsServers ? await prepareServers() : undefined;

if (withChecks) {
  await step('format', () => check(['biome', 'format', '.']));
  await step('lint', () => check(['biome', 'lint', '.']));
  const folders = ['src-main', 'src-preload', 'src-renderer', 'test'];
  await step('lint with types', () => check(['oxlint', '--type-aware', '--deny-warnings', ...folders]));
  await step('types', () => check(['tsc', '--noEmit', '-p', 'tsconfig.json']));
  const config = ['--config', '.dependency-cruiser.cjs'];
  await step('who imports whom', () =>
    check(['depcruise', ...config, 'src-main', 'src-preload', 'src-renderer']),
  );
}
if (chosen.includes('unit')) await step('unit tests', () => runRing('unit'));
// The browser is served what a release would serve, and programs that tests start are the release's.
if (chosen.includes('e2e') && obstacle === undefined)
  await step('build', () => check(['electron-vite', 'build']));
for (const [ring, name] of [
  ['integration', 'integration tests'],
  ['e2e', 'end-to-end tests'],
  // Last: what a slow machine has no time for is left out of these.
  ['exhaustive', 'exhaustive tests'],
] as const) {
  if (!chosen.includes(ring)) continue;
  if (obstacle !== undefined) {
    await step(name, () => Promise.resolve({ kind: 'not-run', reason: obstacle }));
    continue;
  }
  await step(name, () => runRing(ring));
}

console.log(`\n${formatWrongs(steps)}\n${formatTable(steps)}\n\n${lastLine(totalsOf(steps))}`);
process.exitCode = exitCodeOf(steps, allowMissing);
