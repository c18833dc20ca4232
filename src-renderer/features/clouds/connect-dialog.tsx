/** Connects an account: provider, label and token; then what the token may do there. The token is never shown again. */
import { CircleCheck } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Cloud, CloudProviderInfo } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { RadioGroup } from '../../components/choices.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useClouds, useViewActions, useViewState } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { activeTab } from '../../state/view-state.ts';
import { CloudLacks } from './cloud-lacks.tsx';
import { cannotMake, limitText } from './cloud-words.ts';
import { TokenFields } from './token-fields.tsx';
import { besideToken, tokenErrors } from './token-errors.ts';
import { useProviders } from '../../state/use-providers.ts';
import { withArticle } from './provider-words.ts';

export function ConnectDialog({ onClose }: { onClose: () => void }) {
  const providers = useProviders();
  const [first] = providers.answer ?? [];
  if (providers.answer === null || first === undefined)
    return (
      <Dialog
        isOpen
        onClose={onClose}
        title="Connect an account"
        footer={<Button onClick={onClose}>Cancel</Button>}
      >
        {providers.error !== null ? (
          <ErrorNote
            title="The providers could not be read"
            error={providers.error}
            actions={<Button onClick={providers.askAgain}>Read again</Button>}
          />
        ) : providers.isAsking ? (
          <LoadingRows label="Looking which providers there are" rows={3} />
        ) : (
          <p className="text-muted">This Berth knows no provider.</p>
        )}
      </Dialog>
    );
  return <ConnectForm providers={providers.answer} first={first} onClose={onClose} />;
}

function ConnectForm(props: {
  readonly providers: readonly CloudProviderInfo[];
  readonly first: CloudProviderInfo;
  readonly onClose: () => void;
}) {
  const { providers, first, onClose } = props;
  const client = useClient();
  const act = useAct();
  const taken = useClouds().items.map(({ label }) => label);
  const [providerId, setProviderId] = useState(first.id);
  const provider = providers.find(({ id }) => id === providerId) ?? first;
  const [typedLabel, setLabel] = useState<string | null>(null);
  const [token, setToken] = useState('');
  const [connected, setConnected] = useState<Cloud | null>(null);
  const label = typedLabel ?? freeLabel(provider.name, taken);
  const errors = useMemo(() => tokenErrors(act.error), [act.error]);

  if (connected !== null) return <Connected cloud={connected} provider={provider} onClose={onClose} />;
  const isReady = token.trim() !== '' && label.trim() !== '';
  return (
    <FormDialog
      title="Connect an account"
      description="Berth rents machines there in your name, and counts what they cost."
      action="Connect"
      isReady={isReady}
      reason={token.trim() === '' ? 'Paste the token first' : 'Give it a label first'}
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The account was not connected"
      failure={besideToken(act.error, ['label', 'token'])}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const cloud = await client.call('clouds.connect', { provider: provider.id, label, token });
          setToken('');
          setConnected(cloud);
        })
      }
    >
      {providers.length > 1 && (
        <RadioGroup
          label="Provider"
          value={provider.id}
          options={providers.map(({ id, name }) => ({ value: id, label: name }))}
          onChange={setProviderId}
        />
      )}
      <TokenFields
        provider={provider}
        token={token}
        error={errors.token ?? null}
        onToken={(next) => {
          setToken(next);
          act.forget();
        }}
      />
      <TextField
        label="Label"
        help="How the account is called in Berth."
        value={label}
        error={errors.label ?? null}
        onChange={setLabel}
      />
    </FormDialog>
  );
}

function freeLabel(name: string, taken: readonly string[]): string {
  for (let n = 1; ; n += 1) {
    const label = n === 1 ? name : `${name} ${n}`;
    if (!taken.includes(label)) return label;
  }
}

function Connected(props: {
  readonly cloud: Cloud;
  readonly provider: CloudProviderInfo;
  readonly onClose: () => void;
}) {
  const { cloud, provider, onClose } = props;
  const view = useViewActions();
  const front = useViewState(activeTab);
  const limit = limitText(cloud, provider);
  const problem = cannotMake(cloud);
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`${cloud.label} is connected`}
      footer={
        <>
          <Button onClick={onClose}>Done</Button>
          <Button
            variant="primary"
            disabled={problem !== null}
            {...(problem === null ? {} : { reason: problem })}
            onClick={() => {
              onClose();
              const ref = { type: 'create-machine', cloudId: cloud.id } as const;
              // What was typed into a form that is open already stays, and is of this account now.
              if (front?.ref.type === 'create-machine') view.replace(front.id, ref);
              else view.open(ref);
            }}
          >
            Create {withArticle(provider.machineWord)}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="flex items-start gap-2">
          <CircleCheck aria-hidden size={16} className="mt-0.5 shrink-0 text-running" />
          <span className="min-w-0 wrap-anywhere">
            {cloud.owner === null ? `${provider.name} accepts the token.` : `The account of ${cloud.owner}.`}
            {limit !== null && ` It has ${limit}.`}
          </span>
        </p>
        <CloudLacks cloud={cloud} provider={provider.name} isOpenAtFirst />
      </div>
    </Dialog>
  );
}
