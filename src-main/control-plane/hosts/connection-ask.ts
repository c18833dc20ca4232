/**
 * The questions of one attempt to connect: puts them to the person, and keeps what the person wants remembered until
 * the attempt has succeeded (a wrong password is not worth keeping). Pure in where a secret goes in the definition.
 */
import type { HostDefinition, SshAuth, SshDefinition } from '#contract/hosts.ts';
import type { CredentialId, HostId, QuestionId } from '#contract/ids.ts';
import type { Ask } from '../interfaces/host-connector.ts';
import type { Secret } from '../interfaces/secret.ts';
import type { Asked, Given, Questions } from './questions.ts';
import type { TrialAnswer } from './trial-answers.ts';

export interface Remembered {
  readonly kind: 'password' | 'passphrase';
  readonly subject: string;
  readonly secret: Secret;
  readonly place: SecretPlace;
}

/** Where a definition refers to a secret: its target (null) or one of its jumps, and what is referred to there now. */
export interface SecretPlace {
  readonly jump: number | null;
  readonly field: 'credentialId' | 'passphraseId';
  readonly present: CredentialId | null;
}

/** Whether, and where, the answer to this question can be kept for this definition. `hop` null: the target. */
export function placeOf(
  definition: HostDefinition,
  hop: string | null,
  kind: Asked['kind'],
): SecretPlace | undefined {
  if (definition.kind !== 'ssh') return undefined;
  const jump = hop === null ? null : jumpNamed(definition, hop);
  if (jump === undefined) return undefined;
  const auth = jump === null ? definition.auth : definition.jumps[jump]?.auth;
  // A person who wants a password remembered wants to sign in with it: `automatic` becomes `password` then.
  if (kind === 'password' && (auth?.method === 'password' || auth?.method === 'automatic'))
    return { jump, field: 'credentialId', present: auth.method === 'password' ? auth.credentialId : null };
  if (kind === 'passphrase' && auth?.method === 'key')
    return { jump, field: 'passphraseId', present: auth.passphraseId };
  return undefined;
}

export function withSecret(definition: SshDefinition, place: SecretPlace, id: CredentialId): SshDefinition {
  const change = (auth: SshAuth): SshAuth => {
    if (place.field === 'credentialId') return { method: 'password', credentialId: id };
    return auth.method === 'key' ? { ...auth, passphraseId: id } : auth;
  };
  if (place.jump === null) return { ...definition, auth: change(definition.auth) };
  return {
    ...definition,
    jumps: definition.jumps.map((hop, index) =>
      index === place.jump ? { ...hop, auth: change(hop.auth) } : hop,
    ),
  };
}

/** A hop is named `user@address:port`, or a part of that which fits one jump only. */
function jumpNamed(definition: SshDefinition, hop: string): number | undefined {
  const fits = definition.jumps.flatMap(({ user, address, port }, index) => {
    const names = [`${user}@${address}:${port}`, `${user}@${address}`, `${address}:${port}`, address];
    return names.includes(hop) ? [index] : [];
  });
  return fits.length === 1 ? fits[0] : undefined;
}

export interface ConnectionAsk {
  readonly ask: Ask;
  /** What to keep once the attempt has succeeded. The last answer to the same place counts. */
  readonly remembered: readonly Remembered[];
  /** The last answer to each question for a secret, for the host that may be made of a trial. */
  readonly answers: readonly TrialAnswer[];
}

export function createConnectionAsk(deps: {
  questions: Questions;
  hostId: HostId | null;
  definition: HostDefinition;
  /** Answers kept for this host, or of a trial of this very definition; a trial itself asks afresh. */
  prepared: ((kind: Asked['kind'], subject: string) => TrialAnswer | undefined) | undefined;
  /** The server, or the key, did not take the last answer to this question. */
  onWrong?: (kind: Asked['kind'], subject: string) => void;
  /** The hop under way, as the connector told it last. */
  hop: () => string | null;
  signal: AbortSignal;
  onAsked: (id: QuestionId) => void;
  onAnswered: () => void;
}): ConnectionAsk {
  const remembered: Remembered[] = [];
  const answers: TrialAnswer[] = [];
  const given = async (asked: Asked, canRemember: boolean): Promise<Given> => {
    const wasWrong = 'wasWrong' in asked && asked.wasWrong;
    if (wasWrong) deps.onWrong?.(asked.kind, asked.subject);
    const prepared = wasWrong ? undefined : deps.prepared?.(asked.kind, asked.subject);
    if (prepared !== undefined) return prepared;
    try {
      return await deps.questions.ask(asked, {
        hostId: deps.hostId,
        canRemember,
        signal: deps.signal,
        onAsked: deps.onAsked,
      });
    } finally {
      deps.onAnswered();
    }
  };
  const ask = async (asked: Asked): Promise<boolean | Secret | readonly Secret[] | undefined> => {
    const place = placeOf(deps.definition, deps.hop(), asked.kind);
    const answer = await given(asked, place !== undefined);
    switch (answer.kind) {
      case 'host-key':
        return answer.isTrusted;
      case 'password':
      case 'passphrase': {
        const { kind, secret, remember } = answer;
        const { subject } = asked;
        const rest = remembered.filter((one) => one.place.jump !== place?.jump || one.kind !== kind);
        remembered.splice(0, remembered.length, ...rest);
        if (remember && place) remembered.push({ kind, subject, secret, place });
        const others = answers.filter((one) => one.kind !== kind || one.subject !== subject);
        const isRemembered = remember && place !== undefined;
        answers.splice(0, answers.length, ...others, { kind, subject, secret, remember: isRemembered });
        return secret;
      }
      case 'keyboard-interactive':
        return answer.secrets;
      case 'declined':
        return undefined;
      default:
        return answer satisfies never;
    }
  };
  // Each kind of question has its own kind of answer, which `givenBy` has checked.
  return { ask: ask as Ask, remembered, answers };
}
