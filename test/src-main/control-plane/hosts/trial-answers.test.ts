import { describe, expect, it } from 'vitest';
import type { HostDefinition } from '#contract/hosts.ts';
import { TrialAnswers } from '#main/control-plane/hosts/trial-answers.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import { ManualClock } from '../../../harness/manual-clock.ts';

const definition: HostDefinition = { kind: 'local', socketPath: null };
const answer = {
  kind: 'password',
  subject: 'dev@atlas:22',
  secret: new Secret('x'),
  remember: true,
} as const;

describe('TrialAnswers', () => {
  it('serves each answer once, for its own definition and question', () => {
    const trials = new TrialAnswers({ clock: new ManualClock() });
    trials.keep(definition, [answer]);
    expect(trials.take({ kind: 'local', socketPath: '/other' }, 'password', answer.subject)).toBeUndefined();
    expect(trials.take(definition, 'passphrase', answer.subject)).toBeUndefined();
    expect(trials.take(definition, 'password', 'dev@other:22')).toBeUndefined();
    expect(trials.take(definition, 'password', answer.subject)).toBe(answer);
    expect(trials.take(definition, 'password', answer.subject)).toBeUndefined();
  });

  it('forgets after ten minutes', async () => {
    const clock = new ManualClock();
    const trials = new TrialAnswers({ clock });
    trials.keep(definition, [answer]);
    await clock.advance(600_000);
    expect(trials.take(definition, 'password', answer.subject)).toBeUndefined();
  });

  it('keeps what was answered last', () => {
    const trials = new TrialAnswers({ clock: new ManualClock() });
    const later = { ...answer, remember: false };
    trials.keep(definition, [answer]);
    trials.keep(definition, [later]);
    expect(trials.take(definition, 'password', answer.subject)).toBe(later);
  });
});
