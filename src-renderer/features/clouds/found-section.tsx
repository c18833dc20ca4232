/** What costs at the providers and is not known here: adopt it, destroy it, or leave it. What was left is folded away. */
import { CircleAlert } from 'lucide-react';
import type { CloudProviderInfo, FoundResource } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes } from '../../components/format.ts';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useClient, useClouds, useFound, useMay, useNotices } from '../../state/app-context.tsx';
import { cloudDialogs } from './cloud-dialogs.ts';
import { foundTitle } from './found-words.ts';
import { wordsOf } from './provider-words.ts';

type Providers = readonly CloudProviderInfo[] | null;

export function FoundSection({ providers }: { providers: Providers }) {
  const found = useFound();
  const waiting = found.items.filter(({ isDismissed }) => !isDismissed);
  const dismissed = found.items.filter(({ isDismissed }) => isDismissed);
  if (found.status === 'error' && found.error !== null)
    return (
      <ErrorNote
        title="What else costs there could not be read"
        error={found.error}
        actions={<Button onClick={found.retry}>Read again</Button>}
      />
    );
  if (found.items.length === 0) return null;
  return (
    <Section title="Not known to this Berth">
      {waiting.length === 0 ? (
        <p className="text-muted">Everything that costs is known, or was left by you.</p>
      ) : (
        <FoundList label="Not known to this Berth" items={waiting} providers={providers} />
      )}
      {dismissed.length > 0 && (
        <Disclosure label={`Left by you: ${dismissed.length}`}>
          <FoundList label="Left by you" items={dismissed} providers={providers} />
        </Disclosure>
      )}
    </Section>
  );
}

function FoundList(props: {
  readonly label: string;
  readonly items: readonly FoundResource[];
  readonly providers: Providers;
}) {
  const { label, items, providers } = props;
  return (
    <Card>
      <ul aria-label={label} className="m-0 list-none divide-y divide-line p-0">
        {items.map((found) => (
          <FoundRow key={found.id} found={found} providers={providers} />
        ))}
      </ul>
    </Card>
  );
}

function FoundRow({ found, providers }: { found: FoundResource; providers: Providers }) {
  const client = useClient();
  const notices = useNotices();
  const clouds = useClouds();
  const mayAct = useMay('machines.write');
  const cloud = clouds.byId.get(found.cloudId);
  const words = wordsOf(providers, cloud?.provider);
  const dismiss = async (isDismissed: boolean) => {
    try {
      await client.call('clouds.dismissFound', { id: found.id, isDismissed });
      if (isDismissed)
        notices.show({
          title: `${found.name} is left as it is`,
          body: 'It goes on costing; Berth does not speak of it any more.',
          action: { label: 'Undo', run: () => void dismiss(false) },
        });
    } catch (cause) {
      notices.fail(`${found.name}: this did not work`, cause);
    }
  };
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-2 px-3 py-2.5">
      <CircleAlert
        aria-hidden
        size={16}
        className={`mt-0.5 shrink-0 ${found.isDismissed ? 'text-muted' : 'text-attention'}`}
      />
      <div className="flex min-w-0 flex-1 basis-64 flex-col gap-0.5">
        <p className="text-pretty">{foundTitle(found, words.machineWord)}</p>
        <p className="wrap-anywhere">
          <span className="font-medium" dir="auto">
            {found.name}
          </span>
          <span className="text-meta text-muted">
            {found.region !== null && ` · ${found.region}`}
            {found.sizeBytes !== null && ` · ${formatBytes(found.sizeBytes)}`}
            {found.createdAt !== null && (
              <>
                {' · made '}
                <RelativeTime at={found.createdAt} />
              </>
            )}
            {clouds.items.length > 1 && cloud !== undefined && ` · ${cloud.label}`}
          </span>
        </p>
        <p className="text-meta text-muted wrap-anywhere">{found.detail}</p>
      </div>
      {mayAct && (
        <div className="flex flex-wrap items-center gap-1 max-sm:ml-7">
          {found.canAdopt && (
            <Button
              onClick={() => cloudDialogs.open({ kind: 'adopt', foundId: found.id })}
              aria-label={`Adopt ${found.name}…`}
            >
              Adopt…
            </Button>
          )}
          <Button
            onClick={() => cloudDialogs.open({ kind: 'destroy', foundId: found.id })}
            aria-label={`Destroy ${found.name}…`}
          >
            Destroy…
          </Button>
          <Button
            variant="quiet"
            onClick={() => void dismiss(!found.isDismissed)}
            aria-label={`${found.isDismissed ? 'Speak of it again' : 'Leave it'}: ${found.name}`}
          >
            {found.isDismissed ? 'Speak of it again' : 'Leave it'}
          </Button>
        </div>
      )}
    </li>
  );
}
