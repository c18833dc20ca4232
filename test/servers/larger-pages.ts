/**
 * Larger pages of memory while tests run. Each container starts a dozen programs, each Chromium as many; where this machine
 * is itself a guest, each page of 4 KiB that one of them touches for the first time costs an exit to the machine below. A
 * container then takes three quarters of the work, a page load nine tenths. It changes no result, so a kernel that has no
 * such setting, or does not let us, goes without.
 *
 * Source: Documentation/admin-guide/mm/transhuge.rst of Linux.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const settings = '/sys/kernel/mm/transparent_hugepage';
const files = ['.', ...[16, 32, 64, 128, 256].map((size) => `hugepages-${size}kB`)].map((folder) =>
  join(folder, 'enabled'),
);

/** What is chosen in a line as `always [madvise] never`. */
const chosenIn = (line: string) => /\[(\w+)\]/.exec(line)?.[1];

/**
 * Chooses them for the whole machine.
 *
 * @param root folder of the settings
 * @returns puts back what was chosen before; for the end of the process, so it does not wait
 */
export function chooseLargerPages(root = settings): () => void {
  const before = new Map<string, string>();
  for (const file of files.map((name) => join(root, name))) {
    try {
      const chosen = chosenIn(readFileSync(file, 'utf8'));
      if (chosen === undefined || chosen === 'always') continue;
      writeFileSync(file, 'always');
      before.set(file, chosen);
    } catch {
      // An older kernel has fewer sizes; a container may not choose.
    }
  }
  return () => {
    for (const [file, chosen] of before) {
      try {
        writeFileSync(file, chosen);
      } catch {
        // It was writable a moment ago; whoever took that away chooses.
      }
    }
    before.clear();
  };
}
