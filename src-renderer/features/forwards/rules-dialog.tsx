/** Which ports of a workspace are forwarded as soon as something listens on them, and whether others are announced. */
import { Plus, X } from 'lucide-react';
import { useState } from 'react';
import type { ForwardRules } from '#contract/forwards.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Switch } from '../../components/choices.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useForwardRules, useMay } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { readRules, type RuleDraft, ruleDrafts, ruleSentence } from './rules-draft.ts';

/** As the contract has it. */
const maxRules = 32;
const noErrors = {};

export function RulesDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const { status, byId } = useForwardRules();
  // What is not read yet must not be written over.
  if (status !== 'ready') return null;
  return <Form workspace={workspace} rules={byId.get(workspace.id)} onClose={onClose} />;
}

function Form(props: { workspace: Workspace; rules: ForwardRules | undefined; onClose: () => void }) {
  const { workspace, rules, onClose } = props;
  const client = useClient();
  const act = useAct();
  const [drafts, setDrafts] = useState(() => ruleDrafts(rules?.rules ?? []));
  const [announces, setAnnounces] = useState(rules?.announces ?? true);
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>(noErrors);
  const edit = (next: readonly RuleDraft[]) => {
    setRefused(noErrors);
    setDrafts(next);
  };
  const read = readRules(drafts);
  const save = () => {
    if ('errors' in read) return setRefused(read.errors);
    void act.run(async () => {
      await client.call('forwards.setRules', { workspaceId: workspace.id, rules: read.rules, announces });
      onClose();
    });
  };
  return (
    <FormDialog
      title={`Port rules of ${workspace.name}`}
      description="What happens by itself when something in it begins to listen."
      action="Save rules"
      isReady
      reason=""
      isBusy={act.isBusy}
      fieldErrors={refused}
      failureTitle="The rules were not saved"
      failure={act.error}
      onSubmit={save}
      onClose={onClose}
    >
      {drafts.length === 0 && (
        <p className="text-muted">Nothing is forwarded by itself. A rule says which ports are.</p>
      )}
      {drafts.length > 0 && (
        <ul aria-label="Rules" className="m-0 flex list-none flex-col gap-2 p-0">
          {drafts.map((draft, index) => (
            <Rule
              key={draft.key}
              draft={draft}
              number={index + 1}
              errors={{ from: refused[`${index}.from`], to: refused[`${index}.to`] }}
              onChange={(next) => edit(drafts.map((each) => (each.key === next.key ? next : each)))}
              onRemove={() => edit(drafts.filter(({ key }) => key !== draft.key))}
            />
          ))}
        </ul>
      )}
      <Button
        variant="quiet"
        icon={Plus}
        className="-ml-3 self-start"
        disabled={drafts.length >= maxRules}
        reason={`There can be ${maxRules}`}
        onClick={() => {
          const key = Math.max(-1, ...drafts.map((draft) => draft.key)) + 1;
          edit([...drafts, { key, from: '', to: '', kind: 'app' }]);
        }}
      >
        Add rule
      </Button>
      {'rules' in read && read.rules.length > 0 && (
        <div role="status" className="rounded-md bg-accent-soft px-3 py-2">
          {read.rules.map((rule) => (
            <p key={ruleSentence(rule)}>{ruleSentence(rule)}</p>
          ))}
        </div>
      )}
      <Switch
        label="Announce other ports"
        help={`A quiet note offers to open or forward a port that appears in ${workspace.name}.`}
        isChecked={announces}
        onChange={setAnnounces}
      />
    </FormDialog>
  );
}

function Rule(props: {
  readonly draft: RuleDraft;
  readonly number: number;
  readonly errors: { readonly from: string | undefined; readonly to: string | undefined };
  readonly onChange: (draft: RuleDraft) => void;
  readonly onRemove: () => void;
}) {
  const { draft, number, errors, onChange, onRemove } = props;
  const mayListen = useMay('hosts.write');
  return (
    <li className="flex items-end gap-2">
      <TextField
        label="Port, or first"
        aria-label={`First port of rule ${number}`}
        isCode
        inputMode="numeric"
        className="w-32"
        value={draft.from}
        error={errors.from}
        onChange={(from) => onChange({ ...draft, from })}
      />
      <TextField
        label="Last"
        aria-label={`Last port of rule ${number}`}
        isCode
        isOptional
        inputMode="numeric"
        className="w-32"
        value={draft.to}
        error={errors.to}
        onChange={(to) => onChange({ ...draft, to })}
      />
      <Select
        label="As"
        className="flex-1"
        value={draft.kind}
        options={[
          { value: 'app', label: 'Web app' },
          ...(mayListen || draft.kind === 'tcp' ? [{ value: 'tcp' as const, label: 'TCP port' }] : []),
        ]}
        onChange={(kind) => onChange({ ...draft, kind })}
      />
      <IconButton label={`Remove rule ${number}`} icon={X} onClick={onRemove} />
    </li>
  );
}
