/**
 * `npm run screenshots [-- folder [filter]]`: every page and state, light and dark, at 1440×900, 1024×700 and 480×900,
 * for a person to look at. Fails when a page complained in its console, so that a broken page is not just a picture.
 */
import { takePictures } from '../src-renderer/fixture/pictures.ts';

const [folder = 'test-results/pictures', filter = ''] = process.argv.slice(2);
const complaints = await takePictures(folder, filter);
for (const complaint of complaints) console.error(complaint);
console.log(`Pictures are in ${folder}.`);
process.exitCode = complaints.length > 0 ? 1 : 0;
