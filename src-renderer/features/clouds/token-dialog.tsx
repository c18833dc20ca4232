/** Puts a new token of the same account in the place of the one that is kept. */
import { useMemo, useState } from 'react';
import type { Cloud } from '#contract/clouds.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { besideToken, tokenErrors } from './token-errors.ts';
import { TokenFields } from './token-fields.tsx';
import { useProviders } from '../../state/use-providers.ts';

export function TokenDialog({ cloud, onClose }: { cloud: Cloud; onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const providers = useProviders();
  const act = useAct();
  const [token, setToken] = useState('');
  const errors = useMemo(() => tokenErrors(act.error), [act.error]);
  const provider = providers.answer?.find(({ id }) => id === cloud.provider);
  return (
    <FormDialog
      title={`Replace the token of ${cloud.label}`}
      description="It must be of the same account. The old one is forgotten once the new one is accepted."
      action="Replace token"
      isReady={token.trim() !== ''}
      reason="Paste the token first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="The token was not replaced"
      failure={besideToken(act.error, ['token'])}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          await client.call('clouds.replaceToken', { id: cloud.id, token });
          notices.show({ level: 'done', title: `${cloud.label} has a new token` });
          onClose();
        })
      }
    >
      {provider !== undefined && (
        <TokenFields
          provider={provider}
          token={token}
          error={errors.token ?? null}
          onToken={(next) => {
            setToken(next);
            act.forget();
          }}
        />
      )}
      {provider === undefined && providers.error === null && (
        <LoadingRows label="Looking which providers there are" rows={3} />
      )}
      {providers.error !== null && (
        <ErrorNote title="The providers could not be read" error={providers.error} />
      )}
    </FormDialog>
  );
}
