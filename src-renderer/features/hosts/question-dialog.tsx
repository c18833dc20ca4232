/**
 * What a connection needs a person to decide: one question at a time, in front of everything. Closing the window of a
 * question declines it. Answers go straight to the plane and are kept nowhere here.
 */
import { TriangleAlert } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Answer, Question } from '#contract/questions.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox } from '../../components/choices.tsx';
import { Fingerprint } from '../../components/code-block.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { useClient, useQuestions } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';

export function QuestionDialog() {
  const questions = useQuestions();
  const first = questions.items[0];
  if (first === undefined || questions.isStale) return null;
  return <OneQuestion key={first.id} question={first} more={questions.items.length - 1} />;
}

function OneQuestion({ question, more }: { question: Question; more: number }) {
  const client = useClient();
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const answer = async (value: Answer) => {
    setBusy(true);
    setError(null);
    try {
      await client.call('questions.answer', { id: question.id, answer: value });
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };
  const shared: Shared = {
    isBusy,
    onAnswer: (value) => void answer(value),
    after: (
      <>
        {error !== null && <ErrorNote title="The answer did not arrive" error={error} />}
        {more > 0 && (
          <p className="text-meta text-muted">
            {more === 1 ? 'One more question waits.' : `${more} more questions wait.`}
          </p>
        )}
      </>
    ),
  };
  switch (question.kind) {
    case 'host-key':
      return <HostKey question={question} {...shared} />;
    case 'password':
    case 'passphrase':
      return <SecretQuestion question={question} {...shared} />;
    case 'keyboard-interactive':
      return <Interactive question={question} {...shared} />;
    default:
      return question satisfies never;
  }
}

interface Shared {
  readonly isBusy: boolean;
  readonly onAnswer: (answer: Answer) => void;
  readonly after: ReactNode;
}
type Of<K extends Question['kind']> = Extract<Question, { kind: K }>;

function HostKey({ question, isBusy, onAnswer, after }: Shared & { question: Of<'host-key'> }) {
  return (
    <Dialog
      isOpen
      onClose={() => onAnswer({ kind: 'host-key', isTrusted: false })}
      title={`Is this ${question.subject}?`}
      description="Berth has not met this server before. Compare its key with what the server’s owner told you; if it differs, somebody may stand between."
      footer={
        <>
          <Button onClick={() => onAnswer({ kind: 'host-key', isTrusted: false })}>Do not connect</Button>
          <Button
            variant="primary"
            isBusy={isBusy}
            onClick={() => onAnswer({ kind: 'host-key', isTrusted: true })}
          >
            Trust this key
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <Fingerprint type={question.keyType} value={question.fingerprint} />
        {question.alsoKnownAs.length > 0 && (
          <p className="text-muted">
            This very key is already trusted as{' '}
            <span className="font-code wrap-anywhere">{question.alsoKnownAs.join(', ')}</span>.
          </p>
        )}
        {question.note !== undefined && (
          <p className="flex gap-2 rounded-md border border-attention/40 bg-attention-soft px-3 py-2 text-text">
            <TriangleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-attention" />
            <span className="min-w-0 wrap-anywhere">{question.note}</span>
          </p>
        )}
        {after}
      </div>
    </Dialog>
  );
}

function SecretQuestion({
  question,
  isBusy,
  onAnswer,
  after,
}: Shared & { question: Of<'password'> | Of<'passphrase'> }) {
  const [secret, setSecret] = useState('');
  const [remember, setRemember] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const isPassword = question.kind === 'password';
  const submit = () =>
    onAnswer(
      isPassword
        ? { kind: 'password', password: secret, remember }
        : { kind: 'passphrase', passphrase: secret, remember },
    );
  return (
    <Dialog
      isOpen
      width="small"
      initialFocus={input}
      onClose={() => onAnswer({ kind: 'declined' })}
      title={isPassword ? `Password of ${question.subject}` : `Passphrase of ${question.keyName}`}
      {...(isPassword ? {} : { description: `For ${question.subject}` })}
      footer={
        <>
          <Button onClick={() => onAnswer({ kind: 'declined' })}>Cancel</Button>
          <Button variant="primary" type="submit" form="berth-question" isBusy={isBusy}>
            Sign in
          </Button>
        </>
      }
    >
      <form
        id="berth-question"
        className="flex flex-col gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) submit();
        }}
      >
        <PasswordField
          ref={input}
          label={isPassword ? 'Password' : 'Passphrase'}
          value={secret}
          onChange={setSecret}
          error={question.wasWrong ? `The ${question.kind} was wrong. Try again.` : null}
        />
        {question.canRemember && (
          <Checkbox label="Remember it in the keychain" isChecked={remember} onChange={setRemember} />
        )}
        {after}
      </form>
    </Dialog>
  );
}

function Interactive({
  question,
  isBusy,
  onAnswer,
  after,
}: Shared & { question: Of<'keyboard-interactive'> }) {
  const [responses, setResponses] = useState<readonly string[]>(() => question.prompts.map(() => ''));
  const first = useRef<HTMLInputElement>(null);
  return (
    <Dialog
      isOpen
      width="small"
      initialFocus={first}
      onClose={() => onAnswer({ kind: 'declined' })}
      title={question.title === '' ? `${question.subject} asks` : question.title}
      description={question.instructions === '' ? question.subject : question.instructions}
      footer={
        <>
          <Button onClick={() => onAnswer({ kind: 'declined' })}>Cancel</Button>
          <Button variant="primary" type="submit" form="berth-question" isBusy={isBusy}>
            Answer
          </Button>
        </>
      }
    >
      <form
        id="berth-question"
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) onAnswer({ kind: 'keyboard-interactive', responses: [...responses] });
        }}
      >
        {question.prompts.map((prompt, index) => {
          const Input = prompt.isShown ? TextField : PasswordField;
          return (
            <Input
              // biome-ignore lint/suspicious/noArrayIndexKey: a prompt is its place in the list
              key={index}
              {...(index === 0 ? { ref: first } : {})}
              label={prompt.text.replace(/:\s*$/, '')}
              value={responses[index] ?? ''}
              onChange={(text) => setResponses((before) => before.with(index, text))}
            />
          );
        })}
        {after}
      </form>
    </Dialog>
  );
}
