/**
 * What a person answered while a definition was tried, kept in memory for the host that is made of it, so that nobody is
 * asked the same twice. Each answer serves once, for exactly that definition, within ten minutes; nothing is written.
 */
import type { HostDefinition } from '#contract/hosts.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { Secret } from '../interfaces/secret.ts';

/** Milliseconds: time to read the findings and press "Add host", and not much more. */
const KEPT_MS = 600_000;
/** Trials kept at once; a person tries one. */
const MAX_TRIALS = 16;

export interface TrialAnswer {
  readonly kind: 'password' | 'passphrase';
  readonly subject: string;
  readonly secret: Secret;
  readonly remember: boolean;
}

export class TrialAnswers {
  readonly #clock: Clock;
  readonly #trials = new Map<string, { answers: TrialAnswer[]; forget: () => void }>();

  constructor(deps: { clock: Clock }) {
    this.#clock = deps.clock;
  }

  keep(definition: HostDefinition, answers: readonly TrialAnswer[]): void {
    const key = JSON.stringify(definition);
    this.#drop(key);
    if (answers.length === 0) return;
    const [oldest] = this.#trials.keys();
    if (this.#trials.size >= MAX_TRIALS && oldest !== undefined) this.#drop(oldest);
    const forget = this.#clock.after(KEPT_MS, () => this.#trials.delete(key));
    this.#trials.set(key, { answers: [...answers], forget });
  }

  /** The answer to this question of this definition, once. */
  take(definition: HostDefinition, kind: string, subject: string): TrialAnswer | undefined {
    const key = JSON.stringify(definition);
    const answers = this.#trials.get(key)?.answers;
    const index = answers?.findIndex((one) => one.kind === kind && one.subject === subject) ?? -1;
    if (answers === undefined || index < 0) return undefined;
    const [answer] = answers.splice(index, 1);
    if (answers.length === 0) this.#drop(key);
    return answer;
  }

  #drop(key: string): void {
    this.#trials.get(key)?.forget();
    this.#trials.delete(key);
  }
}
