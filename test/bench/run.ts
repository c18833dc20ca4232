/**
 * `npm run bench`: measures Berth beside what people use instead, in one run, on real parts. Prints Markdown and, with
 * `--json FILE`, writes the same as JSON. Figures are information: a missed goal is said and ends nothing; exit code 1
 * means that something could not be measured. Ends by itself, and leaves nothing behind.
 */
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright';
import { ensureBuilt } from '#test/e2e/launch-served.ts';
import { chromiumLaunchOptions } from '#test/servers/chromium.ts';
import { ensureRequirements } from '#test/servers/requirements.ts';
import { measureApi } from './api.ts';
import { measureApps } from './apps.ts';
import { type BenchWorld, openBenchWorld } from './bench-world.ts';
import { measureDockerCalls } from './docker-calls.ts';
import { measureFiles } from './files.ts';
import { measureFloods } from './floods.ts';
import { judge } from './goals.ts';
import { type AddMeasure, type Measure, within } from './measures.ts';
import { measureMemory } from './memory.ts';
import { type Failure, type Report, toJson, toMarkdown } from './report.ts';
import { measureRivals } from './rivals.ts';
import { measureManyHosts, measureScale } from './scale.ts';
import { measureSnapshots } from './snapshots.ts';
import { measureStartUp } from './start-up.ts';
import { measureWindow } from './window.ts';

interface Part {
  readonly name: string;
  readonly measure: (world: BenchWorld, add: AddMeasure, options: Options) => Promise<void>;
  readonly timeoutMs?: number;
}

interface Options {
  readonly hosts: number;
  /** Something that this machine cannot run: said, and not counted as a failure. */
  readonly skip: (name: string, reason: string) => void;
}

const parts: readonly Part[] = [
  { name: 'docker', measure: measureDockerCalls },
  { name: 'flood', measure: measureFloods },
  { name: 'window', measure: (world, add) => inBrowser((browser) => measureWindow(world, browser, add)) },
  { name: 'start', measure: (world, add) => inBrowser((browser) => measureStartUp(world, browser, add)) },
  { name: 'memory', measure: measureMemory },
  {
    name: 'rivals',
    measure: (world, add, { skip }) => inBrowser((browser) => measureRivals(world, browser, add, skip)),
    // The first time it installs them.
    timeoutMs: 600_000,
  },
  {
    name: 'snapshots',
    measure: (world, add, { skip }) => inBrowser((browser) => measureSnapshots(world, browser, add, skip)),
    // Some ten times a GiB is read and written.
    timeoutMs: 1_200_000,
  },
  { name: 'api', measure: measureApi, timeoutMs: 300_000 },
  { name: 'apps', measure: measureApps, timeoutMs: 300_000 },
  // Some gigabytes go there and back.
  { name: 'files', measure: measureFiles, timeoutMs: 600_000 },
  { name: 'scale', measure: measureScale },
  {
    name: 'hosts',
    measure: async (world, add, { hosts }) => {
      if (hosts > 0) await measureManyHosts(world, hosts, add);
    },
    timeoutMs: 300_000,
  },
];
/** For one part. Several times what it takes on two busy cores. */
const partTimeoutMs = 150_000;

const usage = `npm run bench -- [--quick] [--only NAME[,NAME…]]… [--hosts N] [--json FILE]
  --quick       fewer rounds, smaller floods and trees, about three minutes
  --only NAME   one part; may be given several times: ${parts.map(({ name }) => name).join(', ')}
  --hosts N     also starts N throw-away hosts at once, as far as memory permits: 20 need about 5 GB
  --json FILE   also writes the figures there
`;

async function inBrowser<T>(use: (browser: Awaited<ReturnType<typeof chromium.launch>>) => Promise<T>) {
  const browser = await chromium.launch(await chromiumLaunchOptions());
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      hosts: { type: 'string', default: '0' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const hosts = Number(values.hosts);
  const only = values.only.flatMap((names) => names.split(','));
  const unknown = only.filter((name) => parts.every((part) => part.name !== name));
  if (values.help || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `There is no part "${unknown[0]}".\n${usage}` : usage);
    return unknown.length > 0 ? 2 : 0;
  }
  if (!Number.isInteger(hosts) || hosts < 0 || hosts > 100) {
    process.stderr.write(`--hosts takes a number up to 100.\n${usage}`);
    return 2;
  }
  const loadAtStart = loadavg()[0] ?? 0;
  await ensureRequirements(['remote-host', 'images', 'chromium']);
  await ensureBuilt();
  const measures: Measure[] = [];
  const failures: Failure[] = [];
  const skipped: Failure[] = [];
  const chosen = parts.filter(({ name }) => only.length === 0 || only.includes(name));
  await using world = await openBenchWorld(values.quick);
  for (const { name, measure, timeoutMs = partTimeoutMs } of chosen) {
    const begunAtMs = performance.now();
    try {
      const measuring = measure(world, (taken) => measures.push(taken), {
        hosts,
        skip: (who, reason) => skipped.push({ name: who, message: reason }),
      });
      await within(timeoutMs, `the part “${name}”`, measuring);
    } catch (error) {
      failures.push({
        name,
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
    process.stderr.write(`${name}: ${((performance.now() - begunAtMs) / 1000).toFixed(0)} s\n`);
  }
  const report: Report = {
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model.trim() ?? 'unknown',
      memoryGb: Math.round(totalmem() / 1e9),
      loadAtStart,
      node: process.version,
      date: new Date().toISOString().slice(0, 10),
    },
    measures,
    verdicts: judge(measures),
    failures: [...failures, ...skipped],
  };
  process.stdout.write(`\n${toMarkdown(report)}`);
  for (const { name, message } of failures) process.stderr.write(`${name}: ${message}\n`);
  if (values.json !== undefined) await writeFile(values.json, toJson(report));
  return failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
