/** A gate that was not passed: what happened in plain words, what can be done, and what it costs meanwhile. */
import { CircleAlert } from 'lucide-react';
import type { Machine, TroubleChoice } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatPerHour } from '../../components/money.ts';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useClient, useConfirm, useMay } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { choiceLabels, choiceOrder, troubleTitle } from './machine-words.ts';

export function TroubleNote({ machine, word }: { machine: Machine; word: string }) {
  const client = useClient();
  const confirm = useConfirm();
  const mayDecide = useMay('machines.write');
  const act = useAct();
  const { trouble } = machine;
  if (trouble === null) return null;
  const decide = async (choice: TroubleChoice) => {
    if (choice === 'destroy') {
      const isAgreed = await confirm({
        title: `Destroy ${machine.name}?`,
        body: `It costs nothing more once the ${word} is gone; that is followed to the end.`,
        deletes: [`The ${word} and all that was made for it at the provider`],
        action: 'Destroy machine',
        isDangerous: true,
      });
      if (!isAgreed) return;
    }
    await act.run(async () => {
      await client.call('machines.decide', { id: machine.id, choice });
    });
  };
  const offered = choiceOrder.filter((choice) => trouble.choices.includes(choice));
  return (
    <section
      role="alert"
      className="flex gap-2.5 rounded-md border border-attention/40 bg-attention-soft px-3 py-2.5"
    >
      <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-attention" />
      <div className="flex min-w-0 flex-1 flex-col gap-2">
        <h2 className="font-semibold wrap-anywhere">{troubleTitle(trouble)}</h2>
        <p className="wrap-anywhere">{trouble.error.message}</p>
        {mayDecide ? (
          <div className="flex flex-wrap items-center gap-2">
            {offered.map((choice) => (
              <Button
                key={choice}
                variant={choice === 'destroy' ? 'danger' : 'secondary'}
                disabled={act.isBusy}
                reason="The answer is on its way"
                onClick={() => void decide(choice)}
              >
                {choiceLabels[choice]}
              </Button>
            ))}
            <Price machine={machine} />
          </div>
        ) : (
          <Price machine={machine} />
        )}
        {trouble.choices.includes('keep') && mayDecide && (
          <p className="text-meta text-text">
            Kept, it stays unfinished and goes on costing; its making can be taken up again.
          </p>
        )}
        {act.error !== null && <ErrorNote title="The answer was not taken" error={act.error} />}
        <Disclosure label={<span className="text-text">Technical details</span>}>
          <dl
            data-selectable
            className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-0.5 font-code text-meta wrap-anywhere"
          >
            <dt>code</dt>
            <dd className="m-0">{trouble.error.code}</dd>
            {Object.entries(trouble.error.details).map(([name, value]) => (
              <div key={name} className="contents">
                <dt>{name}</dt>
                <dd className="m-0 whitespace-pre-wrap">
                  {Array.isArray(value) ? value.join('\n') : String(value)}
                </dd>
              </div>
            ))}
          </dl>
        </Disclosure>
      </div>
    </section>
  );
}

function Price({ machine }: { machine: Machine }) {
  const { trouble } = machine;
  return (
    <span className="tabular">
      {machine.providerId === null
        ? 'It costs nothing yet.'
        : `It costs ${formatPerHour(machine.hourlyUsd)} meanwhile.`}
      {trouble !== null && (
        <>
          {' '}
          Waits for you since <RelativeTime at={trouble.sinceAt} className="whitespace-nowrap" />.
        </>
      )}
    </span>
  );
}
