import { describe, expect, it } from 'vitest';
import type { HostId } from '#contract/ids.ts';
import { KeptAnswers } from '#main/control-plane/hosts/kept-answers.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';

const atlas = 'host_00000000000000000001' as HostId;
const bora = 'host_00000000000000000002' as HostId;
const answer = {
  kind: 'password',
  subject: 'dev@atlas:22',
  secret: new Secret('x'),
  remember: false,
} as const;
const { kind, subject } = answer;

describe('KeptAnswers', () => {
  it('serves each answer to its own host and question, again and again while sign-ins succeed', () => {
    const kept = new KeptAnswers();
    kept.keep(atlas, [answer]);
    for (let turn = 0; turn < 10; turn++) {
      expect(kept.use(atlas, kind, subject)?.secret).toBe(answer.secret);
      kept.keep(atlas, [answer]);
    }
    expect(kept.use(bora, kind, subject)).toBeUndefined();
    expect(kept.use(atlas, 'passphrase', subject)).toBeUndefined();
    expect(kept.use(atlas, kind, 'dev@other:22')).toBeUndefined();
  });

  it('gives an answer up after three attempts that used it and did not succeed', () => {
    const kept = new KeptAnswers();
    kept.keep(atlas, [answer]);
    const uses = [1, 2, 3, 4].map(() => kept.use(atlas, kind, subject) !== undefined);
    expect(uses).toEqual([true, true, true, false]);
  });

  it('forgets what was wrong, and no more; a whole host; everything', () => {
    const kept = new KeptAnswers();
    const passphrase = { ...answer, kind: 'passphrase', subject: '~/.ssh/id' } as const;
    kept.keep(atlas, [answer, passphrase]);
    kept.keep(bora, [answer]);
    kept.wrong(atlas, kind, subject);
    expect(kept.use(atlas, kind, subject)).toBeUndefined();
    expect(kept.use(atlas, 'passphrase', '~/.ssh/id')).toBeDefined();
    kept.drop(atlas);
    expect(kept.use(atlas, 'passphrase', '~/.ssh/id')).toBeUndefined();
    expect(kept.use(bora, kind, subject)).toBeDefined();
    kept.dropAll();
    expect(kept.use(bora, kind, subject)).toBeUndefined();
  });

  it('is asked for by nobody who wants it written down', () => {
    const kept = new KeptAnswers();
    kept.keep(atlas, [{ ...answer, remember: true }]);
    expect(kept.use(atlas, kind, subject)?.remember).toBe(false);
  });
});
