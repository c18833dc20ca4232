/**
 * Copies a snapshot from one host to another through Berth's own two connections: an exporter there, an importer here, and
 * nothing in between but the bytes on their way. A copy that was cut off goes on where it stopped. The importer reads back
 * what it got, and publishes only what is the same.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { SnapshotId } from '#contract/ids.ts';
import type { StepContext } from '../operations/operation-definition.ts';
import type { ReadyLink } from '../workspaces/workspace-parts.ts';
import { tellProgress } from './archive-work.ts';
import { type HelperEvent, HelperOutput } from './helper-output.ts';
import { type FoundSnapshot, Manifest, type SnapshotAbout, type SnapshotRecord } from './manifest.ts';
import { numberIn } from './snapshot-directory.ts';
import { helperSpec } from './helper-work.ts';

export interface SnapshotCopy {
  readonly from: ReadyLink;
  readonly to: ReadyLink;
  readonly source: SnapshotRecord;
  readonly id: SnapshotId;
  readonly about: SnapshotAbout;
}

export async function copySnapshot(
  context: StepContext<unknown>,
  { from, to, source, id, about }: SnapshotCopy,
): Promise<FoundSnapshot> {
  const bytes = source.manifest.archive.bytes;
  const ends: (() => void)[] = [];
  const abort = AbortSignal.any([context.signal, from.signal, to.signal]);
  const onAbort = () => {
    for (const end of ends) end();
  };
  abort.addEventListener('abort', onAbort, { once: true });
  try {
    const spec = helperSpec(to, {
      purpose: 'import',
      id: context.operationId,
      snapshotId: id,
      store: 'create',
      rights: 'write',
      args: [
        'import',
        '--store=/store',
        `--id=${id}`,
        `--bytes=${bytes}`,
        `--about=${JSON.stringify(about)}`,
        `--expect-manifest=${JSON.stringify(source.manifest)}`,
      ],
    });
    // One of a connection that was cut may not have noticed yet.
    await to.engine.endHelper(spec.name);
    const importer = await to.engine.runHelper(spec, abort);
    ends.push(() => importer.release());
    const answers = new HelperOutput(importer);
    const first = await answers.event();
    if (first.event === 'published') return recordOf(first, to);
    const have = numberIn(first, 'bytes') ?? 0;
    if (have > 0) context.log(`${have} bytes are there from an earlier try`);
    if (have < bytes) {
      const exporter = await from.engine.runHelper(
        helperSpec(from, {
          purpose: 'export',
          id: context.operationId,
          snapshotId: source.id,
          store: 'read',
          rights: 'read',
          args: ['export', '--store=/store', `--id=${source.id}`, `--from=${have}`, '--plain'],
        }),
        abort,
      );
      ends.push(() => exporter.release());
      exporter.endInput();
      const content = new HelperOutput(exporter);
      await content.event();
      let done = have;
      let wake: () => void = () => {};
      let hasStopped = false;
      importer.onDrain(() => wake());
      void answers.ended.then(() => {
        hasStopped = true;
        wake();
      });
      for await (const chunk of content.bytes()) {
        if (hasStopped) break;
        if (!importer.write(chunk)) await new Promise<void>((resolve) => (wake = resolve));
        done += chunk.length;
        context.progress({ done, total: bytes, unit: 'bytes', parts: [] });
      }
    }
    importer.endInput();
    for (;;) {
      const event = await answers.event();
      if (event.event === 'published') return recordOf(event, to);
      tellProgress(context, event);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (from.signal.aborted || to.signal.aborted)
      throw new BerthError(
        'connection-lost',
        'The connection to a host was lost while the snapshot was copied.',
        {
          cause: error,
        },
      );
    throw error;
  } finally {
    abort.removeEventListener('abort', onAbort);
    onAbort();
  }
}

function recordOf(event: HelperEvent, link: ReadyLink): FoundSnapshot {
  const manifest = Manifest.parse(event.manifest);
  return { id: manifest.id, hostId: link.hostId, manifest, marks: {}, diskBytes: manifest.archive.bytes };
}
