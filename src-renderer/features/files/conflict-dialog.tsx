/** Something of the name is there already: what becomes of both, asked once for all where the person says so. */
import { useState } from 'react';
import { Button } from '../../components/button.tsx';
import { Checkbox, RadioGroup } from '../../components/choices.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { formatCount } from '../../components/format.ts';
import type { ConflictAnswer, ConflictChoice } from './transfer.ts';

export interface ConflictDialogProps {
  readonly name: string;
  /** Others of which the same may be true. */
  readonly othersCount: number;
  /** One answer stands for all of them anyway. */
  readonly isOnce: boolean;
  /** Null: it is called off. */
  readonly onAnswer: (answer: ConflictAnswer | null) => void;
}

export function ConflictDialog({ name, othersCount, isOnce, onAnswer }: ConflictDialogProps) {
  const [choice, setChoice] = useState<ConflictChoice>('both');
  const [isForAll, setForAll] = useState(true);
  const others = formatCount(othersCount, 'other', 'others');
  return (
    <Dialog
      isOpen
      width="small"
      onClose={() => onAnswer(null)}
      title={`${name} is there already`}
      description={isOnce && othersCount > 0 ? `So are ${others}. The answer is for all of them.` : undefined}
      footer={
        <>
          <Button onClick={() => onAnswer(null)}>Cancel</Button>
          <Button
            variant="primary"
            onClick={() => onAnswer({ choice, isForAll: isForAll && othersCount > 0 })}
          >
            Go on
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-2">
        <RadioGroup
          label="What becomes of it"
          isLabelHidden
          value={choice}
          onChange={setChoice}
          options={[
            { value: 'both', label: 'Keep both', help: 'The new one gets a number.' },
            { value: 'replace', label: 'Replace', help: 'What is there now is gone for good.' },
            { value: 'skip', label: 'Skip', help: 'What is there stays as it is.' },
          ]}
        />
        {!isOnce && othersCount > 0 && (
          <Checkbox
            label={`The same for the ${others} where this comes up`}
            isChecked={isForAll}
            onChange={setForAll}
          />
        )}
      </div>
    </Dialog>
  );
}
