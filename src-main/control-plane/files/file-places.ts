/**
 * Ways to places that are open: one for each, made when it is first needed, kept for a minute after its last use, ended
 * when the workspace stops, starts or is worked on, and with the host's connection. Guarantees: whoever asks after a
 * restart reaches what runs now.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { PlaceId } from '#contract/files.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { FileAccess } from '../interfaces/file-access.ts';
import { type OpenedPlace, PlaceOpener, type PlaceNow, type PlaceOpenerDeps } from './place-opener.ts';

/** Milliseconds: going from folder to folder is quick, and nothing stays long on a host for somebody who has gone. */
const idleMs = 60_000;

export interface FilePlacesDeps extends PlaceOpenerDeps {
  /** Told of each change of a workspace. */
  readonly onChange: (listener: (workspace: Workspace) => void) => () => void;
  readonly clock: Clock;
}

export interface HeldPlace {
  readonly access: FileAccess;
  readonly place: PlaceNow;
  /** `error`: what went wrong, if it did; a way that was lost is not used again. */
  release(error?: unknown): void;
}

interface Kept {
  readonly key: string;
  readonly opening: Promise<OpenedPlace>;
  users: number;
  stopIdle: (() => void) | undefined;
  isDropped: boolean;
}

export class FilePlaces {
  readonly #deps: FilePlacesDeps;
  readonly #opener: PlaceOpener;
  readonly #kept = new Map<PlaceId, Kept>();
  readonly #stopListening: () => void;
  readonly #closing = new AbortController();

  constructor(deps: FilePlacesDeps) {
    this.#deps = deps;
    this.#opener = new PlaceOpener(deps);
    this.#stopListening = deps.onChange(({ id }) => this.#look(id));
  }

  async close(): Promise<void> {
    this.#closing.abort(new BerthError('cancelled', 'Berth is ending.'));
    this.#stopListening();
    const kept = [...this.#kept];
    await Promise.all(kept.map(([id, one]) => this.#drop(id, one)));
  }

  /** Throws not-found, host.*, engine.*, conflict, file.tools-missing, file.failed. */
  async hold(id: PlaceId): Promise<HeldPlace> {
    this.#closing.signal.throwIfAborted();
    const place = this.#opener.now(id);
    let kept = this.#kept.get(id);
    if (kept !== undefined && (kept.key !== place.key || (await isOver(kept)))) {
      void this.#drop(id, kept);
      kept = this.#kept.get(id);
    }
    kept ??= this.#begin(id, place);
    const own = kept;
    own.users += 1;
    own.stopIdle?.();
    own.stopIdle = undefined;
    let isReleased = false;
    const release = (error?: unknown) => {
      if (isReleased) return;
      isReleased = true;
      own.users -= 1;
      if (BerthError.is(error, 'connection-lost')) void this.#drop(id, own);
      else if (own.users === 0 && !own.isDropped)
        own.stopIdle = this.#deps.clock.after(idleMs, () => void this.#drop(id, own));
    };
    try {
      return { access: (await own.opening).access, place, release };
    } catch (error) {
      release(error);
      throw error;
    }
  }

  async use<T>(id: PlaceId, work: (access: FileAccess) => Promise<T>): Promise<T> {
    const held = await this.hold(id);
    let failure: unknown;
    try {
      return await work(held.access);
    } catch (error) {
      failure = error;
      throw error;
    } finally {
      held.release(failure);
    }
  }

  /** For what changes nothing: once more, where the way turns out to have been lost while nobody used it. */
  async ask<T>(id: PlaceId, work: (access: FileAccess) => Promise<T>): Promise<T> {
    try {
      return await this.use(id, work);
    } catch (error) {
      if (!BerthError.is(error, 'connection-lost')) throw error;
      return await this.use(id, work);
    }
  }

  #begin(id: PlaceId, place: PlaceNow): Kept {
    const opening = place.open(AbortSignal.any([this.#closing.signal, place.signal]));
    const kept: Kept = { key: place.key, opening, users: 0, stopIdle: undefined, isDropped: false };
    this.#kept.set(id, kept);
    opening.catch(() => void this.#drop(id, kept));
    return kept;
  }

  /** Something of a workspace changed: what is open may not be the way to it any more. */
  #look(id: PlaceId): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) return;
    try {
      if (this.#opener.now(id).key === kept.key) return;
    } catch {
      // It cannot be reached now, or something is under way that wants its volume for itself.
    }
    void this.#drop(id, kept);
  }

  async #drop(id: PlaceId, kept: Kept): Promise<void> {
    if (this.#kept.get(id) === kept) this.#kept.delete(id);
    kept.isDropped = true;
    kept.stopIdle?.();
    try {
      await (await kept.opening).access.close();
    } catch {
      // It never began.
    }
  }
}

async function isOver(kept: Kept): Promise<boolean> {
  try {
    return (await kept.opening).isOver();
  } catch {
    return true;
  }
}
