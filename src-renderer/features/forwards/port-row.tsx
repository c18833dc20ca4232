/** One port of a workspace: what it is, the one click that it is for, and the forwards to it. */
import { Copy, Ellipsis, ExternalLink, Monitor, PanelTop, Plug } from 'lucide-react';
import type { Workspace } from '#contract/workspaces.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Menu, type MenuEntry } from '../../components/menu.tsx';
import { Badge, StateMark } from '../../components/state-mark.tsx';
import { commandContext, useApp, useMay, useSettings } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { forwardDialogs } from './forward-dialogs.ts';
import { ForwardAddress, ForwardMenu, ForwardProblem, ForwardTrafficWords } from './forward-parts.tsx';
import { forwardAddress, forwardMark, kindWords } from './forward-words.ts';
import { type AppPlace, askPort, forwardPort, openPort, otherPlace, placeOfClick } from './open-app.ts';
import { portAct, type PortRow, reachWords } from './port-rows.ts';

const protocolWords = { http: 'HTTP', https: 'HTTPS', vnc: 'screen', tcp: 'TCP' } as const;

export function PortRowView({ workspace, row }: { workspace: Workspace; row: PortRow }) {
  const { port, listening, protocol, name, forwards } = row;
  return (
    <div className="flex flex-col gap-1">
      <div className="flex min-w-0 items-center gap-3">
        <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-0.5">
          <span className="tabular w-11 shrink-0 font-code">{port}</span>
          {name !== '' && (
            <span className="max-w-full truncate font-medium" dir="auto">
              {name}
            </span>
          )}
          {listening?.program != null && listening.program !== name && (
            <span className="max-w-full truncate font-code text-meta text-muted">{listening.program}</span>
          )}
          {protocol !== null && <Badge>{protocolWords[protocol]}</Badge>}
          {listening === null ? (
            <span className="text-meta text-muted">
              {workspace.state === 'running' ? 'nothing listens now' : `${workspace.name} does not run`}
            </span>
          ) : (
            <span className="text-meta text-muted" title={reachWords[listening.reach].sentence}>
              {reachWords[listening.reach].word}
            </span>
          )}
        </div>
        <Acts workspace={workspace} row={row} />
      </div>
      {forwards.map((forward) => {
        const mark = forwardMark(forward);
        return (
          <div key={forward.id} className="flex min-w-0 items-center gap-3 sm:pl-14">
            <div className="flex min-w-0 flex-1 flex-col">
              <span className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-0.5 text-meta text-muted">
                <StateMark signal={mark.signal} word={mark.word} />
                {forwards.length > 1 && <span>{kindWords[forward.kind]}</span>}
                <ForwardAddress forward={forward} />
                <ForwardTrafficWords forward={forward} />
                {forward.isByRule && <Badge>by rule</Badge>}
              </span>
              <ForwardProblem forward={forward} />
            </div>
            <ForwardMenu forward={forward} />
          </div>
        );
      })}
    </div>
  );
}

function Acts({ workspace, row }: { workspace: Workspace; row: PortRow }) {
  const app = useApp();
  const settings = useSettings();
  const mayOpen = useMay('workspaces.write');
  const mayListen = useMay('hosts.write');
  const act = useAct();
  if (!mayOpen) return null;
  const what = portAct(row, mayListen);
  const input = { workspaceId: workspace.id, port: row.port };
  const isThere = workspace.state === 'running';

  const open = (place: AppPlace) =>
    act.run(async () => {
      const context = commandContext(app);
      try {
        await (what === 'ask' ? askPort(context, input, place, mayListen) : openPort(context, input, place));
      } catch (cause) {
        app.notices.fail(`Port ${row.port} did not open`, cause);
      }
    });
  const screen = () => app.view.actions.open({ type: 'screen', ...input });
  const forward = () => act.run(() => forwardPort(app, input));
  const existing = row.forwards.find(({ kind }) => kind === 'tcp');
  const copy = () => {
    const address = existing === undefined ? null : forwardAddress(existing);
    if (address !== null)
      navigator.clipboard.writeText(address).then(
        () => app.notices.show({ level: 'done', title: `${address} is in the clipboard` }),
        (cause: unknown) => app.notices.fail('The address was not copied', cause),
      );
  };

  const other = otherPlace(settings.openAppsIn);
  const isApp = what === 'open' || what === 'ask';
  const entries: MenuEntry[] = [
    ...(isApp
      ? [
          {
            kind: 'item' as const,
            id: 'other',
            label: other === 'browser' ? 'Open in the browser' : 'Open in a tab',
            icon: other === 'browser' ? ExternalLink : PanelTop,
            run: () => void open(other),
          },
        ]
      : []),
    ...(what === 'screen'
      ? [
          {
            kind: 'item' as const,
            id: 'app',
            label: 'Open as a web app',
            icon: PanelTop,
            run: () => void open(settings.openAppsIn),
          },
        ]
      : []),
    ...(mayListen && existing === undefined
      ? [
          {
            kind: 'item' as const,
            id: 'forward',
            label: 'Forward to a local port',
            icon: Plug,
            run: () => void forward(),
          },
        ]
      : []),
    {
      kind: 'item',
      id: 'new',
      label: 'Forward as…',
      run: () =>
        forwardDialogs.open({
          ...{ kind: 'new', workspaceId: workspace.id, port: row.port },
          forwardKind: row.protocol === 'tcp' && mayListen ? 'tcp' : 'app',
        }),
    },
  ];
  return (
    <div className="flex shrink-0 items-center gap-1">
      {what === 'screen' && (
        <Button icon={Monitor} onClick={screen} disabled={!isThere} reason={`${workspace.name} does not run`}>
          Open screen
        </Button>
      )}
      {isApp && (
        <Button
          icon={settings.openAppsIn === 'browser' ? ExternalLink : PanelTop}
          isBusy={act.isBusy}
          aria-label={`Open port ${row.port}`}
          onClick={(event) => void open(placeOfClick(event, settings))}
        >
          Open
        </Button>
      )}
      {what === 'forward' && (
        <Button icon={Plug} isBusy={act.isBusy} onClick={() => void forward()}>
          Forward
        </Button>
      )}
      {what === 'copy' && (
        <Button icon={Copy} onClick={copy}>
          Copy address
        </Button>
      )}
      <Menu
        align="end"
        trigger={<IconButton label={`Acts on port ${row.port}`} icon={Ellipsis} size="small" />}
        entries={entries}
      />
    </div>
  );
}
