/** What comes nearest to what the provider did not have: one click chooses it. */
import type { CloudRegion } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { formatPerHour } from '../../components/money.ts';
import type { NextChoice } from './machine-choice.ts';

export interface NextChoicesProps {
  readonly choices: readonly NextChoice[];
  readonly wished: CloudRegion;
  readonly onChoose: (choice: NextChoice) => void;
}

export function NextChoices({ choices, wished, onChoose }: NextChoicesProps) {
  if (choices.length === 0) return null;
  return (
    <div className="flex flex-col gap-1.5">
      <p>This is on offer and comes near:</p>
      <ul className="m-0 flex list-none flex-wrap gap-2 p-0">
        {choices.map((choice) => {
          const { region, size } = choice;
          const what = `${formatCount(size.cpus, 'CPU', 'CPUs')}, ${formatBytes(size.memoryBytes)} for ${formatPerHour(size.hourlyUsd)}`;
          return (
            <li key={`${region.id} ${size.id}`}>
              <Button onClick={() => onChoose(choice)}>
                {region.id === wished.id ? what : `The same in ${region.name}`}
              </Button>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
