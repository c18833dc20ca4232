/**
 * Who was let into which app, kept through a restart, so that what a browser shows goes on as the forward's address does.
 * Only hashes of what browsers hold are here. Guarantees: one that was taken back is not found again; a flood pushes out those
 * that were not used for the longest time.
 */
import { z } from 'zod';
import { SessionId, UserId } from '#contract/ids.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import { type AppAdmission, type AppAdmissions, admissionIdleMs } from './app-door.ts';

const maxAdmissions = 2_000;
/** Each use is known in memory; the disk is told this often. Milliseconds. */
const writtenEveryMs = 3_600_000;

const Kept: z.ZodType<AppAdmission> = z.object({
  id: z.string().regex(/^[0-9a-f]{64}$/),
  label: z.string().max(200),
  shownIn: z.enum(['browser', 'frame']),
  visitor: z.object({
    userId: UserId,
    access: z.object({ sessionId: SessionId.nullable(), address: z.string().max(200).nullable() }).nullable(),
  }),
  usedAtMs: z.number(),
});

export function parseAppAdmission(value: unknown): AppAdmission {
  return Kept.parse(value);
}

export class KeptAdmissions implements AppAdmissions {
  readonly #records: RecordCollection<AppAdmission>;
  readonly #log: Log;
  /** The one used last is last. */
  readonly #admissions = new Map<
    string,
    { readonly admission: AppAdmission; readonly writtenAtMs: number }
  >();
  #writing: Promise<void> = Promise.resolve();

  constructor(records: RecordCollection<AppAdmission>, log: Log) {
    this.#records = records;
    this.#log = log;
  }

  async load(nowMs: number): Promise<void> {
    const all = await this.#records.all();
    for (const admission of all.sort((one, other) => one.usedAtMs - other.usedAtMs)) {
      this.#admissions.set(admission.id, { admission, writtenAtMs: admission.usedAtMs });
      // Whoever never came again asks for nothing that would find it over.
      if (admission.usedAtMs + admissionIdleMs <= nowMs) this.drop(admission.id);
    }
  }

  /** Resolves when all is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  find(id: string): AppAdmission | undefined {
    return this.#admissions.get(id)?.admission;
  }

  keep(admission: AppAdmission): void {
    const before = this.#admissions.get(admission.id);
    const isDue = before === undefined || admission.usedAtMs - before.writtenAtMs >= writtenEveryMs;
    this.#admissions.delete(admission.id);
    this.#admissions.set(admission.id, {
      admission,
      writtenAtMs: isDue ? admission.usedAtMs : before.writtenAtMs,
    });
    if (isDue) this.#write(() => this.#records.put(admission));
    const [oldest] = this.#admissions.keys();
    if (this.#admissions.size > maxAdmissions && oldest !== undefined) this.drop(oldest);
  }

  drop(id: string): void {
    if (this.#admissions.delete(id)) this.#write(() => this.#records.delete(id));
  }

  /** In order, and nobody waits: what is lost with a crash costs a link. */
  #write(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((cause: unknown) => {
      this.#log.debug('who is in an app was not written down', { cause });
    });
  }
}
