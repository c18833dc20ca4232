/** What is rented: what it costs, what is not known, the machines, and the accounts they are rented with. */
import { Cloud as CloudIcon, CloudCog, Plug, ServerOff } from 'lucide-react';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { useClouds, useCommand, useMachines } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { CloudCard } from './cloud-card.tsx';
import { CostSection } from './cost-section.tsx';
import { FoundSection } from './found-section.tsx';
import { sortedMachines } from './machine-lines.ts';
import { MachineRow } from './machine-row.tsx';
import { useProviders } from '../../state/use-providers.ts';
import { commonWords, withArticle } from './provider-words.ts';

export default function CloudsPage(_props: ViewProps<'clouds'>) {
  const clouds = useClouds();
  const providers = useProviders().answer;
  const connect = useCommand('cloud.connect');
  const create = useCommand('machine.create');
  const words = commonWords(providers);
  const hasAccount = clouds.items.length > 0;
  return (
    <Page
      title="Machines and costs"
      lead={hasAccount ? undefined : 'Machines that Berth rents for you, and what they cost.'}
      actions={
        hasAccount &&
        create.isShown && (
          <Button variant="primary" icon={CloudCog} onClick={create.run}>
            Create {withArticle(words.machineWord)}
          </Button>
        )
      }
    >
      {clouds.status === 'loading' && <LoadingRows label="Loading the accounts" rows={5} />}
      {clouds.status === 'error' && clouds.error !== null && (
        <ErrorNote
          title="The accounts could not be read"
          error={clouds.error}
          actions={<Button onClick={clouds.retry}>Read again</Button>}
        />
      )}
      {clouds.status === 'ready' && !hasAccount && (
        <EmptyState
          icon={CloudIcon}
          title="No account yet"
          actions={
            connect.isShown && (
              <Button variant="primary" icon={Plug} onClick={connect.run}>
                Connect an account
              </Button>
            )
          }
        >
          {providers === null || providers.length === 0
            ? 'With a token of an account at a provider, Berth rents machines'
            : `With a token of your account at ${providers.map(({ name }) => name).join(' or ')}, Berth rents ${words.machinesWord}`}{' '}
          there, makes them hosts, and counts every cent.
        </EmptyState>
      )}
      {hasAccount && (
        <>
          <CostSection />
          <FoundSection providers={providers} />
          <Machines words={words} />
          <Section
            title="Accounts"
            actions={
              connect.isShown && (
                <Button variant="quiet" icon={Plug} onClick={connect.run}>
                  Connect another
                </Button>
              )
            }
          >
            <ul aria-label="Accounts" className="m-0 flex list-none flex-col gap-3 p-0">
              {clouds.items.map((cloud) => (
                <CloudCard key={cloud.id} cloud={cloud} providers={providers} />
              ))}
            </ul>
          </Section>
        </>
      )}
    </Page>
  );
}

function Machines({ words }: { words: ReturnType<typeof commonWords> }) {
  const machines = useMachines();
  const create = useCommand('machine.create');
  return (
    <Section title="Machines">
      {machines.status === 'loading' && <LoadingRows label="Loading the machines" />}
      {machines.status === 'error' && machines.error !== null && (
        <ErrorNote
          title="The machines could not be read"
          error={machines.error}
          actions={<Button onClick={machines.retry}>Read again</Button>}
        />
      )}
      {machines.status === 'ready' && machines.items.length === 0 && (
        <Card>
          <EmptyState
            icon={ServerOff}
            title={`No ${words.machinesWord} yet`}
            actions={
              create.isShown && <Button onClick={create.run}>Create {withArticle(words.machineWord)}</Button>
            }
          >
            One form, one button, about two minutes: it ends as a host that is connected.
          </EmptyState>
        </Card>
      )}
      {machines.items.length > 0 && (
        <Card>
          <ul aria-label="Machines" className="m-0 list-none divide-y divide-line p-0">
            {sortedMachines(machines.items).map((machine) => (
              <MachineRow key={machine.id} machine={machine} />
            ))}
          </ul>
        </Card>
      )}
    </Section>
  );
}
