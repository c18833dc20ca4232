/** A house without hosts: three doors, and what this computer already knows. */
import { Cloud, Monitor, Server } from 'lucide-react';
import { type ComponentType, type ReactNode, useEffect, useState } from 'react';
import type { CloudProviderInfo } from '#contract/clouds.ts';
import type { HostCandidate } from '#contract/hosts.ts';
import { Button } from '../../components/button.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import {
  useClient,
  useClouds,
  useCommand,
  useMay,
  useNotices,
  useViewActions,
} from '../../state/app-context.tsx';
import { useAsked } from '../../state/use-asked.ts';
import { HomeParts } from './home-parts.tsx';

const SHOWN_CANDIDATES = 4;

export function FirstRun({ isVisible }: { isVisible: boolean }) {
  const view = useViewActions();
  const mayRent = useMay('machines.write');
  const candidates = useCandidates(isVisible);
  const socket = candidates?.find((one) => one.source === 'engine-socket');
  const names = candidates?.filter((one) => one.source === 'ssh-config') ?? [];
  return (
    <Page
      title="Where do you want to work?"
      lead="A host is a machine with Docker. Berth makes workspaces on it: containers with files that last, and terminals in them."
      width="normal"
    >
      <HomeParts />
      {candidates === null && <LoadingRows label="Looking on this computer" rows={2} />}
      {(socket !== undefined || names.length > 0) && (
        <Section title="Found on this computer">
          <Card>
            <ul aria-label="Found on this computer" className="m-0 list-none divide-y divide-line p-0">
              {[...(socket === undefined ? [] : [socket]), ...names.slice(0, SHOWN_CANDIDATES)].map((one) => (
                <Candidate key={`${one.source} ${one.name}`} candidate={one} />
              ))}
            </ul>
          </Card>
          {names.length > SHOWN_CANDIDATES && (
            <p className="text-meta text-muted">
              And {names.length - SHOWN_CANDIDATES} more names of your SSH configuration, under “A server over
              SSH”.
            </p>
          )}
        </Section>
      )}
      <div className="grid grid-cols-3 gap-3 max-md:grid-cols-1">
        <Door
          icon={Monitor}
          title="This computer"
          time={socket === undefined ? 'Needs Docker or Podman here' : 'Ready: its engine was found'}
          onOpen={() => view.open({ type: 'add-host' })}
        >
          Use the container engine that runs here.
        </Door>
        <Door
          icon={Server}
          title="A server over SSH"
          time="Under a minute"
          onOpen={() => view.open({ type: 'add-host' })}
        >
          Any machine with Docker that you can reach. Nothing is installed on it, nothing is opened.
        </Door>
        {mayRent && <CloudDoor isVisible={isVisible} />}
      </div>
    </Page>
  );
}

/** Rents a machine; without an account, it asks for one first. */
function CloudDoor({ isVisible }: { isVisible: boolean }) {
  const clouds = useClouds();
  const create = useCommand('machine.create');
  const provider = useOnlyProvider(isVisible);
  const hasAccount = clouds.items.length > 0;
  const article = /^[aeiou]/i.test(provider?.name ?? '') ? 'An' : 'A';
  return (
    <Door
      icon={Cloud}
      title={provider === null ? 'A rented machine' : `${article} ${provider.name} ${provider.machineWord}`}
      time={
        hasAccount ? 'About two minutes' : 'About two minutes, once an account is connected with its token'
      }
      onOpen={create.run}
    >
      Berth rents it, sets it up with Docker, and counts what it costs.
    </Door>
  );
}

/** Null until it is known, and where there are several: no door is named after one of many. */
function useOnlyProvider(isVisible: boolean): CloudProviderInfo | null {
  const client = useClient();
  const asked = useAsked(isVisible ? 'providers' : null, (signal) =>
    client.call('clouds.providers', {}, { signal }),
  );
  const [kept, setKept] = useState<CloudProviderInfo | null>(null);
  const [first, ...others] = asked.answer?.providers ?? [];
  useEffect(() => {
    if (first !== undefined) setKept(others.length === 0 ? first : null);
  }, [first, others.length]);
  return kept;
}

function Door(props: {
  readonly icon: ComponentType<{ size?: number; strokeWidth?: number; className?: string }>;
  readonly title: string;
  readonly time: string;
  readonly onOpen: () => void;
  readonly children: ReactNode;
}) {
  const { icon: Icon, title, time, onOpen, children } = props;
  return (
    <button
      type="button"
      onClick={onOpen}
      className="flex min-h-40 flex-col items-start gap-1.5 rounded-lg border border-line bg-raised p-4 text-left transition-colors hover:border-accent hover:bg-hover"
    >
      <Icon size={22} strokeWidth={1.5} className="text-accent" />
      <span className="text-lead font-semibold">{title}</span>
      <span className="text-muted">{children}</span>
      <span className="mt-auto pt-2 text-meta text-muted">{time}</span>
    </button>
  );
}

function useCandidates(isVisible: boolean): readonly HostCandidate[] | null {
  const client = useClient();
  const [candidates, setCandidates] = useState<readonly HostCandidate[] | null>(null);
  useEffect(() => {
    if (!isVisible) return;
    const stop = new AbortController();
    client.call('hosts.candidates', {}, { signal: stop.signal }).then(
      (found) => setCandidates(found.candidates),
      () => {
        // The doors work without; the page of adding says what went wrong.
        if (!stop.signal.aborted) setCandidates([]);
      },
    );
    return () => stop.abort();
  }, [client, isVisible]);
  return candidates;
}

/** One click: what was found is complete, so it is added at once and Berth connects. */
function Candidate({ candidate }: { candidate: HostCandidate }) {
  const client = useClient();
  const view = useViewActions();
  const notices = useNotices();
  const [isBusy, setBusy] = useState(false);
  const Icon = candidate.source === 'engine-socket' ? Monitor : Server;
  const add = async () => {
    setBusy(true);
    try {
      const host = await client.call('hosts.add', {
        name: candidate.name,
        definition: candidate.definition,
      });
      view.open({ type: 'host', hostId: host.id });
    } catch (cause) {
      notices.fail(`${candidate.name} was not added`, cause);
      setBusy(false);
    }
  };
  return (
    <li className="flex items-center gap-3 px-3 py-2">
      <Icon aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
      <span className="min-w-0 flex-1">
        <span className="block truncate font-medium" dir="auto">
          {candidate.name}
        </span>
        <span className="block truncate text-meta text-muted">{candidate.detail}</span>
      </span>
      <Button isBusy={isBusy} onClick={() => void add()} aria-label={`Add ${candidate.name}`}>
        Add
      </Button>
    </li>
  );
}
