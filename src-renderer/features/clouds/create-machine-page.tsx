/** A new machine: the account, what it has on offer, and the form. What is typed stays when the account is changed. */
import { Cloud as CloudIcon, Plug } from 'lucide-react';
import { useState } from 'react';
import type { Cloud } from '#contract/clouds.ts';
import { errorCodes } from '#contract/error-codes.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Page } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { useClient, useClouds, useCommand, useViewActions } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { useAsked } from '../../state/use-asked.ts';
import { cloudDialogs } from './cloud-dialogs.ts';
import { cannotMake, isFull, limitText } from './cloud-words.ts';
import { MakingLine } from './making-line.tsx';
import { newMachineDraft } from './machine-draft.ts';
import { MachineForm } from './machine-form.tsx';
import { type Making, useMaking } from './use-making.ts';
import { useProviders } from '../../state/use-providers.ts';
import { commonWords, withArticle, wordsOf } from './provider-words.ts';

export default function CreateMachinePage({ view: ref, tabId }: ViewProps<'create-machine'>) {
  const clouds = useClouds();
  const providers = useProviders().answer;
  const connect = useCommand('cloud.connect');
  const view = useViewActions();
  const making = useMaking(tabId, ref);
  const usable = clouds.items.find((each) => cannotMake(each) === null);
  const cloud = clouds.items.find(({ id }) => id === ref.cloudId) ?? usable ?? clouds.items[0];
  const words = cloud === undefined ? commonWords(providers) : wordsOf(providers, cloud.provider);
  return (
    <Page
      title={`Create ${withArticle(words.machineWord)}`}
      lead="Berth rents it, sets it up with Docker, pins its host key, and ends with a host that is connected: about two minutes."
      width="normal"
    >
      {clouds.status === 'loading' && <LoadingRows label="Loading the accounts" rows={6} />}
      {clouds.status === 'error' && clouds.error !== null && (
        <ErrorNote
          title="The accounts could not be read"
          error={clouds.error}
          actions={<Button onClick={clouds.retry}>Read again</Button>}
        />
      )}
      {clouds.status === 'ready' && cloud === undefined && (
        <EmptyState
          icon={CloudIcon}
          title="Connect an account first"
          actions={
            <Button variant="primary" icon={Plug} onClick={connect.run}>
              Connect an account
            </Button>
          }
        >
          Berth needs a token of your account{providers?.length === 1 && ` at ${words.name}`}. It is pasted
          once and goes into the keychain.
        </EmptyState>
      )}
      {cloud !== undefined && (
        <Offered
          cloud={cloud}
          clouds={clouds.items}
          words={words}
          making={making}
          onCloud={(cloudId) => view.replace(tabId, { type: 'create-machine', cloudId })}
        />
      )}
    </Page>
  );
}

function Offered(props: {
  readonly cloud: Cloud;
  readonly clouds: readonly Cloud[];
  readonly words: { readonly name: string; readonly machineWord: string; readonly machinesWord: string };
  readonly making: Making;
  readonly onCloud: (id: Cloud['id']) => void;
}) {
  const { cloud, clouds, words, making, onCloud } = props;
  const client = useClient();
  const [draft, setDraft] = useState(newMachineDraft);
  const problem = cannotMake(cloud);
  const offer = useAsked(problem === null ? `${cloud.id} ${making.refusals}` : null, (signal) =>
    client.call('clouds.offer', { id: cloud.id }, { signal }),
  );
  const limit = limitText(cloud, words);
  return (
    <div className="flex flex-col gap-6">
      {clouds.length > 1 && (
        <Select
          label="Account"
          value={cloud.id}
          options={clouds.map((each) => ({
            value: each.id,
            label: each.label,
            ...(cannotMake(each) === null ? {} : { detail: cannotMake(each) ?? '' }),
          }))}
          help={limit === null ? undefined : `It has ${limit}.`}
          onChange={(id) => {
            onCloud(id);
            setDraft((before) => ({ ...before, region: null, size: null, image: null }));
          }}
        />
      )}
      {problem !== null && (
        <ErrorNote
          title={`Nothing can be made with ${cloud.label} now`}
          error={
            cloud.state.phase === 'refused'
              ? cloud.state.error
              : { code: 'cloud.refused', message: problem, details: {} }
          }
          actions={
            cloud.standing === 'locked' ? null : (
              <Button onClick={() => cloudDialogs.open({ kind: 'token', cloudId: cloud.id })}>
                Replace token…
              </Button>
            )
          }
        />
      )}
      {/* Else it stands beside the form's button. */}
      {problem !== null && making.isWaiting && <MakingLine making={making} provider={words.name} />}
      {problem === null && isFull(cloud) && (
        <p role="status" className="rounded-md border border-line bg-attention-soft px-3 py-2 text-text">
          The account is at its limit, {limit}: {words.name} will refuse another one until one is destroyed or
          the limit is raised there.
        </p>
      )}
      {problem === null && offer.answer === null && offer.error === null && (
        <LoadingRows label={`Asking ${words.name} what is on offer`} rows={8} />
      )}
      {offer.error !== null && (
        <ErrorNote
          title={errorCodes[offer.error.code].title}
          error={offer.error}
          actions={<Button onClick={offer.askAgain}>Ask again</Button>}
        />
      )}
      {offer.answer !== null && (
        <MachineForm
          cloud={cloud}
          offer={offer.answer}
          isOfferAsked={offer.isAsking}
          words={words}
          draft={draft}
          making={making}
          onDraft={(change) => setDraft((before) => ({ ...before, ...change }))}
          onOfferAgain={offer.askAgain}
        />
      )}
    </div>
  );
}
