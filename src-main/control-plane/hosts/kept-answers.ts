/**
 * Passwords and passphrases that a person typed and did not want remembered, in memory for as long as their host is
 * wanted connected, so that a connection that was lost (a sleep, a restart of the server) comes back without a click.
 * Guarantees: only what the server has taken once; gone when it says wrong, and after three attempts in a row that used
 * it and failed in another way, so that no server is hammered with what it may not like. Nothing is written.
 */
import type { HostId } from '#contract/ids.ts';
import type { TrialAnswer } from './trial-answers.ts';

/** Attempts that may fail between two that succeed: as many as OpenSSH asks for a password by itself. */
const MAX_FAILED_USES = 3;

interface Kept {
  readonly answer: TrialAnswer;
  usesSinceSuccess: number;
}

export class KeptAnswers {
  readonly #hosts = new Map<HostId, Map<string, Kept>>();

  /** After a sign-in that succeeded: what was typed for it, or used again. */
  keep(hostId: HostId, answers: readonly TrialAnswer[]): void {
    for (const answer of answers) {
      const ofHost = this.#hosts.get(hostId) ?? new Map<string, Kept>();
      this.#hosts.set(hostId, ofHost);
      // What is to be remembered is the credentials' business, and is not asked for again.
      ofHost.set(keyOf(answer.kind, answer.subject), {
        answer: { ...answer, remember: false },
        usesSinceSuccess: 0,
      });
    }
  }

  use(hostId: HostId, kind: string, subject: string): TrialAnswer | undefined {
    const kept = this.#hosts.get(hostId)?.get(keyOf(kind, subject));
    if (!kept) return undefined;
    kept.usesSinceSuccess += 1;
    if (kept.usesSinceSuccess >= MAX_FAILED_USES) this.wrong(hostId, kind, subject);
    return kept.answer;
  }

  wrong(hostId: HostId, kind: string, subject: string): void {
    this.#hosts.get(hostId)?.delete(keyOf(kind, subject));
  }

  drop(hostId: HostId): void {
    this.#hosts.delete(hostId);
  }

  dropAll(): void {
    this.#hosts.clear();
  }
}

function keyOf(kind: string, subject: string): string {
  return JSON.stringify([kind, subject]);
}
