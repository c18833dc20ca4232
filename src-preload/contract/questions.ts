/**
 * Questions: when a connection needs a decision (unknown host key, passphrase, one-time code) the plane asks, and any
 * client with the scope answers. An answer is never echoed.
 */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { HostId, QuestionId } from './ids.ts';
import { Instant } from './text.ts';

const base = {
  id: QuestionId,
  hostId: HostId.nullable(),
  /** Whom it is about, as `dev@atlas:22` (a hop's own name when it is a jump host). */
  subject: z.string(),
  askedAt: Instant,
  expiresAt: Instant,
};

export const Question = z.discriminatedUnion('kind', [
  z.object({
    ...base,
    kind: z.literal('host-key'),
    keyType: z.string(),
    /** OpenSSH form: `SHA256:` and base 64 without padding. */
    fingerprint: z.string(),
    /** Other names under which this very key is already trusted. */
    alsoKnownAs: z.array(z.string()),
    /** What else to know before trusting it, in a sentence or two; absent when there is nothing. */
    note: z.string().optional(),
  }),
  z.object({ ...base, kind: z.literal('password'), wasWrong: z.boolean(), canRemember: z.boolean() }),
  z.object({
    ...base,
    kind: z.literal('passphrase'),
    keyName: z.string(),
    wasWrong: z.boolean(),
    canRemember: z.boolean(),
  }),
  z.object({
    ...base,
    kind: z.literal('keyboard-interactive'),
    title: z.string(),
    instructions: z.string(),
    prompts: z.array(z.object({ text: z.string(), isShown: z.boolean() })),
  }),
]);
export type Question = z.infer<typeof Question>;

const Secret = z.string().max(16_384);

export const Answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('host-key'), isTrusted: z.boolean() }),
  z.object({ kind: z.literal('password'), password: Secret, remember: z.boolean() }),
  z.object({ kind: z.literal('passphrase'), passphrase: Secret, remember: z.boolean() }),
  z.object({ kind: z.literal('keyboard-interactive'), responses: z.array(Secret).max(16) }),
  z.object({ kind: z.literal('declined') }),
]);
export type Answer = z.infer<typeof Answer>;

export const questionMethods = {
  'questions.watch': stream({
    summary: 'Open questions, then every change',
    scope: 'hosts.write',
    input: z.object({}),
    item: collectionItem(Question),
    errors: [],
    rest: { method: 'GET', path: '/questions', shape: 'collection' },
  }),
  'questions.answer': call({
    summary: 'Answers a question; the first answer counts',
    scope: 'hosts.write',
    input: z.object({ id: QuestionId, answer: Answer }),
    output: z.object({}),
    errors: ['question.expired'],
    rest: { method: 'POST', path: '/questions/:id/answer', isConfidential: true },
  }),
};
