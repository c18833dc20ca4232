/**
 * Set up before each file of the tests that go through every step of something. On a machine that is so slow that the run
 * would be cut off, and with it all that it found out, the last of them are left out: skipped, and counted as that.
 */
import { beforeEach } from 'vitest';

/** Milliseconds since 1970, from test/run.ts; without it there is no end. */
const deadlineMs = Number(process.env.BERTH_TEST_DEADLINE ?? Number.POSITIVE_INFINITY);

beforeEach(({ skip }) => {
  skip(Date.now() > deadlineMs, 'there is no time left for it');
});
