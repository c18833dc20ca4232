/**
 * The transfers of this window: what goes up and comes down, how far it is, and what becomes of it. One for the window.
 *
 * Guarantees: at most `filesAtOnce` files move at a time; what broke off because the connection was lost, or the host was
 * away, goes on by itself where it stopped; a failed file does not stop the others; cancelling leaves neither a half file
 * there nor here.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { BerthError } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import type { PlaceId } from '#contract/files.ts';
import type { PlaneClient } from '../../state/api.ts';
import type { SavePlace } from '../../state/byte-pump.ts';
import { type DownloadWhat, runDownload } from './download.ts';
import { type ConflictAnswer, isOver, shownFailures, type Transfer } from './transfer.ts';
import { withSample } from './transfer-rate.ts';
import { runUpload, type UploadSource } from './upload.ts';

/** Of all transfers together: more would only share the same way, and each holds a channel of the host. */
const filesAtOnce = 4;

/** Milliseconds between two words about the progress. */
const tellEveryMs = 120;

/** Milliseconds before a host that was away is tried again; then as the last one. */
const awayDelaysMs = [1_000, 3_000, 10_000] as const;

/** Tries while a host is away: some ten minutes. */
const awayTries = 60;

/** The way is cut for now, and may be back. */
const awayCodes: ReadonlySet<ErrorCode> = new Set(['host.not-connected', 'engine.unreachable', 'timed-out']);

export interface TransfersDeps {
  readonly client: Pick<PlaneClient, 'call' | 'bytes' | 'connectionState' | 'onConnectionState'>;
  readonly place: () => SavePlace;
  readonly now: () => number;
  /** Resolves after so many milliseconds, or when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly newKey: () => string;
  /** Something in the folder is another by now. */
  readonly onChanged: (placeId: PlaceId, folder: string) => void;
}

/** What one transfer's work reaches of the rest. */
export interface TransferRun {
  readonly client: TransfersDeps['client'];
  readonly newKey: () => string;
  /** Aborted by cancel, for good. */
  readonly cancelled: AbortSignal;
  /** Aborted by pause and by cancel; another one after the pause. */
  readonly active: () => AbortSignal;
  /** Resolves at once unless it is paused; rejects when it is cancelled. */
  readonly whenActive: () => Promise<void>;
  /** Does one file's work when there is room for it. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /**
   * After a failure: resolves true when the way may be back, so that the work is to be tried again; false when the failure
   * stands. `tries` counts the failures in a row.
   */
  readonly whenBack: (error: BerthError, tries: number) => Promise<boolean>;
  readonly change: (to: Partial<Transfer>) => void;
  readonly tell: (bytesDone: number) => void;
  readonly fail: (name: string, error: BerthError) => void;
  /** Once for all, or for each: as the person answers. */
  readonly askConflict: (name: string) => Promise<ConflictAnswer>;
  readonly changed: () => void;
}

export interface TransfersState {
  /** The newest first. */
  readonly transfers: readonly Transfer[];
}

export interface Transfers {
  readonly store: StoreApi<TransfersState>;
  upload(placeId: PlaceId, folder: string, source: UploadSource): void;
  /** Must be called within the person's own press: browsers let nobody choose a file later. */
  download(placeId: PlaceId, folder: string, what: DownloadWhat): Promise<void>;
  pause(id: number): void;
  resume(id: number): void;
  /** What failed, or was cancelled, once more. */
  retry(id: number): void;
  cancel(id: number): void;
  answer(id: number, answer: ConflictAnswer): void;
  forget(id: number): void;
  forgetEnded(): void;
  close(): void;
}

interface Job {
  readonly id: number;
  stop: AbortController;
  pausing: AbortController;
  resumed: PromiseWithResolvers<void> | null;
  asking: { readonly answer: PromiseWithResolvers<ConflictAnswer> } | null;
  forAll: ConflictAnswer | null;
  toldAtMs: number;
  isRunning: boolean;
  readonly work: (run: TransferRun) => Promise<void>;
}

export function createTransfers(deps: TransfersDeps): Transfers {
  const { client, now, newKey, onChanged } = deps;
  const store = createStore<TransfersState>(() => ({ transfers: [] }));
  const jobs = new Map<number, Job>();
  const turns = createTurns(filesAtOnce);
  let lastId = 0;

  const find = (id: number) => store.getState().transfers.find((one) => one.id === id);
  const change = (id: number, to: Partial<Transfer>) =>
    store.setState(({ transfers }) => ({
      transfers: transfers.map((one) => (one.id === id ? { ...one, ...to } : one)),
    }));

  const untilOpen = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (client.connectionState.phase === 'open' || signal.aborted) return resolve();
      const settle = () => {
        stopListening();
        signal.removeEventListener('abort', settle);
        resolve();
      };
      const stopListening = client.onConnectionState(({ phase }) => {
        if (phase === 'open') settle();
      });
      signal.addEventListener('abort', settle, { once: true });
    });

  const runOf = (job: Job): TransferRun => {
    const cancelled = job.stop.signal;
    const phaseNow = () => find(job.id)?.phase;
    return {
      client,
      newKey,
      cancelled,
      active: () => AbortSignal.any([cancelled, job.pausing.signal]),
      whenActive: async () => {
        while (job.resumed !== null && !cancelled.aborted) await job.resumed.promise;
        if (cancelled.aborted) throw new BerthError('cancelled', 'It was cancelled.');
      },
      inTurn: turns.run,
      whenBack: async (error, tries) => {
        const isCut = error.code === 'connection-lost';
        if (!isCut && !(awayCodes.has(error.code) && tries <= awayTries)) return false;
        if (phaseNow() === 'running') change(job.id, { phase: 'offline' });
        const delayMs = awayDelaysMs[Math.min(tries, awayDelaysMs.length) - 1] ?? awayDelaysMs[0];
        // The connection tells when it is back; a host is asked now and then. The first try after a cut comes at once.
        if (!isCut || client.connectionState.phase === 'open') await deps.wait(delayMs, cancelled);
        await untilOpen(cancelled);
        if (cancelled.aborted) throw new BerthError('cancelled', 'It was cancelled.');
        if (phaseNow() === 'offline') change(job.id, { phase: 'running' });
        return true;
      },
      change: (to) => change(job.id, to),
      tell: (bytesDone) => {
        const atMs = now();
        if (atMs - job.toldAtMs < tellEveryMs) return;
        job.toldAtMs = atMs;
        const samples = withSample(find(job.id)?.samples ?? [], { atMs, bytes: bytesDone });
        change(job.id, { bytesDone, samples });
      },
      fail: (name, error) => {
        const { failures = [], failureCount = 0 } = find(job.id) ?? {};
        change(job.id, {
          failureCount: failureCount + 1,
          failures: failures.length < shownFailures ? [...failures, { name, error }] : failures,
        });
      },
      askConflict: async (name) => {
        // One question at a time; its answer may be that of all who wait for it.
        while (job.asking !== null && job.forAll === null) await job.asking.answer.promise;
        if (job.forAll !== null) return job.forAll;
        const asking = { answer: Promise.withResolvers<ConflictAnswer>() };
        job.asking = asking;
        change(job.id, { phase: 'asking', conflict: name });
        const stop = () => asking.answer.reject(new BerthError('cancelled', 'It was cancelled.'));
        cancelled.addEventListener('abort', stop, { once: true });
        try {
          const answer = await asking.answer.promise;
          if (answer.isForAll) job.forAll = answer;
          return answer;
        } finally {
          cancelled.removeEventListener('abort', stop);
          job.asking = null;
          if (phaseNow() === 'asking') change(job.id, { phase: 'running', conflict: null });
        }
      },
      changed: () => {
        const transfer = find(job.id);
        if (transfer) onChanged(transfer.placeId, transfer.folder);
      },
    };
  };

  const start = (job: Job) => {
    job.isRunning = true;
    job
      .work(runOf(job))
      .then(
        () => change(job.id, { phase: find(job.id)?.failureCount === 0 ? 'done' : 'failed' }),
        (cause: unknown) => {
          if (job.stop.signal.aborted) return change(job.id, { phase: 'cancelled' });
          const error = BerthError.is(cause)
            ? cause
            : new BerthError('internal', 'It did not finish.', { cause });
          if (error.code === 'cancelled') return change(job.id, { phase: 'cancelled' });
          const title = find(job.id)?.title ?? '';
          change(job.id, { phase: 'failed', failureCount: 1, failures: [{ name: title, error }] });
        },
      )
      .finally(() => {
        job.isRunning = false;
        change(job.id, { currentName: null, conflict: null });
      });
  };

  const add = (transfer: Omit<Transfer, 'id'>, work: Job['work']) => {
    lastId += 1;
    const job: Job = {
      id: lastId,
      stop: new AbortController(),
      pausing: new AbortController(),
      ...{ resumed: null, asking: null, forAll: null, isRunning: false },
      toldAtMs: Number.NEGATIVE_INFINITY,
      work,
    };
    jobs.set(job.id, job);
    store.setState(({ transfers }) => ({ transfers: [{ ...transfer, id: job.id }, ...transfers] }));
    start(job);
  };

  const fresh = {
    ...({ phase: 'running', filesDone: 0, filesSkipped: 0, bytesDone: 0, currentName: null } as const),
    ...{ failures: [], failureCount: 0, conflict: null, samples: [] },
  };

  const own: Transfers = {
    store,
    upload: (placeId, folder, source) => {
      const { title, filesTotal, bytesTotal, work } = runUpload(placeId, folder, source);
      add({ ...fresh, kind: 'upload', title, placeId, folder, filesTotal, bytesTotal, canPause: true }, work);
    },
    download: async (placeId, folder, what) => {
      const begun = await runDownload(placeId, folder, { what, place: deps.place() });
      if (begun === null) return;
      const { title, filesTotal, bytesTotal, canPause, work } = begun;
      add({ ...fresh, kind: 'download', title, placeId, folder, filesTotal, bytesTotal, canPause }, work);
    },
    pause: (id) => {
      const job = jobs.get(id);
      const transfer = find(id);
      if (!job || !transfer?.canPause || job.resumed !== null || isOver(transfer)) return;
      job.resumed = Promise.withResolvers();
      job.pausing.abort();
      change(id, { phase: 'paused', samples: [] });
    },
    resume: (id) => {
      const job = jobs.get(id);
      if (!job || job.resumed === null) return;
      job.pausing = new AbortController();
      change(id, { phase: job.asking === null ? 'running' : 'asking' });
      job.resumed.resolve();
      job.resumed = null;
    },
    retry: (id) => {
      const job = jobs.get(id);
      if (!job || job.isRunning) return;
      job.stop = new AbortController();
      job.pausing = new AbortController();
      job.forAll = null;
      change(id, { phase: 'running', failures: [], failureCount: 0, samples: [] });
      start(job);
    },
    cancel: (id) => {
      const job = jobs.get(id);
      if (!job) return;
      job.stop.abort();
      job.resumed?.resolve();
      job.resumed = null;
    },
    answer: (id, answer) => jobs.get(id)?.asking?.answer.resolve(answer),
    forget: (id) => {
      const transfer = find(id);
      if (!transfer || !isOver(transfer)) return;
      jobs.delete(id);
      store.setState(({ transfers }) => ({ transfers: transfers.filter((one) => one.id !== id) }));
    },
    forgetEnded: () => {
      for (const { id, phase } of store.getState().transfers) if (isOver({ phase })) own.forget(id);
    },
    close: () => {
      for (const job of jobs.values()) own.cancel(job.id);
    },
  };
  return own;
}

/** Lets so many do their work at once; the others wait in the order in which they came. */
function createTurns(atOnce: number) {
  let free = atOnce;
  const waiting: (() => void)[] = [];
  return {
    run: async <T>(work: () => Promise<T>): Promise<T> => {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else free += 1;
      }
    },
  };
}
