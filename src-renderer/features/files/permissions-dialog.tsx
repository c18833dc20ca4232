/** Who may do what with the chosen entries: a grid of read, write and run, the special bits, and the same as octal digits. */
import { useState } from 'react';
import { Checkbox } from '../../components/choices.tsx';
import { modeOfOctal, modeText, octalText } from '../../components/file-mode.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { formatCount } from '../../components/format.ts';
import { TextField } from '../../components/text-field.tsx';
import { useAct } from '../../state/use-act.ts';
import type { NewMode } from './file-acts.ts';
import type { Row } from './entry-order.ts';

const who = ['Owner', 'Group', 'Others'] as const;
const what = [
  { label: 'Read', bit: 4 },
  { label: 'Write', bit: 2 },
  { label: 'Run', bit: 1 },
] as const;
const special = [
  { label: 'Runs as its owner (setuid)', bit: 0o4000 },
  { label: 'Runs as its group, new entries of a folder have its group (setgid)', bit: 0o2000 },
  { label: 'Only owners delete what is in it (sticky)', bit: 0o1000 },
] as const;

export interface PermissionsDialogProps {
  readonly rows: readonly Row[];
  readonly onSet: (change: NewMode) => Promise<void>;
  readonly onClose: () => void;
}

export function PermissionsDialog({ rows, onSet, onClose }: PermissionsDialogProps) {
  const [first] = rows;
  const begun = first?.entry.mode ?? 0;
  const [mode, setMode] = useState(begun);
  const [octal, setOctal] = useState(octalText(begun));
  const [isRecursive, setRecursive] = useState(false);
  const act = useAct();
  const hasFolder = rows.some(({ entry }) => entry.kind === 'folder');
  const areSame = rows.every(({ entry }) => entry.mode === begun);
  const isOctal = modeOfOctal(octal) !== null;
  const flip = (bit: number) => {
    // oxlint-disable-next-line no-bitwise -- permissions are bits
    const next = mode ^ bit;
    setMode(next);
    setOctal(octalText(next));
  };
  const has = (bit: number) => (mode & bit) !== 0;
  const title =
    rows.length === 1 && first
      ? `Permissions of ${first.entry.name}`
      : `Permissions of ${formatCount(rows.length, 'entry', 'entries')}`;
  return (
    <FormDialog
      title={title}
      description={
        rows.length === 1 && first
          ? `It belongs to ${first.entry.owner}, group ${first.entry.group}.`
          : areSame
            ? undefined
            : 'They differ now; all get the same.'
      }
      width="small"
      action="Set permissions"
      isReady={isOctal}
      reason="The octal digits are not three or four of 0 to 7"
      isBusy={act.isBusy}
      failureTitle="The permissions were not changed"
      failure={act.error}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await onSet({ mode, isRecursive: isRecursive && hasFolder });
          onClose();
        })
      }
    >
      <table className="w-full border-collapse">
        <thead>
          <tr className="text-left text-meta text-muted">
            <td />
            {what.map(({ label }) => (
              <th key={label} scope="col" className="py-1 font-medium">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {who.map((name, index) => (
            <tr key={name} className="border-t border-line">
              <th scope="row" className="py-1 text-left font-normal">
                {name}
              </th>
              {what.map(({ label, bit }) => (
                <td key={label}>
                  <Checkbox
                    label={<span className="sr-only">{`${name}: ${label.toLowerCase()}`}</span>}
                    isChecked={has(bit << (6 - index * 3))}
                    onChange={() => flip(bit << (6 - index * 3))}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <div>
        {special.map(({ label, bit }) => (
          <Checkbox key={bit} label={label} isChecked={has(bit)} onChange={() => flip(bit)} />
        ))}
      </div>
      <TextField
        label="Octal"
        isCode
        inputMode="numeric"
        maxLength={4}
        value={octal}
        error={isOctal ? null : 'must be three or four digits of 0 to 7'}
        help={<span className="font-code">{modeText(mode)}</span>}
        onChange={(text) => {
          setOctal(text);
          const typed = modeOfOctal(text);
          if (typed !== null) setMode(typed);
        }}
      />
      {hasFolder && (
        <Checkbox
          label="All that is in the folder, too"
          help="Folders get “run” where they get “read”: without it nobody can go in."
          isChecked={isRecursive}
          onChange={setRecursive}
        />
      )}
    </FormDialog>
  );
}
