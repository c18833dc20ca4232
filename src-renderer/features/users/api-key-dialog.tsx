/** Makes a key: its name, what it can do, how long. Then shows it, this once. */
import { useMemo, useState } from 'react';
import type { Scope } from '#contract/scopes.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox, RadioGroup } from '../../components/choices.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useAbout, useClient } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { readScopes, scopeGroups } from './scope-words.ts';

const lives = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: 'never', label: 'Until it is removed' },
] as const;
type Life = (typeof lives)[number]['value'];
type Extent = 'read' | 'all' | 'custom';

export function ApiKeyDialog({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const own = useAbout().value?.scopes ?? [];
  const act = useAct();
  const [name, setName] = useState('');
  const [extent, setExtent] = useState<Extent>('read');
  const [chosen, setChosen] = useState<ReadonlySet<Scope>>(() => new Set(readScopes(own)));
  const [life, setLife] = useState<Life>('90');
  const [key, setKey] = useState<string | null>(null);
  const errors = useMemo(() => fieldErrors(act.error), [act.error]);
  const given = { read: readScopes(own), all: own, custom: own.filter((scope) => chosen.has(scope)) }[extent];

  if (key !== null) return <MadeDialog name={name.trim()} apiKey={key} onClose={onClose} />;
  return (
    <FormDialog
      title="New API key"
      description="For a script or a program. It acts as you, within what you choose here."
      action="Make key"
      isReady={name.trim() !== '' && given.length > 0}
      reason={name.trim() === '' ? 'Give it a name first' : 'Choose something that it can do'}
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The key was not made"
      failure={errorBesideFields(act.error, (field) => field === 'name')}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const made = await client.call('apiKeys.create', {
            name,
            scopes: [...given],
            expiresInDays: life === 'never' ? null : Number(life),
          });
          setKey(made.key);
        })
      }
    >
      <TextField
        label="Name"
        placeholder="Nightly snapshots"
        value={name}
        error={errors.name}
        onChange={setName}
      />
      <RadioGroup<Extent>
        label="It can"
        value={extent}
        onChange={(next) => {
          // Custom begins with what was chosen before.
          if (next === 'custom') setChosen(new Set(given));
          setExtent(next);
        }}
        options={[
          { value: 'read', label: 'Read only', help: 'See what you see, and change nothing.' },
          { value: 'all', label: 'Everything that you can do' },
          { value: 'custom', label: 'Custom' },
        ]}
      />
      {extent === 'custom' && <ScopeChoice own={own} chosen={chosen} onChange={setChosen} />}
      <Select label="It works for" value={life} options={lives} onChange={setLife} />
    </FormDialog>
  );
}

interface ScopeChoiceProps {
  readonly own: readonly Scope[];
  readonly chosen: ReadonlySet<Scope>;
  readonly onChange: (chosen: ReadonlySet<Scope>) => void;
}

/** Changing something without seeing it is of no use: what may change a thing may read it, too. */
function ScopeChoice({ own, chosen, onChange }: ScopeChoiceProps) {
  const set = (add: readonly (Scope | null)[], remove: readonly (Scope | null)[]) => {
    const next = new Set(chosen);
    for (const scope of add) if (scope !== null) next.add(scope);
    for (const scope of remove) if (scope !== null) next.delete(scope);
    onChange(next);
  };
  return (
    <table className="w-full border-collapse text-left" aria-label="What the key can do">
      <thead>
        <tr className="border-b border-line text-meta text-muted">
          <th scope="col" className="py-1 font-medium">
            Thing
          </th>
          <th scope="col" className="w-24 font-medium">
            Read
          </th>
          <th scope="col" className="w-24 font-medium">
            Change
          </th>
        </tr>
      </thead>
      <tbody>
        {scopeGroups(own).map(({ noun, label, read, write }) => (
          <tr key={noun} className="border-b border-line/60">
            <th scope="row" className="font-normal">
              {label}
            </th>
            <td>
              {read !== null && (
                <Checkbox
                  label={<span className="sr-only">Read {label.toLowerCase()}</span>}
                  isChecked={chosen.has(read)}
                  onChange={(isChecked) => (isChecked ? set([read], []) : set([], [read, write]))}
                />
              )}
            </td>
            <td>
              {write !== null && (
                <Checkbox
                  label={<span className="sr-only">Change {label.toLowerCase()}</span>}
                  isChecked={chosen.has(write)}
                  onChange={(isChecked) => (isChecked ? set([read, write], []) : set([], [write]))}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MadeDialog({ name, apiKey, onClose }: { name: string; apiKey: string; onClose: () => void }) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      staysOnOutsidePress
      title={`The key ${name}`}
      description="It is shown this once: Berth keeps only a hash of it. Copy it to where it is used."
      footer={
        <Button variant="primary" onClick={onClose}>
          I have copied it
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <CodeBlock text={apiKey} label="Key" />
        <p className="text-meta text-muted">
          Programs send it as <code>Authorization: Bearer …</code>. Whoever has it can do what it can.
        </p>
      </div>
    </Dialog>
  );
}
