import { chromium } from 'playwright';
import { expect, test } from 'vitest';
import { chromiumLaunchOptions } from './chromium.ts';

test('Chromium opens a page, and asks no name server for what is not there', async () => {
  const options = await chromiumLaunchOptions({ args: ['--host-resolver-rules=MAP * ~NOTFOUND'] });
  const browser = await chromium.launch(options);
  try {
    const page = await browser.newPage();
    await page.setContent('<title>berth</title><p>ahoy</p>');
    expect(await page.title()).toBe('berth');
    await expect(page.goto('http://example.test/')).rejects.toThrow('ERR_NAME_NOT_RESOLVED');
  } finally {
    await browser.close();
  }
});
