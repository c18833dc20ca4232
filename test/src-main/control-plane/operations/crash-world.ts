/**
 * A disk and a remote host that outlive Berth, and a Berth that can be killed at any point of touching them. A killed
 * Berth's calls never return: nothing that it was about to do happens any more.
 */
import type { HostId } from '#contract/ids.ts';
import type { LogLine } from '#contract/operations.ts';
import type { RecordCollection, RecordStore, RowLog } from '#main/control-plane/interfaces/record-store.ts';
import type { OperationDefinition } from '#main/control-plane/operations/operation-definition.ts';

/** What survives: records as text (as a database has them) and the things that were made on the host. */
export class Remains {
  readonly records = new Map<string, Map<string, string>>();
  readonly rows = new Map<string, LogLine[]>();
  /** Things on the host: label → how many there are. More than one is a doubled effect. */
  readonly things = new Map<string, number>();
  /** Effects that were ever made, for the order. */
  readonly history: string[] = [];
  /** `onEnd` calls that ran to their end, by operation. */
  readonly ends: string[] = [];

  record(collection: string, id: string): Record<string, unknown> {
    return JSON.parse(this.records.get(collection)?.get(id) ?? 'null') as Record<string, unknown>;
  }
}

/** One life of Berth. Counts the points at which it can be killed; at the `killAt`-th it is. */
export class Life {
  readonly #killAt: number;
  #points = 0;
  #isDead = false;
  readonly died: Promise<void>;
  #tell: () => void = () => {};

  constructor(killAt = Number.POSITIVE_INFINITY) {
    this.#killAt = killAt;
    this.died = new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
  get points(): number {
    return this.#points;
  }
  get isDead(): boolean {
    return this.#isDead;
  }
  kill(): void {
    this.#isDead = true;
    this.#tell();
  }
  /** A point at which the process can die. Never resolves once it is dead. */
  async point(): Promise<void> {
    if (!this.#isDead) {
      this.#points += 1;
      if (this.#points >= this.#killAt) this.kill();
    }
    if (this.#isDead) await new Promise<never>(() => {});
  }
}

export function storeOf(remains: Remains, life: Life): RecordStore & { failing: boolean } {
  const store: RecordStore & { failing: boolean } = {
    isReadOnly: false,
    failing: false,
    collection<T extends { id: string }>(name: string, parse: (value: unknown) => T): RecordCollection<T> {
      const texts = remains.records.get(name) ?? new Map<string, string>();
      remains.records.set(name, texts);
      const read = (text: string) => parse(JSON.parse(text));
      return {
        get: async (id) => {
          const text = texts.get(id);
          return text === undefined ? undefined : read(text);
        },
        all: async () => [...texts.values()].map(read),
        put: async (record) => {
          const text = JSON.stringify(record);
          await life.point();
          if (store.failing) throw new Error('no space left on device');
          texts.set(record.id, text);
          await life.point();
        },
        delete: async (id) => {
          await life.point();
          texts.delete(id);
        },
      };
    },
    transaction: (run) => run(),
    close: () => Promise.resolve(),
  };
  return store;
}

export function rowsOf(remains: Remains, life: Life): RowLog<LogLine> {
  return {
    append: async (owner, row) => {
      if (life.isDead) await new Promise<never>(() => {});
      remains.rows.set(owner, [...(remains.rows.get(owner) ?? []), row]);
    },
    read: async (owner) => [...(remains.rows.get(owner) ?? [])],
    drop: async (owner) => void remains.rows.delete(owner),
  };
}

export const hostId: HostId = 'host_00000000000000000001';

/**
 * A kind with three effects on the host. Each looks by its label before it makes, as a real step does; making takes two
 * points, so that Berth can die with the effect made and its row not written.
 */
export function threeThings(
  remains: Remains,
  life: Life,
  options: Partial<Omit<OperationDefinition<{ name: string }>, 'steps'>> & {
    failAt?: string;
    beforeEffect?: (what: string, signal: AbortSignal) => Promise<void>;
  } = {},
): OperationDefinition<{ name: string }> {
  const { failAt, beforeEffect, ...rest } = options;
  const step = (what: string) => ({
    id: what,
    title: `Make the ${what}`,
    run: async (context: Parameters<OperationDefinition<{ name: string }>['steps'][number]['run']>[0]) => {
      context.link();
      context.log(`make ${what}`, 'command');
      await beforeEffect?.(what, context.signal);
      await life.point();
      const label = `${context.input.name}/${what}`;
      if (!remains.things.has(label)) {
        remains.things.set(label, (remains.things.get(label) ?? 0) + 1);
        remains.history.push(`+${what}`);
      }
      context.memory[what] = label;
      await life.point();
      if (what === failAt) throw new Error('the host refused');
    },
    undo: async (context: Parameters<OperationDefinition<{ name: string }>['steps'][number]['run']>[0]) => {
      context.link();
      await beforeEffect?.(`undo ${what}`, context.signal);
      await life.point();
      if (remains.things.delete(`${context.input.name}/${what}`)) remains.history.push(`-${what}`);
      await life.point();
    },
  });
  return {
    kind: 'workspace.create',
    parseInput: (value) => ({ name: String((value as { name: unknown }).name) }),
    steps: [step('network'), step('volume'), step('container')],
    recover: 'finish',
    canCancel: true,
    onEnd: async (operation) => {
      await life.point();
      remains.ends.push(`${operation.id} ${operation.state}`);
    },
    ...rest,
  };
}
