/**
 * A plane in a process of its own that dies by SIGKILL while files are uploaded, saved, copied and deleted. Argument: one
 * JSON of `FilesErrand`. Prints nothing; exit by signal is success, any other exit is not.
 */
import type { PlaceId } from '#contract/files.ts';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { FileClient, keyOf } from '#test/src-main/control-plane/files/file-client.ts';
import { startPlane } from './start-plane.ts';

export interface FilesErrand {
  readonly dataFolder: string;
  readonly hostId: HostId;
  readonly workspaceId: WorkspaceId;
  /** In each: `saved.txt`, which is saved again and again; `doomed`, which is deleted. */
  readonly places: readonly { readonly id: PlaceId; readonly folder: string }[];
  /** Letters of one save: another letter each time, so that halves of two are told. */
  readonly savedLetters: number;
  /** Of `upload.bin`, which is sent to the half. */
  readonly upload: { readonly bytes: number; readonly fill: number };
  /** The folder `tree` of the first goes into the folder `arrived` of the second. */
  readonly copy: { readonly from: number; readonly to: number };
}

const errand = JSON.parse(process.argv[2] ?? '') as FilesErrand;
const plane = await startPlane({ folder: errand.dataFolder });
await plane.hostReady(errand.hostId);
await plane.workspaceIn(errand.workspaceId, 'running');
const { client } = plane;
const places = errand.places.map(({ id, folder }) => ({ files: new FileClient(plane, id), folder }));

const save = ({ files, folder }: (typeof places)[number], letter: string) =>
  client.call('files.writeText', {
    ...{ placeId: files.placeId, path: `${folder}/saved.txt`, replaces: 'anything' },
    text: letter.repeat(errand.savedLetters),
  });

for (const place of places) {
  await save(place, 'a');
  const { placeId } = place.files;
  const path = `${place.folder}/upload.bin`;
  const half = errand.upload.bytes / 2;
  await place.files.beginWrite(path, errand.upload.bytes).send(Buffer.alloc(half, errand.upload.fill));
  const asked = { placeId, path, uploadKey: keyOf('upload.bin') };
  await waitUntil(async () => (await client.call('files.uploaded', asked)).bytes === half, {
    what: 'the first half is there',
  });
}
const { from, to } = errand.copy;
const [source, target] = [errand.places[from]!, errand.places[to]!];
const copy = await client.call('files.copy', {
  ...{ placeId: source.id, path: source.folder, names: ['tree'] },
  ...{ toId: target.id, toPath: `${target.folder}/arrived`, onConflict: 'fail', isMove: false },
});
await plane.until('operations.watch', {}, (all) =>
  all.find(({ id, steps }) => id === copy.id && (steps[0]?.progress?.done ?? 0) > 0),
);
await Promise.all(
  errand.places.map(({ id, folder }) =>
    client.call('files.remove', { placeId: id, path: folder, names: ['doomed'] }),
  ),
);
for (const place of places) save(place, 'b').catch(() => undefined);
// When the first of these are on their way to the host.
setImmediate(() => process.kill(process.pid, 'SIGKILL'));
