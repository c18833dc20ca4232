/** Until the provider has said yes or no to a machine: what is done now, and the way to all of its steps. */
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { runningStep } from '../../state/operation-progress.ts';
import type { Making } from './use-making.ts';

export function MakingLine(props: {
  readonly making: Making;
  readonly provider: string;
  readonly className?: string;
}) {
  const { making, provider, className } = props;
  const { operation } = making;
  const step = operation === undefined ? undefined : runningStep(operation);
  const now =
    operation?.state === 'undoing'
      ? 'Taking back what was made'
      : [step === undefined ? `Asking ${provider}` : `Under way: ${step.title}`, step?.note]
          .filter((part) => part)
          .join(': ');
  return (
    <div className={classNames('flex min-w-0 flex-wrap items-center gap-x-3', className)}>
      <p role="status" className="min-w-0 text-muted wrap-anywhere">
        {now}…
      </p>
      <Button variant="quiet" onClick={making.show}>
        Show its steps
      </Button>
    </div>
  );
}
