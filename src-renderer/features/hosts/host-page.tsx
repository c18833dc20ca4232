/** A host's page: its state in words, what it is, what the doctor says, its workspaces, images and kept volumes. */
import { Boxes, Pencil, Plus } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import type { Host, HostImage } from '#contract/hosts.ts';
import type { KeptVolume } from '#contract/workspaces.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Fingerprint } from '../../components/code-block.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useNow } from '../../components/now.ts';
import { Card, Page, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import {
  useApp,
  useClient,
  useCommand,
  useConfirm,
  useHost,
  useHosts,
  useMachineOfHost,
  useMay,
  useNotices,
  useViewActions,
  useWorkspaces,
} from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { lostWords } from '../../state/lost-words.ts';
import { hostMark, machineRest, workspaceMark } from '../../state/marks.ts';
import { useAsked } from '../../state/use-asked.ts';
import { DoctorSection } from './doctor-section.tsx';
import { EditHostDialog } from './edit-host-dialog.tsx';
import { engineRouteText, hostAddress, roundTripText } from './host-words.ts';
import { MachineFacts } from './machine-facts.tsx';

export default function HostPage({ view, isVisible }: ViewProps<'host'>) {
  const host = useHost(view.hostId);
  const hosts = useHosts();
  const { hostBands, hostParts } = useApp();
  const machine = useMachineOfHost(view.hostId);
  const [isEditing, setEditing] = useState(false);
  if (host === undefined)
    return (
      <Page title="Host">
        {hosts.status === 'loading' ? (
          <LoadingRows label="Loading the host" />
        ) : (
          <p className="text-muted">This host was removed.</p>
        )}
      </Page>
    );
  const isReady = host.state.phase === 'ready';
  const isResting = machineRest(host, machine) !== null;
  return (
    <Page
      title={host.name}
      lead={<Lead host={host} />}
      actions={<Verbs host={host} onEdit={() => setEditing(true)} />}
    >
      {hostBands.map((Band) => (
        <Band key={Band.name} host={host} isVisible={isVisible} />
      ))}
      {!isResting && <StateNote host={host} />}
      {host.facts !== null && (
        <MachineFacts
          facts={host.facts}
          roundTripMs={host.state.phase === 'ready' ? host.state.roundTripMs : null}
          isStale={!isReady}
        />
      )}
      <DoctorSection host={host} />
      <HostWorkspaces host={host} />
      {hostParts.map((Part) => (
        <Part key={Part.name} host={host} isVisible={isVisible} />
      ))}
      {isReady && isVisible && host.state.phase === 'ready' && host.state.engineRoute !== 'none' && (
        <>
          <KeptVolumes host={host} />
          <Images host={host} />
        </>
      )}
      {host.facts?.hostKey && (
        <Section title="Host key">
          <Fingerprint type={host.facts.hostKey.type} value={host.facts.hostKey.fingerprint} />
        </Section>
      )}
      {isEditing && <EditHostDialog host={host} onClose={() => setEditing(false)} />}
    </Page>
  );
}

function Lead({ host }: { host: Host }) {
  const mark = hostMark(host, useMachineOfHost(host.id));
  const roundTrip = roundTripText(host.state);
  return (
    <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
      <StateMark signal={mark.signal} word={mark.word} />
      <span className="font-code text-[0.96em] wrap-anywhere">{hostAddress(host.definition)}</span>
      {roundTrip !== null && <span className="tabular">{roundTrip}</span>}
      {host.state.phase !== 'ready' && host.lastReadyAt !== null && (
        <span>
          last ready <RelativeTime at={host.lastReadyAt} />
        </span>
      )}
    </span>
  );
}

function Verbs({ host, onEdit }: { host: Host; onEdit: () => void }) {
  const subject = { kind: 'host', id: host.id } as const;
  const connect = useCommand('host.connect', subject);
  const disconnect = useCommand('host.disconnect', subject);
  const terminal = useCommand('terminal.new-on-host', subject);
  const workspace = useCommand('host.new-workspace', subject);
  const mayChange = useMay('hosts.write');
  const isResting = machineRest(host, useMachineOfHost(host.id)) !== null;
  const isReady = host.state.phase === 'ready';
  return (
    <>
      {mayChange && <IconButton label="Edit host" icon={Pencil} onClick={onEdit} />}
      {host.desired === 'connected' && disconnect.isShown && !isResting && (
        <Button onClick={disconnect.run}>Disconnect</Button>
      )}
      {connect.isEnabled && !isResting && (
        <Button variant="primary" onClick={connect.run}>
          {host.state.phase === 'lost' || host.state.phase === 'failed' ? 'Try again now' : 'Connect'}
        </Button>
      )}
      {isReady && terminal.isShown && <Button onClick={terminal.run}>Open terminal</Button>}
      {workspace.isShown && host.state.phase === 'ready' && host.state.engineRoute !== 'none' && (
        <Button variant="primary" icon={Plus} onClick={workspace.run}>
          New workspace
        </Button>
      )}
    </>
  );
}

/** Where the connection has trouble: what happened, and what happens next. */
function StateNote({ host }: { host: Host }): ReactNode {
  const { state } = host;
  switch (state.phase) {
    case 'lost':
      return <LostNote state={state} />;
    case 'failed':
      return state.error.code === 'host.key-changed' ? (
        <ChangedKey host={host} error={state.error} />
      ) : (
        <ErrorNote title={errorCodes[state.error.code].title} error={state.error} />
      );
    case 'ready':
      return state.engineError === null ? (
        <p className="-mt-3 text-meta text-muted">{engineRouteText(host)}</p>
      ) : (
        <ErrorNote title={engineTitle(state.engineError.code)} error={state.engineError} />
      );
    case 'needs-you':
      return <p className="text-muted">Berth waits for your answer to a question of the server.</p>;
    case 'connecting':
      return state.hop === null ? null : <p className="text-muted">By way of {state.hop}.</p>;
    case 'disconnected':
      return null;
    default:
      return state satisfies never;
  }
}

function LostNote({ state }: { state: Extract<Host['state'], { phase: 'lost' }> }) {
  const nowMs = useNow(true);
  const words = lostWords(state, nowMs) ?? '';
  return (
    <ErrorNote title="The connection was lost" error={state.error}>
      <p className="tabular text-muted">{`${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`}</p>
    </ErrorNote>
  );
}

/** The machine itself answers: said where the code's own title would leave that open. */
function engineTitle(code: ErrorCode): string {
  return code === 'engine.unreachable' || code === 'engine.failed'
    ? 'The machine answers, its container engine does not'
    : errorCodes[code].title;
}

/** A changed key is replaced only by looking at both and saying so. */
function ChangedKey({
  host,
  error,
}: {
  host: Host;
  error: {
    code: string;
    message: string;
    details: Readonly<Record<string, string | number | boolean | readonly string[] | null>>;
  };
}) {
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const mayReplace = useMay('hosts.write');
  const was = String(error.details.was ?? '');
  const is = String(error.details.is ?? '');
  const type = String(error.details.keyType ?? 'host key');
  const replace = async () => {
    const isAgreed = await confirm({
      title: `Trust the new key of ${host.name}?`,
      body: 'A changed key means that the server was installed anew, or that somebody stands between. Only go on if you know why it changed, and compared the new fingerprint with the server’s own.',
      deletes: [`Trust in the old key ${was}`],
      action: 'Trust the new key',
      isDangerous: true,
      typeToConfirm: host.name,
    });
    if (!isAgreed) return;
    try {
      await client.call('hosts.replaceKey', { id: host.id, oldFingerprint: was, newFingerprint: is });
    } catch (cause) {
      notices.fail('The key was not replaced', cause);
    }
  };
  return (
    <ErrorNote
      title="The host key has changed, so Berth does not connect"
      error={error}
      actions={
        mayReplace &&
        was !== '' &&
        is !== '' && <Button onClick={() => void replace()}>Replace the key…</Button>
      }
    >
      {was !== '' && (
        <div className="flex flex-col gap-1">
          <span className="text-meta text-muted">It was</span>
          <Fingerprint type={type} value={was} />
        </div>
      )}
      {is !== '' && (
        <div className="flex flex-col gap-1">
          <span className="text-meta text-muted">The server now shows</span>
          <Fingerprint type={type} value={is} />
        </div>
      )}
    </ErrorNote>
  );
}

function HostWorkspaces({ host }: { host: Host }) {
  const { items } = useWorkspaces();
  const view = useViewActions();
  const machine = useMachineOfHost(host.id);
  const own = items.filter((workspace) => workspace.hostId === host.id);
  return (
    <Section title="Workspaces">
      {own.length === 0 ? (
        <p className="text-muted">None yet. A workspace is a container with files that last.</p>
      ) : (
        <Card>
          <ul className="divide-y divide-line">
            {own.map((workspace) => (
              <li key={workspace.id}>
                <button
                  type="button"
                  onClick={() => view.open({ type: 'workspace', workspaceId: workspace.id })}
                  className="focus-inset flex w-full items-center gap-3 px-3 py-2 text-left transition-colors hover:bg-hover"
                >
                  <Boxes aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
                  <span className="min-w-0 flex-1 truncate font-medium" dir="auto">
                    {workspace.name}
                  </span>
                  <span className="min-w-0 truncate font-code text-meta text-muted">{workspace.image}</span>
                  <StateMark
                    {...workspaceMark(workspace, machine)}
                    className="w-24 text-meta max-sm:w-auto"
                  />
                </button>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </Section>
  );
}

function KeptVolumes({ host }: { host: Host }) {
  const { client } = useApp();
  const confirm = useConfirm();
  const notices = useNotices();
  const mayDestroy = useMay('workspaces.write');
  const workspaces = useWorkspaces().items.filter((workspace) => workspace.hostId === host.id);
  const list = useAsked<readonly KeptVolume[]>(
    `${host.id} ${workspaces.map((each) => `${each.id}${each.state}`).join()}`,
    async (signal) => (await client.call('workspaces.keptVolumes', { hostId: host.id }, { signal })).volumes,
  );
  if (list.error !== null)
    return (
      <Section title="Kept volumes">
        <ErrorNote
          title="The volumes could not be read"
          error={list.error}
          actions={<Button onClick={list.askAgain}>Read again</Button>}
        />
      </Section>
    );
  if (list.answer === null || list.answer.length === 0) return null;
  const destroy = async (volume: KeptVolume) => {
    const isAgreed = await confirm({
      title: `Delete the files of ${volume.workspaceName}?`,
      body: 'The workspace is gone already. These are its last files on this host.',
      deletes: [
        `Volume ${volume.name}${volume.sizeBytes === null ? '' : ` (${formatBytes(volume.sizeBytes)})`}`,
      ],
      action: 'Delete files',
      isDangerous: true,
      typeToConfirm: volume.workspaceName,
    });
    if (!isAgreed) return;
    try {
      await client.call('workspaces.destroyVolume', { hostId: host.id, name: volume.name });
      list.askAgain();
    } catch (cause) {
      notices.fail(`The files of ${volume.workspaceName} were not deleted`, cause);
    }
  };
  return (
    <Section title="Kept volumes">
      <p className="text-muted">
        Files of destroyed workspaces. Choose one when you make a new workspace, or delete it.
      </p>
      <Card>
        <ul className="divide-y divide-line">
          {list.answer.map((volume) => (
            <li key={volume.name} className="flex items-center gap-3 px-3 py-2">
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium" dir="auto">
                  {volume.workspaceName}
                </span>
                <span className="block truncate font-code text-meta text-muted">{volume.name}</span>
              </span>
              <span className="shrink-0 text-meta text-muted tabular">{formatBytes(volume.sizeBytes)}</span>
              {mayDestroy && (
                <Button variant="quiet" onClick={() => void destroy(volume)}>
                  Delete…
                </Button>
              )}
            </li>
          ))}
        </ul>
      </Card>
    </Section>
  );
}

function Images({ host }: { host: Host }) {
  const { client } = useApp();
  const list = useAsked<readonly HostImage[]>(
    host.id,
    async (signal) => (await client.call('hosts.images', { id: host.id }, { signal })).images,
  );
  if (list.error !== null || list.answer === null || list.answer.length === 0) return null;
  const total = list.answer.reduce((sum, image) => sum + image.sizeBytes, 0);
  return (
    <Disclosure
      label={`${formatCount(list.answer.length, 'image', 'images')} on this host, ${formatBytes(total)}`}
    >
      <Card>
        <ul className="divide-y divide-line">
          {list.answer.map((image) => (
            <li key={image.id} className="flex items-center gap-3 px-3 py-1.5">
              <span className="min-w-0 flex-1 truncate font-code text-meta">
                {image.references.length === 0 ? image.id.slice(0, 19) : image.references.join(', ')}
              </span>
              <span className="shrink-0 text-meta text-muted tabular">{formatBytes(image.sizeBytes)}</span>
            </li>
          ))}
        </ul>
      </Card>
    </Disclosure>
  );
}
