/** In place of an app that did not come: why, and once more. */
import type { ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { type ErrorFacts, ErrorNote } from '../../components/error-note.tsx';

export function AppFailure(props: {
  readonly title: string;
  readonly error?: ErrorFacts;
  readonly message?: string;
  readonly actions?: ReactNode;
  readonly onRetry: () => void;
}) {
  const { title, error, message, actions, onRetry } = props;
  const acts = (
    <>
      <Button variant="primary" onClick={onRetry}>
        Try again
      </Button>
      {actions}
    </>
  );
  return (
    <div className="absolute inset-0 overflow-y-auto bg-panel p-6">
      <div className="mx-auto max-w-[560px]">
        {error === undefined ? (
          <section role="alert" className="flex flex-col gap-2">
            <h2 className="text-lead font-semibold wrap-anywhere">{title}</h2>
            {message !== undefined && <p className="text-muted wrap-anywhere">{message}</p>}
            <div className="flex flex-wrap gap-2 pt-1">{acts}</div>
          </section>
        ) : (
          <ErrorNote title={title} error={error} actions={acts} />
        )}
      </div>
    </div>
  );
}
