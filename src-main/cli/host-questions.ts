/**
 * Questions of a connection, answered here: by what was said beforehand, or by whoever sits at this terminal. A host key
 * is trusted only by its fingerprint, by a word that says any new one is, or by a person who saw it.
 */
import type { HostId, QuestionId } from '#contract/ids.ts';
import type { Answer, Question } from '#contract/questions.ts';
import { readAll } from './collections.ts';
import type { Context } from './command.ts';
import { CommandFailure } from './failure.ts';

export interface AnswerPolicy {
  /** Of the key that is trusted, as `SHA256:…`. */
  readonly acceptKey: string | undefined;
  readonly acceptsNewKey: boolean;
}

export const noPolicy: AnswerPolicy = { acceptKey: undefined, acceptsNewKey: false };

/** The open question of a host; undefined when it was answered in the meantime. */
export async function questionOf({ client }: Context, id: QuestionId): Promise<Question | undefined> {
  return (await readAll(client, 'questions.watch')).find((one) => one.id === id);
}

/** @throws CommandFailure when it cannot be answered here; it is declined then where the plane has nobody else. */
export async function answerQuestion(
  context: Context,
  question: Question,
  policy: AnswerPolicy,
  hostName: string,
): Promise<void> {
  const give = async (answer: Answer) => {
    await context.client.call('questions.answer', { id: question.id, answer });
  };
  try {
    await give(await answerOf(context, question, policy, hostName));
  } catch (error) {
    if (error instanceof CommandFailure) await give({ kind: 'declined' }).catch(() => undefined);
    throw error;
  }
}

async function answerOf(
  context: Context,
  question: Question,
  policy: AnswerPolicy,
  hostName: string,
): Promise<Answer> {
  const ask = async (text: string, isHidden: boolean) => {
    const interrupted = new AbortController();
    const typed = await context.interrupts.during(
      () => interrupted.abort(),
      () => context.terminal.ask(text, { isHidden, signal: interrupted.signal }),
    );
    if (typed === undefined)
      throw new CommandFailure(`The host "${hostName}" was not answered. Nothing was trusted.`);
    return typed;
  };
  const { canAsk } = context.terminal;
  const note = (line: string) => context.terminal.note(line);
  switch (question.kind) {
    case 'host-key':
      return { kind: 'host-key', isTrusted: await trusts(context, question, policy, ask) };
    case 'password':
      if (!canAsk)
        throw nobody(
          hostName,
          'asks for a password',
          'Say --password-stdin, or use a key (--identity FILE).',
        );
      if (question.wasWrong) note('That password was wrong.');
      return {
        kind: 'password',
        password: await ask(`Password of ${question.subject}:`, true),
        remember: false,
      };
    case 'passphrase':
      if (!canAsk)
        throw nobody(
          hostName,
          'needs the passphrase of a key',
          'Let an agent hold the key (ssh-add), and say --agent.',
        );
      if (question.wasWrong) note('That passphrase was wrong.');
      return {
        kind: 'passphrase',
        passphrase: await ask(`Passphrase of the key ${question.keyName}:`, true),
        remember: false,
      };
    case 'keyboard-interactive': {
      if (!canAsk) throw nobody(hostName, 'asks for a code or a password', 'Use a key that needs none.');
      for (const line of [question.title, ...question.instructions.split('\n')]) if (line !== '') note(line);
      const responses: string[] = [];
      for (const { text, isShown } of question.prompts) responses.push(await ask(text, !isShown));
      return { kind: 'keyboard-interactive', responses };
    }
    default:
      return question satisfies never;
  }
}

async function trusts(
  { terminal }: Context,
  question: Extract<Question, { kind: 'host-key' }>,
  { acceptKey, acceptsNewKey }: AnswerPolicy,
  ask: (text: string, isHidden: boolean) => Promise<string>,
): Promise<boolean> {
  const { subject, keyType, fingerprint, alsoKnownAs, note } = question;
  if (acceptKey !== undefined) {
    if (acceptKey === fingerprint) return true;
    throw new CommandFailure(
      `${subject} shows another key than the one that was named: ${keyType} ${fingerprint}. It was not trusted. Find out from the host itself which is right: ssh-keygen -lf /etc/ssh/ssh_host_…_key.pub`,
    );
  }
  if (acceptsNewKey) return true;
  if (!terminal.canAsk)
    throw nobody(
      subject,
      `shows a key that is not trusted yet (${keyType} ${fingerprint})`,
      `Compare it with the host's own, then say --accept-key ${fingerprint}; or --accept-new-key to trust what it shows the first time.`,
    );
  terminal.note(`${subject} shows a key that is not trusted yet:`);
  terminal.note(`  ${keyType} ${fingerprint}`);
  if (alsoKnownAs.length > 0) terminal.note(`  It is known as ${alsoKnownAs.join(', ')}.`);
  if (note !== undefined) terminal.note(`  ${note}`);
  const typed = (await ask('Trust it? Type yes, or the fingerprint as you know it:', false)).trim();
  if (/^yes$/i.test(typed) || typed === fingerprint) return true;
  throw new CommandFailure(`The key of ${subject} was not trusted.`);
}

function nobody(who: string, asks: string, remedy: string): CommandFailure {
  return new CommandFailure(`${who} ${asks}, and nobody can answer here. ${remedy}`);
}

export async function answerFor(
  context: Context,
  host: { readonly id: HostId; readonly name: string },
  questionId: QuestionId,
  policy: AnswerPolicy = noPolicy,
): Promise<void> {
  const question = await questionOf(context, questionId);
  if (question !== undefined) await answerQuestion(context, question, policy, host.name);
}
