/** In processes of their own: the setting is the whole process's, and is not to be undone. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { countBuffersAsHeap } from '#main/buffer-collection.ts';

const modulePath = new URL('../../src-main/buffer-collection.ts', import.meta.url).href;

/** Collections of the whole heap while 600 MB of buffers come and go beside 30 MB of objects. */
async function collections(before: string): Promise<number> {
  const script = `
    import { constants, PerformanceObserver } from 'node:perf_hooks';
    import { countBuffersAsHeap } from '${modulePath}';
    ${before}
    let count = 0;
    const add = (entries) => {
      for (const { detail } of entries) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count += 1;
    };
    const observer = new PerformanceObserver((list) => add(list.getEntries()));
    const held = Array.from({ length: 300_000 }, (_, number) => ({ number, text: String(number) }));
    await new Promise((resolve) => setImmediate(resolve));
    observer.observe({ entryTypes: ['gc'] });
    for (let number = 0; number < 9_600; number++) {
      Buffer.allocUnsafe(65_536);
      if (number % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setImmediate(resolve));
    add(observer.takeRecords());
    console.log(held.length > 0 ? count : 0);
  `;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    '--input-type=module',
    '--eval',
    script,
  ]);
  expect(stderr).toBe('');
  return Number(stdout);
}

it('lets buffers come and go with far fewer collections of the whole heap', async () => {
  const [without, having] = await Promise.all([collections(''), collections('countBuffersAsHeap();')]);
  expect(without).toBeGreaterThan(2);
  expect(having).toBeLessThan(without / 2);
});

it('leaves another V8 alone', () => {
  expect(countBuffersAsHeap('14.2.231.9-node.1')).toBe(false);
});
