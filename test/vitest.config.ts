/**
 * Three rings of tests, one project each: `unit` (fast, nothing running), `integration` (real sshd, Docker engine,
 * Secret Service, in namespaces that the tests make), `e2e` (the served UI in Chromium and the Electron shell).
 * `npm run check` runs the first; `npm test` runs all three.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const root = new URL('..', import.meta.url).pathname;

export default defineConfig({
  root,
  plugins: [react()],
  test: {
    watch: false,
    reporters: ['default'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/**/*.integration.test.ts', 'test/**/*.e2e.test.ts'],
          testTimeout: 10_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          // Each file owns a throw-away host; two cores carry two of them.
          maxWorkers: 2,
          // One more try tells a machine that was busy from a fault. What needed it is named at the end of the output.
          retry: 1,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.e2e.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // As above: a window draws when it can.
          retry: 1,
          maxWorkers: 1,
        },
      },
    ],
  },
});
