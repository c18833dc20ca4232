/**
 * A failure where its cause is: what happened, why, what to do, and the technical part folded away and copyable.
 * It takes any object with the shape of a BerthError; `title` says what did not happen.
 */
import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { CodeBlock } from './code-block.tsx';
import { CopyButton } from './copy-button.tsx';
import { Disclosure } from './disclosure.tsx';

export interface ErrorFacts {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean | readonly string[] | null>>;
}

export interface ErrorNoteProps {
  readonly title: string;
  readonly error: ErrorFacts;
  /** What to do: buttons. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

export function errorText(title: string, error: ErrorFacts): string {
  const details = Object.entries(error.details).map(([name, value]) =>
    Array.isArray(value) ? `${name}:\n  ${value.join('\n  ')}` : `${name}: ${String(value)}`,
  );
  return [title, error.message, `code: ${error.code}`, ...details].join('\n');
}

export function ErrorNote({ title, error, actions, children }: ErrorNoteProps) {
  // A command that mends it stands in a block of its own, to be copied; the message ends with it where it is plain text.
  const { fix } = error.details;
  const command = typeof fix === 'string' && fix !== '' ? fix : null;
  const message =
    command !== null && error.message.endsWith(command)
      ? error.message.slice(0, -command.length).trimEnd()
      : error.message;
  const entries = Object.entries(error.details).filter(([, value]) => value !== null && value !== '');
  return (
    <section
      role="alert"
      className="flex gap-2.5 rounded-md border border-failed/40 bg-failed-soft px-3 py-2.5 text-left"
    >
      <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-failed" />
      <div className="flex min-w-0 flex-1 flex-col gap-1.5">
        <h3 className="font-semibold text-text wrap-anywhere">{title}</h3>
        <p className="text-text wrap-anywhere">{message}</p>
        {command !== null && <CodeBlock text={command} label="Command that mends it" />}
        {children}
        {actions && <div className="flex flex-wrap gap-2 pt-0.5">{actions}</div>}
        <Disclosure label="Technical details">
          <dl
            data-selectable
            className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 font-code text-meta wrap-anywhere"
          >
            <dt className="text-text">code</dt>
            <dd className="m-0">{error.code}</dd>
            {entries.map(([name, value]) => (
              <div key={name} className="contents">
                <dt className="text-text">{name}</dt>
                <dd className="m-0 whitespace-pre-wrap">
                  {Array.isArray(value) ? value.join('\n') : String(value)}
                </dd>
              </div>
            ))}
          </dl>
          <div className="-ml-3 pt-1">
            <CopyButton text={errorText(title, error)} label="Copy details" />
          </div>
        </Disclosure>
      </div>
    </section>
  );
}
