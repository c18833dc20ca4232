import { describe, expect, it } from 'vitest';
import type { HostDefinition } from '#contract/hosts.ts';
import { placeOf, withSecret } from '#main/control-plane/hosts/connection-ask.ts';
import { Questions } from '#main/control-plane/hosts/questions.ts';
import { ManualClock } from '#test/harness/manual-clock.ts';
import type { Question } from '#contract/questions.ts';

let count = 0;
function make() {
  const clock = new ManualClock();
  const questions = new Questions({
    clock,
    random: {
      id: (prefix) => `${prefix}_${String(count++).padStart(20, '0')}` as never,
      bytes: (length) => new Uint8Array(length),
      fraction: () => 0,
    },
  });
  return { clock, questions };
}
async function open(questions: Questions): Promise<Question[]> {
  for await (const item of questions.watch(new AbortController().signal))
    return item.type === 'all' ? item.items : [];
  return [];
}
const subject = 'dev@atlas:22';
const options = { hostId: null, canRemember: true, signal: new AbortController().signal };

describe('questions', () => {
  it('are shown with their expiry, and the first answer counts', async () => {
    const { questions } = make();
    const given = questions.ask({ kind: 'password', subject, wasWrong: false }, options);
    const [question] = await open(questions);
    expect(question).toMatchObject({ kind: 'password', subject, canRemember: true });
    expect(Date.parse(question!.expiresAt) - Date.parse(question!.askedAt)).toBe(180_000);
    questions.answer(question!.id, { kind: 'password', password: 'hunter2', remember: true });
    expect(() => questions.answer(question!.id, { kind: 'declined' })).toThrow(
      expect.objectContaining({ code: 'question.expired' }),
    );
    const answer = await given;
    expect(answer.kind === 'password' && answer.secret.reveal()).toBe('hunter2');
    expect(JSON.stringify(answer)).not.toContain('hunter2');
    expect(await open(questions)).toEqual([]);
  });

  it('expire, and cannot be answered any more', async () => {
    const { questions, clock } = make();
    const given = questions.ask({ kind: 'password', subject, wasWrong: false }, options);
    const refused = expect(given).rejects.toMatchObject({ code: 'question.expired' });
    const [question] = await open(questions);
    await clock.advance(179_000);
    expect(await open(questions)).toHaveLength(1);
    await clock.advance(2_000);
    await refused;
    expect(() => questions.answer(question!.id, { kind: 'declined' })).toThrow();
    expect(await open(questions)).toEqual([]);
  });

  it('go with the attempt that asked them', async () => {
    const { questions, clock } = make();
    const attempt = new AbortController();
    const given = questions.ask(
      { kind: 'password', subject, wasWrong: false },
      { ...options, signal: attempt.signal },
    );
    attempt.abort();
    await expect(given).rejects.toMatchObject({ code: 'cancelled' });
    expect(await open(questions)).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuse an answer of another kind or length, and stay open', async () => {
    const { questions } = make();
    const prompts = [
      { text: 'Password: ', isShown: false },
      { text: 'Code: ', isShown: true },
    ];
    const asked = { kind: 'keyboard-interactive', subject, title: '', instructions: '', prompts } as const;
    const given = questions.ask(asked, options);
    const [question] = await open(questions);
    const id = question!.id;
    expect(() => questions.answer(id, { kind: 'host-key', isTrusted: true })).toThrow('answer.kind');
    expect(() => questions.answer(id, { kind: 'keyboard-interactive', responses: ['a'] })).toThrow(
      '2 entries',
    );
    questions.answer(id, { kind: 'keyboard-interactive', responses: ['a', 'b'] });
    const answer = await given;
    expect(answer.kind === 'keyboard-interactive' && answer.secrets.map((secret) => secret.reveal())).toEqual(
      ['a', 'b'],
    );
  });
});

describe('where a remembered secret goes', () => {
  const definition: Extract<HostDefinition, { kind: 'ssh' }> = {
    kind: 'ssh',
    configName: null,
    address: 'atlas',
    port: null,
    user: 'dev',
    auth: { method: 'automatic' },
    jumps: [
      { address: 'gate', port: 22, user: 'dev', auth: { method: 'password', credentialId: null } },
      {
        address: 'gate',
        port: 2222,
        user: 'dev',
        auth: { method: 'key', source: { kind: 'file', path: '/k' }, passphraseId: null },
      },
    ],
    engineSocket: null,
  };
  const id = 'cred_00000000000000000001';

  it('is the target, or the one jump that is meant', () => {
    const target = placeOf(definition, null, 'password');
    expect(target).toEqual({ jump: null, field: 'credentialId', present: null });
    expect(withSecret(definition, target!, id).auth).toEqual({ method: 'password', credentialId: id });
    const jump = placeOf(definition, 'dev@gate:2222', 'passphrase');
    expect(withSecret(definition, jump!, id).jumps[1]?.auth).toMatchObject({
      method: 'key',
      passphraseId: id,
    });
    expect(withSecret(definition, jump!, id).jumps[0]).toEqual(definition.jumps[0]);
  });

  it('is nowhere when that would be a guess', () => {
    expect(placeOf(definition, 'gate', 'password')).toBeUndefined();
    expect(placeOf(definition, 'elsewhere', 'password')).toBeUndefined();
    expect(placeOf(definition, null, 'passphrase')).toBeUndefined();
    expect(placeOf(definition, null, 'keyboard-interactive')).toBeUndefined();
    expect(placeOf({ kind: 'local', socketPath: null }, null, 'password')).toBeUndefined();
  });
});
