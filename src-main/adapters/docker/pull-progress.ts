/**
 * From the lines of a pull to a table of layers, and to the error that the engine hides among them. Pure.
 * Source of the words: moby's distribution/pull_v2.go and containerd's progress in the newer image store.
 */
import type { PullProgress } from '../../control-plane/interfaces/container-engine.ts';
import { asCount, asRecord, asText, type JsonRecord } from './engine-json.ts';

type Layer = PullProgress['layers'][number];
type LayerState = Layer['state'];

const states: Readonly<Record<string, LayerState>> = {
  'Pulling fs layer': 'waiting',
  Waiting: 'waiting',
  Retrying: 'waiting',
  Downloading: 'downloading',
  'Verifying Checksum': 'verifying',
  'Download complete': 'verifying',
  Extracting: 'extracting',
  'Pull complete': 'done',
  'Already exists': 'exists',
  // Podman's, and the containerd image store's.
  Downloaded: 'verifying',
  Exists: 'exists',
  Done: 'done',
};
/** A layer's short id: hexadecimal. `Pulling from library/debian` has the tag as its id, and is no layer. */
const LAYER_ID = /^[0-9a-f]{12,64}$/;
/** An image has at most 127 layers; more is a host that floods us. */
const MAX_LAYERS = 1024;

export class PullTable {
  readonly #layers = new Map<string, Layer>();

  /** Takes a line in; true when the table changed. */
  take(line: JsonRecord): boolean {
    const id = asText(line.id);
    const status = asText(line.status);
    const state = status.startsWith('Retrying in') ? 'waiting' : states[status];
    if (state === undefined || !LAYER_ID.test(id)) return false;
    const before = this.#layers.get(id);
    if (before === undefined && this.#layers.size >= MAX_LAYERS) return false;
    const detail = asRecord(line.progressDetail);
    const total = asCount(detail.total);
    const isCounted = state === 'downloading' || state === 'extracting';
    const totalBytes = isCounted && total > 0 ? total : (before?.totalBytes ?? null);
    const isWhole = state === 'verifying' || state === 'done';
    const doneBytes = isCounted
      ? Math.min(asCount(detail.current), totalBytes ?? Number.MAX_SAFE_INTEGER)
      : isWhole
        ? (totalBytes ?? before?.doneBytes ?? 0)
        : 0;
    const after: Layer = { id, state, doneBytes, totalBytes };
    this.#layers.set(id, after);
    return before?.state !== state || before.doneBytes !== doneBytes || before.totalBytes !== totalBytes;
  }

  progress(): PullProgress {
    return { layers: [...this.#layers.values()] };
  }
}

/** The error in a line of a successful answer: `{"errorDetail": {"message"}, "error"}`. */
export function errorInLine(line: JsonRecord): string | undefined {
  const message = asText(asRecord(line.errorDetail).message) || asText(line.error);
  return message === '' ? undefined : message;
}
