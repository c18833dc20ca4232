/** What is known of a port while it is typed: beside the field, before anybody asks the plane. Pure. */
import type { Forward, ListeningPort } from '#contract/forwards.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { forwardName } from './forward-words.ts';

/** Of the port in the workspace. Null: nothing can be said. */
export function insideWords(
  port: number | null,
  workspace: Pick<Workspace, 'name' | 'state'> | undefined,
  listening: readonly ListeningPort[] | undefined,
): string | null {
  if (workspace === undefined) return null;
  if (workspace.state !== 'running') return `${workspace.name} does not run; the forward waits for it.`;
  if (listening === undefined || port === null || Number.isNaN(port)) return null;
  const found = listening.find((one) => one.port === port);
  if (found === undefined) return `Nothing listens on ${port} now; the forward waits for it.`;
  const what = found.program ?? found.name;
  return what === '' ? `Something listens on ${port}.` : `${what} listens on ${port}.`;
}

/** Who of Berth's own listens on this local port already. Null: nobody. */
export function localPortTaken(
  port: number | null,
  forwards: readonly Forward[],
  nameOf: (forward: Forward) => string,
  ownId?: Forward['id'],
): string | null {
  if (port === null) return null;
  const other = forwards.find(
    ({ id, kind, localPort }) => id !== ownId && (kind === 'tcp' || kind === 'socks') && localPort === port,
  );
  return other === undefined ? null : `is used by the forward to ${forwardName(other)} of ${nameOf(other)}`;
}
