/** What a machine is: size, place, price, addresses, tags; and the host that it is. */
import type { ReactNode } from 'react';
import type { Cloud, CloudOffer } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useHost, useViewActions } from '../../state/app-context.tsx';
import { sizeWords } from './machine-words.ts';
import { imageName, regionName } from './offer-choices.ts';

export function MachineFacts(props: {
  readonly machine: Machine;
  readonly cloud: Cloud | undefined;
  readonly offer: CloudOffer | null;
  readonly providerName: string;
}) {
  const { machine, cloud, offer, providerName } = props;
  const size = sizeWords(machine);
  return (
    <Section title="About it">
      <Card>
        <dl className="m-0 grid grid-cols-2 gap-x-8 px-4 py-2 max-sm:grid-cols-1">
          <Fact label="Size">
            <span className="tabular">{size === '' ? machine.size : size}</span>
            {size !== '' && (
              <span className="font-code text-meta whitespace-nowrap text-muted"> {machine.size}</span>
            )}
          </Fact>
          <Fact label="Price">
            <span className="tabular">
              {formatPerHour(machine.hourlyUsd)}, {formatPerMonth(machine.monthlyUsd)}
            </span>
            {machine.life === 'asleep' && <span className="text-muted"> when awake</span>}
          </Fact>
          <Fact label="Region">{regionName(offer, machine.region)}</Fact>
          <Fact label="System">
            <span className="wrap-anywhere">{imageName(offer, machine.image)}</span>
          </Fact>
          <Fact label="IPv4 address">
            <Address text={machine.ipv4} what="IPv4 address" />
          </Fact>
          <Fact label="IPv6 address">
            <Address text={machine.ipv6} what="IPv6 address" />
          </Fact>
          <Fact label="Account">
            <Account cloud={cloud} providerName={providerName} />
          </Fact>
          <Fact label="Host">
            <HostLink machine={machine} />
          </Fact>
          <Fact label="Created">
            <RelativeTime at={machine.createdAt} />
          </Fact>
          <Fact label="Tags">
            {machine.tags.length === 0 ? (
              <span className="text-muted">none</span>
            ) : (
              <span className="flex min-w-0 flex-wrap gap-1">
                {machine.tags.map((tag) => (
                  <span
                    key={tag}
                    title={tag}
                    className="max-w-full truncate rounded-full bg-hover px-2 text-small leading-5 text-muted"
                  >
                    {tag}
                  </span>
                ))}
              </span>
            )}
          </Fact>
        </dl>
      </Card>
    </Section>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="grid min-w-0 grid-cols-[96px_1fr] items-start gap-x-3 py-1">
      <dt className="pt-px text-meta text-muted">{label}</dt>
      <dd className="m-0 min-w-0">{children}</dd>
    </div>
  );
}

function Address({ text, what }: { text: string | null; what: string }) {
  if (text === null) return <span className="text-muted">none</span>;
  return (
    <span className="flex min-w-0 items-center gap-1">
      <span data-selectable className="min-w-0 font-code text-[0.96em] wrap-anywhere">
        {text}
      </span>
      <CopyButton text={text} label={`Copy ${what}`} isIconOnly />
    </span>
  );
}

const linkClass = 'rounded-sm text-left text-accent wrap-anywhere hover:underline';

function Account({ cloud, providerName }: { cloud: Cloud | undefined; providerName: string }) {
  const view = useViewActions();
  if (cloud === undefined) return <span className="text-muted">not connected any more</span>;
  return (
    <span className="min-w-0">
      <button type="button" className={linkClass} dir="auto" onClick={() => view.open({ type: 'clouds' })}>
        {cloud.label}
      </button>
      {providerName !== '' && <span className="text-muted"> at {providerName}</span>}
    </span>
  );
}

function HostLink({ machine }: { machine: Machine }) {
  const view = useViewActions();
  const host = useHost(machine.hostId);
  if (host === undefined) return <span className="text-muted">none yet</span>;
  return (
    <button
      type="button"
      className={linkClass}
      dir="auto"
      onClick={() => view.open({ type: 'host', hostId: host.id })}
    >
      {host.name}
    </button>
  );
}
