/**
 * Three rings of tests: `unit` (fast, nothing running), `integration` (real sshd, Docker engine, Secret Service, in
 * namespaces that the tests make), and end to end: `e2e` (the served UI in Chromium and the Electron shell) with `pages`
 * (the window on fixtures), and `timed` after them.
 * `npm run check` runs the first; `npm test` runs all three, and last `exhaustive`: what kills or cuts in every step, on the
 * parts of the integration ring.
 */
import { join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;
/** End-to-end tests that need no server: the window on fixtures. */
const pages = 'test/src-renderer/**/*.e2e.test.ts';
/** End-to-end tests that measure how long a person waits: what a neighbour takes of the machine would be counted too. */
const timed = ['test/e2e/terminals-hostile.e2e.test.ts', 'test/e2e/wake.e2e.test.ts'];

/** The same after each fault, in each step: what takes longest, and what a slow machine runs as far as it comes. */
const exhaustive = [
  'test/resources/remote/snapshot-repository.integration.test.ts',
  'test/src-main/control-plane/machines/killed.integration.test.ts',
  'test/src-main/control-plane/snapshots/crashes.integration.test.ts',
  'test/src-main/control-plane/snapshots/faults.integration.test.ts',
  'test/src-main/control-plane/snapshots/move-faults.integration.test.ts',
  'test/src-main/control-plane/snapshots/restore-faults.integration.test.ts',
  'test/src-main/control-plane/terminals/survival.integration.test.ts',
];

const onHosts = {
  testTimeout: 60_000,
  hookTimeout: 240_000,
  // Each file owns a throw-away host; two cores carry two of them.
  maxWorkers: 2,
  // One more try tells a machine that was busy from a fault. What needed it is named at the end of the output.
  retry: 1,
};

const endToEnd = {
  testTimeout: 120_000,
  hookTimeout: 180_000,
  // As for servers: a window draws when it can.
  retry: 1,
};

export default defineConfig({
  root,
  plugins: [react()],
  test: {
    watch: false,
    reporters: ['default'],
    // A second, which is the default, is what a busy machine takes for nothing.
    expect: { poll: { timeout: 15_000 } },
    // Programs that tests start compile our sources once, not each time: 1.3 s of CPU for a plane become 0.55 s. Node keys
    // what it keeps by the content of a file.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile') },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          pool: 'threads',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/**/*.integration.test.ts', 'test/**/*.e2e.test.ts'],
          // The slowest takes three seconds alone; a machine with much else to do takes five times that.
          testTimeout: 20_000,
          // Every core: by itself vitest leaves one alone, which is half of two.
          maxWorkers: '100%',
        },
      },
      {
        extends: true,
        test: {
          ...onHosts,
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          exclude: exhaustive,
        },
      },
      {
        extends: true,
        test: {
          ...onHosts,
          name: 'exhaustive',
          include: exhaustive,
          setupFiles: ['test/harness/until-deadline.ts'],
        },
      },
      {
        extends: true,
        test: {
          ...endToEnd,
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          exclude: [pages, ...timed],
          // With `pages`, two files at a time in all: much of what these do is to wait.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...endToEnd,
          name: 'pages',
          include: [pages],
          globalSetup: 'test/src-renderer/fixture/run-folder.ts',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          ...endToEnd,
          name: 'timed',
          include: timed,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
