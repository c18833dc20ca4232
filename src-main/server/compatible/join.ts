/** The compatible routes and sockets as the HTTP carrier takes them: what they need of its other parts, and nothing more. */
import type { Hono } from 'hono';
import type { AccountDoor } from '../../control-plane/account-door.ts';
import type { Dispatcher } from '../../control-plane/dispatcher.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Plane } from '../../control-plane/plane.ts';
import type { ServedConfig } from '../../config.ts';
import { type ClientAddress, incomingOf, networkOf } from '../client-address.ts';
import type { Identifier } from '../identify.ts';
import type { ApiEnvironment } from '../rest-routes.ts';
import type { StaticFile } from '../static-ui.ts';
import type { UpgradeRoute } from '../upgrades.ts';
import { compatibleRoutes } from './compatible-routes.ts';
import { createTerminalSockets, maxTerminalMessageBytes } from './terminal-socket.ts';

export interface CompatibleParts {
  readonly dispatcher: Dispatcher;
  readonly doors: Pick<Plane, 'health' | 'operator'>;
  readonly served: Pick<ServedConfig, 'firstWorkspace' | 'deleteKey'>;
  readonly version: string;
  readonly accounts: Pick<AccountDoor, 'audit'>;
  readonly identifier: Pick<Identifier, 'required'>;
  readonly clientAddress: ClientAddress;
  readonly log: Log;
}

/** To be mounted at the root, before the window's files. @param ui from a path to what is served there */
export function compatibleApp(
  parts: CompatibleParts,
  ui: (path: string) => Promise<StaticFile>,
): Hono<ApiEnvironment> {
  const { dispatcher, doors, served, version, accounts, identifier, clientAddress, log } = parts;
  return compatibleRoutes({
    dispatcher,
    plane: doors,
    served,
    version,
    required: identifier.required,
    addressOf: (context) => networkOf(clientAddress(incomingOf(context))),
    audit: (entry) => accounts.audit(entry),
    window: async (context) => {
      const file = await ui('/');
      return context.body(file.body, file.status, { ...file.headers });
    },
    log,
  });
}

/** Scripts say who they are in a header; a page of ours has its cookie, or a ticket in either place. */
export function terminalUpgrade({
  dispatcher,
  served,
  log,
}: Pick<CompatibleParts, 'dispatcher' | 'served' | 'log'>): UpgradeRoute {
  const sockets = createTerminalSockets({ dispatcher, mayCreate: served.firstWorkspace !== null, log });
  return {
    match: (path) => sockets.isPath(path),
    ways: ['bearer', 'cookie', 'protocol-ticket', 'query-ticket'],
    protocol: null,
    hasQuery: true,
    maxMessageBytes: maxTerminalMessageBytes,
    open:
      ({ identity, request }) =>
      (socket) =>
        sockets.accept(socket, request.url ?? '', identity.caller),
  };
}
