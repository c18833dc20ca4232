/**
 * Copies a snapshot from one host to another through Berth's own two connections: an exporter there, an importer here, and
 * nothing in between but the bytes on their way. Either end may be something else that holds archives. A copy that was cut
 * off goes on where it stopped. The importer reads back what it got, and publishes only what is the same.
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

/** An archive on its way out of where it lies. */
export interface OpenArchive {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Ends it, whether it was read to its end or not. */
  close(): void;
}

export interface SnapshotReceipt {
  readonly to: ReadyLink;
  /** What must arrive. */
  readonly manifest: Manifest;
  readonly id: SnapshotId;
  readonly about: SnapshotAbout;
  /** One that comes back where it was: when it was made stays as the manifest says. */
  readonly isReturning: boolean;
  /** Opens the archive at this byte. */
  readonly open: (fromByte: number, signal: AbortSignal) => Promise<OpenArchive>;
}

export async function copySnapshot(
  context: StepContext<unknown>,
  { from, to, source, id, about }: SnapshotCopy,
): Promise<FoundSnapshot> {
  try {
    return await receiveSnapshot(context, {
      to,
      manifest: source.manifest,
      id,
      about,
      isReturning: false,
      open: (fromByte, signal) => openSnapshot(context, from, source.id, fromByte, signal),
    });
  } catch (error) {
    context.signal.throwIfAborted();
    throw from.signal.aborted ? cutOff(error) : error;
  }
}

/** The archive of a snapshot on a host, compressed as it is there. Not for those in repositories. */
export async function openSnapshot(
  context: Pick<StepContext<unknown>, 'operationId'>,
  from: ReadyLink,
  id: SnapshotId,
  fromByte: number,
  signal: AbortSignal,
): Promise<OpenArchive> {
  const exporter = await from.engine.runHelper(
    helperSpec(from, {
      purpose: 'export',
      id: context.operationId,
      snapshotId: id,
      store: 'read',
      rights: 'read',
      args: ['export', '--store=/store', `--id=${id}`, `--from=${fromByte}`, '--plain'],
    }),
    AbortSignal.any([signal, from.signal]),
  );
  const end = () => exporter.release();
  from.signal.addEventListener('abort', end, { once: true });
  const close = () => {
    from.signal.removeEventListener('abort', end);
    end();
  };
  try {
    exporter.endInput();
    const content = new HelperOutput(exporter);
    await content.event();
    return { bytes: content.bytes(), close };
  } catch (error) {
    close();
    throw error;
  }
}

/** Publishes an archive as a snapshot of the host, once all of it has arrived and was read back. May be repeated. */
export async function receiveSnapshot(
  context: StepContext<unknown>,
  { to, manifest, id, about, isReturning, open }: SnapshotReceipt,
): Promise<FoundSnapshot> {
  const { bytes } = manifest.archive;
  const ends: (() => void)[] = [];
  const abort = AbortSignal.any([context.signal, to.signal]);
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
        `--expect-manifest=${JSON.stringify(manifest)}`,
        ...(isReturning ? ['--as-expected'] : []),
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
      const archive = await open(have, abort);
      ends.push(() => archive.close());
      let done = have;
      let wake: () => void = () => {};
      let hasStopped = false;
      importer.onDrain(() => wake());
      void answers.ended.then(() => {
        hasStopped = true;
        wake();
      });
      for await (const chunk of archive.bytes) {
        if (hasStopped) break;
        if (!importer.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)))
          await new Promise<void>((resolve) => (wake = resolve));
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
    throw to.signal.aborted ? cutOff(error) : error;
  } finally {
    abort.removeEventListener('abort', onAbort);
    onAbort();
  }
}

function cutOff(cause: unknown): BerthError {
  return new BerthError(
    'connection-lost',
    'The connection to a host was lost while the snapshot was copied.',
    {
      cause,
    },
  );
}

function recordOf(event: HelperEvent, link: ReadyLink): FoundSnapshot {
  const manifest = Manifest.parse(event.manifest);
  return { id: manifest.id, hostId: link.hostId, manifest, marks: {}, diskBytes: manifest.archive.bytes };
}
