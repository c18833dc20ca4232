/**
 * Ports that are forwarded as soon as something listens on them. Guarantees: a port that fits a rule has its forward while
 * it listens and for a minute after; what a person made is left alone.
 */
import { BerthError } from '#contract/berth-error.ts';
import { type ForwardRule, ForwardRules, type WorkspacePorts } from '#contract/forwards.ts';
import type { ForwardId, UserId, WorkspaceId } from '#contract/ids.ts';
import { Collection } from '../changes.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Log } from '../interfaces/log.ts';
import type { RecordCollection } from '../interfaces/record-store.ts';
import type { WorkspaceDirectory } from '../workspaces/workspace-directory.ts';
import type { ForwardDirectory } from './forward-directory.ts';
import type { ForwardService } from './forward-service.ts';
import type { FollowsWorkspaces } from './workspace-follower.ts';

/** A server that is started anew is gone for a few seconds; its forward need not be. Milliseconds. */
const goneMs = 60_000;

export interface ForwardRulesDeps {
  readonly records: RecordCollection<ForwardRules>;
  readonly directory: ForwardDirectory;
  readonly forwards: Pick<ForwardService, 'create' | 'remove'>;
  readonly workspaces: Pick<WorkspaceDirectory, 'records' | 'record' | 'ownerOf' | 'onChange'>;
  readonly clock: Clock;
  readonly log: Log;
}

export function parseForwardRules(value: unknown): ForwardRules {
  return ForwardRules.parse(value);
}

export class ForwardRulesService implements FollowsWorkspaces {
  readonly collection = new Collection<ForwardRules>();
  readonly #deps: ForwardRulesDeps;
  readonly #seen = new Map<WorkspaceId, WorkspacePorts['ports']>();
  readonly #goneSinceMs = new Map<ForwardId, number>();
  /** Ports of which no forward could be made, until they are gone. */
  readonly #failed = new Map<WorkspaceId, Set<number>>();
  readonly #last = new Map<WorkspaceId, Promise<void>>();
  readonly #stopListening: () => void;

  constructor(deps: ForwardRulesDeps) {
    this.#deps = deps;
    this.#stopListening = deps.workspaces.onChange(({ id }) => this.#ensure(id));
  }

  /** After the workspaces' records. */
  async load(): Promise<void> {
    const { records, workspaces } = this.#deps;
    for (const rules of await records.all())
      if (workspaces.record(rules.id) !== undefined) this.collection.put(rules);
    for (const { id } of workspaces.records()) this.#ensure(id);
  }

  async close(): Promise<void> {
    this.#stopListening();
    await Promise.all(this.#last.values());
  }

  /** Whether its ports are to be known although nobody watches. */
  isRuled(id: WorkspaceId): boolean {
    return (this.collection.get(id)?.rules.length ?? 0) > 0 || this.#madeOf(id).length > 0;
  }

  async set(rules: ForwardRules): Promise<ForwardRules> {
    await this.#deps.records.put(rules);
    this.collection.put(rules);
    this.#failed.delete(rules.id);
    await this.#apply(rules.id);
    return rules;
  }

  /** What listens in a workspace now. */
  saw({ id, ports }: WorkspacePorts): void {
    this.#seen.set(id, ports);
    if (this.isRuled(id)) void this.#apply(id);
  }

  /** A workspace was moved, or its move taken back. */
  async bring(from: WorkspaceId, to: WorkspaceId): Promise<void> {
    const rules = this.collection.get(from);
    if (rules === undefined || (await this.#deps.records.get(from)) === undefined) return;
    const brought = { ...rules, id: to };
    await this.#deps.records.put(brought);
    this.collection.put(brought);
    await this.removeAll(from);
    this.#ensure(from);
  }

  async removeAll(id: WorkspaceId): Promise<void> {
    this.#seen.delete(id);
    this.#failed.delete(id);
    this.collection.delete(id);
    await this.#deps.records.delete(id);
  }

  /** Rules for this computer's ports end: whoever takes a person's workspaces over may not be allowed to have them. */
  async beforeHandingOver(from: UserId): Promise<void> {
    for (const item of this.collection.all()) {
      const rules = item.rules.filter(({ kind }) => kind === 'app');
      if (this.#deps.workspaces.ownerOf(item.id) === from && rules.length < item.rules.length)
        await this.set({ ...item, rules });
    }
  }
  afterHandingOver(): void {
    for (const item of this.collection.all()) this.collection.put(item);
  }

  #ensure(id: WorkspaceId): void {
    if (this.collection.get(id) === undefined && this.#deps.workspaces.record(id) !== undefined)
      this.collection.put({ id, rules: [], announces: true });
  }

  #madeOf(id: WorkspaceId) {
    return this.#deps.directory.ofWorkspace(id).filter(({ isByRule }) => isByRule);
  }

  /** One after the other, so that what is made is seen by the next. */
  #apply(id: WorkspaceId): Promise<void> {
    const before = this.#last.get(id) ?? Promise.resolve();
    const now = before
      .then(() => this.#applyNow(id))
      .catch((cause: unknown) => {
        this.#deps.log.warn('rules for ports could not be followed', { workspaceId: id, cause });
      });
    this.#last.set(id, now);
    void now.then(() => {
      if (this.#last.get(id) === now) this.#last.delete(id);
    });
    return now;
  }

  async #applyNow(id: WorkspaceId): Promise<void> {
    const { directory, forwards, clock } = this.#deps;
    const rules = this.collection.get(id)?.rules ?? [];
    const ports = new Set(this.#seen.get(id)?.map(({ port }) => port));
    for (const made of this.#madeOf(id)) {
      const isListening = made.port !== null && ports.has(made.port);
      if (isListening) this.#goneSinceMs.delete(made.id);
      const since = this.#goneSinceMs.get(made.id);
      if (!isListening && since === undefined && this.#seen.has(id))
        this.#goneSinceMs.set(made.id, clock.monotonicMs());
      const isGone = since !== undefined && clock.monotonicMs() - since >= goneMs;
      if (!isGone && ruleFor(rules, made.port)?.kind === made.kind) continue;
      this.#goneSinceMs.delete(made.id);
      await forwards.remove(made.id);
    }
    const failed = this.#failed.get(id) ?? new Set();
    this.#failed.set(id, failed);
    for (const port of failed) if (!ports.has(port)) failed.delete(port);
    for (const port of ports) {
      const rule = ruleFor(rules, port);
      if (rule === undefined || failed.has(port) || directory.findPort(id, rule.kind, port) !== undefined)
        continue;
      await this.#make(id, rule, port).catch((cause: unknown) => {
        failed.add(port);
        this.#deps.log.warn('a port that a rule is about got no forward', { workspaceId: id, port, cause });
      });
    }
  }

  async #make(workspaceId: WorkspaceId, { kind }: ForwardRule, port: number): Promise<void> {
    const common = { name: null, protocol: null, localPort: null, path: null, login: null } as const;
    try {
      await this.#deps.forwards.create(
        { workspaceId, kind, port, ...common, hostHeader: 'kept' },
        { isByRule: true },
      );
    } catch (error) {
      // A person was faster.
      if (!BerthError.is(error, 'forward.exists')) throw error;
    }
  }
}

/** The first that is about it. */
function ruleFor(rules: readonly ForwardRule[], port: number | null): ForwardRule | undefined {
  return port === null ? undefined : rules.find(({ fromPort, toPort }) => fromPort <= port && port <= toPort);
}
