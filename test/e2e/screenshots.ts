/**
 * `npm run screenshots [-- folder]`: the README's pictures from a real run (default folder: resources/pictures).
 *
 * `npm run pictures [-- folder [filter]]`: every page and state on fixtures, light and dark, at 1440×900, 1024×700 and
 * 480×900, for a person to look at. Both fail when a page complained in its console, so that a broken page is not just
 * a picture.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { takePictures } from '../src-renderer/fixture/pictures.ts';
import { takeReadmePictures } from './readme-pictures.ts';

const [mode, ...rest] = process.argv.slice(2);
const isFixtures = mode === '--fixtures';
const [folder = isFixtures ? 'test-results/pictures' : 'resources/pictures', filter = ''] = isFixtures
  ? rest
  : process.argv.slice(2);
const complaints = isFixtures ? await takePictures(folder, filter) : await takeReadmePictures(folder);
if (!isFixtures) await rm(join(folder, '.add-host.json'), { force: true });
for (const complaint of complaints) console.error(complaint);
console.log(`Pictures are in ${folder}.`);
process.exitCode = complaints.length > 0 ? 1 : 0;
