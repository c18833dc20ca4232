/** States of the pages about files for pictures and flows: a usual home, 100,000 entries, long and right-to-left names, refusals. */
import type { FileWorkScene, FixtureFile } from './file-replies.ts';
import { host, project, ready, type Scene, workspace } from './scenes.ts';

const hourMs = 3_600_000;
const before = (hours: number) => new Date(Date.now() - hours * hourMs).toISOString();

const server = `import { createServer } from 'node:http';

/** Answers with how long it has run. */
const startedAt = Date.now();
const port = Number(process.env.PORT ?? 8080);

createServer((request, response) => {
  if (request.url !== '/healthz') {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ upMs: Date.now() - startedAt, isFine: true }));
}).listen(port, '127.0.0.1');
`;

/** A red square of 32 by 32, as PNG. */
const square = Uint8Array.from(
  atob(
    'iVBORw0KGgoAAAANSUhEUgAAACAAAAAgCAIAAAD8GO2jAAAAKElEQVR4nO3NsQ0AAAzCMP5/un0CNkuZ41wybXsHAAAAAAAAAAAAxR4yw/wuPL6QkAAAAABJRU5ErkJggg==',
  ),
  (letter) => letter.charCodeAt(0),
);

const home = (): Map<string, FixtureFile> =>
  new Map<string, FixtureFile>([
    ['/home/dev/.bashrc', { text: 'alias ll="ls -l"\n', modifiedAt: before(2_000) }],
    ['/home/dev/.cache/', { mode: 0o700, modifiedAt: before(3) }],
    ['/home/dev/photos/', { modifiedAt: before(30) }],
    ['/home/dev/photos/harbour.png', { bytes: square, modifiedAt: before(30) }],
    ['/home/dev/photos/notes.txt', { text: 'old\n' }],
    ['/home/dev/empty/', {}],
    ['/home/dev/src/server.ts', { text: server, modifiedAt: before(1) }],
    ['/home/dev/src/server.test.ts', { text: 'test\n' }],
    ['/home/dev/src/package.json', { text: '{\n  "name": "api-server"\n}\n' }],
    ['/home/dev/src/data.bin', { bytes: Uint8Array.from([0, 1, 2, 3]) }],
    ['/home/dev/part 10.log', { sizeBytes: 31_457, modifiedAt: before(5) }],
    ['/home/dev/part 2.log', { sizeBytes: 92_160, modifiedAt: before(6) }],
    ['/home/dev/notes.txt', { text: 'First line\r\nSecond line\r\n', modifiedAt: before(0.2) }],
    ['/home/dev/deploy.sh', { text: '#!/bin/sh\nset -eu\n', mode: 0o755, modifiedAt: before(70) }],
    ['/home/dev/backup-2026-11.tar.zst', { sizeBytes: 734_003_200, modifiedAt: before(26), owner: 'root' }],
    ['/home/dev/current', { target: '/home/dev/src', targetKind: 'folder' }],
    ['/home/dev/latest.log', { target: '/home/dev/part 10.log', targetKind: 'file' }],
    ['/home/dev/old-config', { target: '/etc/api/config.yaml', targetKind: null }],
    ['/home/dev/README.md', { text: '# api-server\n', mode: 0o444, owner: 'root', modifiedAt: before(400) }],
    ['/home/dev/huge.csv', { sizeBytes: 48_000_000, modifiedAt: before(11) }],
    ['/home/dev/secrets/', { mode: 0o700, owner: 'root' }],
    ['/run/api.sock', { isSpecial: true }],
  ]);

const usual: FileWorkScene = {
  files: home,
  closed: ['/home/dev/secrets'],
  locked: ['/', '/home'],
};

const base: Scene = {
  hosts: [host(1, 'atlas', ready(12)), host(2, 'build-farm', ready(31))],
  workspaces: [workspace(1, 'api-server', 1, 'running'), workspace(2, 'notebook', 2, 'running')],
  projects: [project],
};

export const fileScenes: Readonly<Record<string, Scene>> = {
  files: { ...base, fileWork: usual },
  'files-slow': { ...base, fileWork: { ...usual, bytesPerTick: 4_096, isSlow: true } },
  'files-failing': { ...base, fileWork: { ...usual, isFailing: true } },
  'files-lost': {
    ...base,
    fileWork: {
      ...usual,
      lost: '1 left out that are no files, folders or links; 3 became files of their own, hard links before; attributes or access lists of 2 were not kept',
    },
  },
  'files-stopped': {
    ...base,
    workspaces: [workspace(1, 'api-server', 1, 'stopped')],
    fileWork: { ...usual, only: '/home/dev' },
  },
  'files-many': {
    ...base,
    fileWork: {
      files: () =>
        new Map(
          Array.from({ length: 100_000 }, (_, index) => [
            `/home/dev/sample ${((index * 7_919) % 100_000) + 1}.json`,
            { sizeBytes: (index * 37) % 900_000, modifiedAt: before(index % 700) },
          ]),
        ),
      partMs: 5,
    },
  },
  'files-names': {
    ...base,
    fileWork: {
      files: () =>
        new Map<string, FixtureFile>([
          ['/home/dev/تقارير المشروع/', {}],
          ['/home/dev/דוח סופי 2026.txt', { text: 'x' }],
          ['/home/dev/عرض (نسخة 2).pdf', { sizeBytes: 91_000 }],
          [`/home/dev/${'a very long name of a file that goes on '.repeat(6)}.txt`, { text: 'x' }],
          ['/home/dev/  two spaces  before and after  ', { text: 'x' }],
          ['/home/dev/caf\uFFFD.txt', { text: 'x' }],
          ['/home/dev/<b>bold</b> & "quoted".html', { text: 'x' }],
          ['/home/dev/漢字の名前.md', { text: 'x' }],
          [`/home/dev/${'deep'.repeat(40)}/`, {}],
          [
            '/home/dev/link-with-a-very-long-target',
            { target: `/srv/${'long/'.repeat(30)}end`, targetKind: 'folder' },
          ],
        ]),
    },
  },
};
