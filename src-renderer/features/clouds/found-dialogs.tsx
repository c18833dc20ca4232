/** Adopting and destroying what was found at a provider. */
import { useMemo, useState } from 'react';
import type { FoundResource } from '#contract/clouds.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useClouds, useNotices, useViewActions } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { adoptableName, foundPrice, kindWord } from './found-words.ts';
import { useProviders } from '../../state/use-providers.ts';
import { wordsOf } from './provider-words.ts';

interface FoundDialogProps {
  readonly found: FoundResource;
  readonly onClose: () => void;
}

function useWords(found: FoundResource) {
  const provider = useClouds().byId.get(found.cloudId)?.provider;
  return wordsOf(useProviders().answer, provider);
}

export function AdoptDialog({ found, onClose }: FoundDialogProps) {
  const client = useClient();
  const view = useViewActions();
  const words = useWords(found);
  const act = useAct();
  const [name, setName] = useState(() => adoptableName(found.name));
  const isTaken = act.error?.code === 'machine.name-taken';
  const errors = useMemo(
    () => (isTaken && act.error ? { name: act.error.message } : fieldErrors(act.error)),
    [act.error, isTaken],
  );
  return (
    <FormDialog
      title={`Adopt ${found.name}`}
      description={`It becomes one of this Berth’s ${words.machinesWord}: counted, watched over, and a host where its key is still here.`}
      action="Adopt"
      isReady={name.trim() !== ''}
      reason="Give it a name first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="It was not adopted"
      failure={isTaken ? null : errorBesideFields(act.error, (field) => field === 'name')}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const machine = await client.call('clouds.adoptFound', { id: found.id, name });
          onClose();
          view.open({ type: 'machine', machineId: machine.id });
        })
      }
    >
      <TextField
        label="Name"
        help="Letters, digits and dashes."
        isCode
        value={name}
        error={errors.name ?? null}
        onChange={setName}
      />
    </FormDialog>
  );
}

export function DestroyFoundDialog({ found, onClose }: FoundDialogProps) {
  const client = useClient();
  const notices = useNotices();
  const view = useViewActions();
  const words = useWords(found);
  const act = useAct();
  const [typed, setTyped] = useState('');
  const what = kindWord(found.kind, words.machineWord);
  const price = foundPrice(found);
  return (
    <FormDialog
      title={`Destroy ${found.name}?`}
      description={`This ${what} is destroyed at ${words.name}, with everything on it. This cannot be taken back.`}
      action={`Destroy ${what}`}
      isDangerous
      isReady={typed === found.name}
      reason="Type its name first"
      isBusy={act.isBusy}
      failureTitle="It was not destroyed"
      failure={act.error}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const operation = await client.call('clouds.destroyFound', { id: found.id, name: typed });
          onClose();
          notices.show({
            title: `${found.name} is being destroyed`,
            action: {
              label: 'Show',
              run: () => view.open({ type: 'operation', operationId: operation.id }),
            },
          });
        })
      }
    >
      <p className="text-muted wrap-anywhere">
        {found.detail}
        {price !== null && ` It costs ${price}.`}
      </p>
      <TextField
        label={
          <>
            Type <span className="font-code break-all">{found.name}</span> to confirm
          </>
        }
        isCode
        value={typed}
        onChange={setTyped}
      />
    </FormDialog>
  );
}
