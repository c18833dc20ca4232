/**
 * Questions that wait for a person. Any client answers; the first answer counts; one that nobody answers expires.
 * Answers become Secrets at once and are neither kept, shown nor logged.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { CollectionItem } from '#contract/collection.ts';
import type { HostId, QuestionId } from '#contract/ids.ts';
import type { Answer, Question } from '#contract/questions.ts';
import { Collection } from '../changes.ts';
import type { Clock } from '../interfaces/clock.ts';
import type {
  HostKeyQuestion,
  KeyboardInteractiveQuestion,
  PassphraseQuestion,
  PasswordQuestion,
} from '../interfaces/host-connector.ts';
import type { Random } from '../interfaces/random.ts';
import { Secret } from '../interfaces/secret.ts';

/**
 * Milliseconds: long enough to fetch a hardware key. Many servers end a sign-in sooner (LoginGraceTime, 120 s); the
 * attempt then fails, and its question goes with it.
 */
const EXPIRY_MS = 180_000;

export type Asked = HostKeyQuestion | PasswordQuestion | PassphraseQuestion | KeyboardInteractiveQuestion;

export type Given =
  | { readonly kind: 'host-key'; readonly isTrusted: boolean }
  | { readonly kind: 'password' | 'passphrase'; readonly secret: Secret; readonly remember: boolean }
  | { readonly kind: 'keyboard-interactive'; readonly secrets: readonly Secret[] }
  | { readonly kind: 'declined' };

interface OpenQuestion {
  readonly question: Question;
  settle(given: Given): void;
}

export interface AskOptions {
  readonly hostId: HostId | null;
  readonly canRemember: boolean;
  readonly signal: AbortSignal;
  readonly onAsked?: (id: QuestionId) => void;
}

export class Questions {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #shown = new Collection<Question>();
  readonly #open = new Map<QuestionId, OpenQuestion>();

  constructor(deps: { clock: Clock; random: Random }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
  }

  watch(signal: AbortSignal): AsyncGenerator<CollectionItem<Question>> {
    return this.#shown.watch(signal);
  }

  /** Rejects with question.expired, or with the signal's reason. */
  ask(asked: Asked, options: AskOptions): Promise<Given> {
    const { signal } = options;
    const nowMs = this.#clock.nowMs();
    const base = {
      id: this.#random.id('q'),
      hostId: options.hostId,
      askedAt: new Date(nowMs).toISOString(),
      expiresAt: new Date(nowMs + EXPIRY_MS).toISOString(),
    };
    const question = questionOf(asked, base, options.canRemember);
    return new Promise<Given>((resolve, reject) => {
      if (signal.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const end = () => {
        stopTimer();
        signal.removeEventListener('abort', onAbort);
        this.#open.delete(question.id);
        this.#shown.delete(question.id);
      };
      const onAbort = () => {
        end();
        reject(reasonOf(signal));
      };
      const stopTimer = this.#clock.after(EXPIRY_MS, () => {
        end();
        reject(
          new BerthError('question.expired', `Nobody answered the question about ${asked.subject} in time.`),
        );
      });
      signal.addEventListener('abort', onAbort, { once: true });
      this.#open.set(question.id, {
        question,
        settle: (given) => {
          end();
          resolve(given);
        },
      });
      this.#shown.put(question);
      options.onAsked?.(question.id);
    });
  }

  /** The first answer counts: a second gets question.expired. An answer of another kind is refused and changes nothing. */
  answer(id: QuestionId, answer: Answer): void {
    const open = this.#open.get(id);
    if (!open)
      throw new BerthError('question.expired', 'The question was answered already, or is no longer asked.');
    open.settle(givenBy(open.question, answer));
  }
}

function questionOf(
  asked: Asked,
  base: Pick<Question, 'id' | 'hostId' | 'askedAt' | 'expiresAt'>,
  canRemember: boolean,
): Question {
  switch (asked.kind) {
    case 'host-key':
      return { ...base, ...asked, alsoKnownAs: [...asked.alsoKnownAs] };
    case 'password':
    case 'passphrase':
      return { ...base, ...asked, canRemember };
    case 'keyboard-interactive':
      return { ...base, ...asked, prompts: asked.prompts.map((prompt) => ({ ...prompt })) };
    default:
      return asked satisfies never;
  }
}

function givenBy(question: Question, answer: Answer): Given {
  if (answer.kind === 'declined') return answer;
  if (answer.kind !== question.kind) throw unfit('answer.kind', `must be ${question.kind}`);
  switch (answer.kind) {
    case 'host-key':
      return answer;
    case 'password':
      return { kind: 'password', secret: new Secret(answer.password), remember: answer.remember };
    case 'passphrase':
      return { kind: 'passphrase', secret: new Secret(answer.passphrase), remember: answer.remember };
    case 'keyboard-interactive': {
      const expected = question.kind === 'keyboard-interactive' ? question.prompts.length : 0;
      if (answer.responses.length !== expected)
        throw unfit('answer.responses', `must have ${expected} entries`);
      return { kind: 'keyboard-interactive', secrets: answer.responses.map((text) => new Secret(text)) };
    }
    default:
      return answer satisfies never;
  }
}

function unfit(field: string, rule: string): BerthError {
  const line = `${field}: ${rule}`;
  return new BerthError('invalid-input', `Not valid: ${line}.`, { details: { fields: [line] } });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof BerthError
    ? signal.reason
    : new BerthError('cancelled', 'The question is no longer asked.');
}
