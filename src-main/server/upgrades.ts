/**
 * The way of an upgrade to a web socket: Host and Origin, then the path, then who asks, and only then the route. A route
 * declares how it may be proven who asks; it touches none of that itself, and its sockets end with the access that opened
 * them.
 */
import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { BerthError } from '#contract/berth-error.ts';
import { errorCodes } from '#contract/error-codes.ts';
import type { Log } from '../control-plane/interfaces/log.ts';
import type { AccessWatch } from './access-watch.ts';
import {
  type Identifier,
  type Identity,
  protocolsOf,
  protocolTicketOf,
  type UpgradeWay,
} from './identify.ts';
import { type Allowed, factsOf, refusalOf } from './request-guard.ts';

/** An upgrade whose sender is known. */
export interface Arrival {
  readonly identity: Identity;
  readonly request: IncomingMessage;
  readonly url: URL;
}

export type Serve = (socket: WebSocket) => void;

export interface UpgradeRoute {
  /** Of the path alone, still encoded. */
  match(path: string): boolean;
  readonly ways: readonly UpgradeWay[];
  /** The subprotocol that must be offered, and is answered; null: none is asked for or answered. */
  readonly protocol: string | null;
  /** Whether the address may have a query. A ticket in it needs one. */
  readonly hasQuery: boolean;
  readonly maxMessageBytes: number;
  /**
   * Serves the socket of somebody known, once it is open. What can be refused before is refused here, with a status (as
   * 404 for what is not theirs) or an error of the contract.
   */
  open(arrival: Arrival): Serve | number | Promise<Serve | number>;
  /** For a ticket that is none of the accounts': whoever takes it gets the socket, and ends it. */
  redeemOther?(ticket: string): Serve | undefined;
  /** Bytes of one message for those. */
  readonly maxOtherMessageBytes?: number;
}

export interface UpgradeRouterOptions {
  readonly routes: readonly UpgradeRoute[];
  readonly identifier: Identifier;
  readonly watch: AccessWatch;
  readonly allowed: Allowed;
  readonly log: Log;
}

export interface UpgradeRouter {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends every socket. */
  close(): void;
}

type Admission = { readonly maxBytes: number; readonly accept: Serve } | number;

/** RFC 6455, 7.4.1. */
const policyViolation = 1008;
const goingAway = 1001;
/** Try again: the rights changed, and a new connection has the new ones. */
const serviceRestart = 1012;

export function createUpgradeRouter(options: UpgradeRouterOptions): UpgradeRouter {
  const { routes, identifier, watch, allowed, log } = options;
  const open = new Set<WebSocket>();

  async function admit(request: IncomingMessage): Promise<Admission> {
    const facts = factsOf(request);
    const refusal = refusalOf(facts, allowed);
    if (refusal !== undefined) {
      log.warn('An upgrade was refused', { refusal });
      return 403;
    }
    const url = URL.parse(facts.path, 'http://berth');
    const [path = ''] = facts.path.split('?');
    const route = routes.find((one) => one.match(path));
    // What the parser made shorter is no plain path, and nobody of ours sends one.
    if (url === null || route === undefined || url.pathname !== path) return 404;
    if (!route.hasQuery && facts.path !== path) return 404;
    if (route.protocol !== null && !protocolsOf(request).includes(route.protocol)) return 401;
    const identity = await identifier.identifyUpgrade(request, route.ways);
    if (typeof identity === 'number')
      return (identity === 401 && asOther(route, request, facts.header)) || identity;
    if (watch.isFull(identity)) return 429;
    const arrival = { identity, request, url };
    const serve = await opened(route, arrival);
    if (typeof serve === 'number') return serve;
    return { maxBytes: route.maxMessageBytes, accept: (socket) => accept(socket, identity, serve) };
  }

  function asOther(
    route: UpgradeRoute,
    request: IncomingMessage,
    header: (name: string) => string | undefined,
  ): Admission | undefined {
    const ticket = protocolTicketOf(request);
    if (ticket === undefined || route.redeemOther === undefined) return undefined;
    // Bought with a cookie, by a page of ours; from anywhere else it is not even looked at.
    if (!allowed.origins.has(header('origin') ?? '')) return undefined;
    const accept = route.redeemOther(ticket);
    return accept && { maxBytes: route.maxOtherMessageBytes ?? route.maxMessageBytes, accept };
  }

  function accept(socket: WebSocket, identity: Identity, serve: Serve): void {
    const release = watch.hold(identity, (reason) =>
      socket.close(reason === 'signed out' ? policyViolation : serviceRestart, reason),
    );
    socket.on('close', release);
    serve(socket);
  }

  return {
    upgrade(request, socket, head) {
      socket.on('error', () => socket.destroy());
      admit(request).then(
        (admission) => {
          if (typeof admission === 'number') refuse(socket, admission);
          else
            upgraderFor(admission.maxBytes, protocolsOf(request)).handleUpgrade(
              request,
              socket,
              head,
              (opened) => {
                open.add(opened);
                opened.on('close', () => open.delete(opened));
                admission.accept(opened);
              },
            );
        },
        (error: unknown) => {
          log.error('An upgrade failed', { cause: error });
          refuse(socket, 500);
        },
      );
    },
    close() {
      for (const socket of open) socket.close(goingAway, 'closing');
      for (const socket of open) socket.terminate();
    },
  };
}

async function opened(route: UpgradeRoute, arrival: Arrival): Promise<Serve | number> {
  try {
    return await route.open(arrival);
  } catch (error) {
    if (!BerthError.is(error)) throw error;
    return errorCodes[error.code].status;
  }
}

/** Never answers with a ticket, which is offered as a protocol only because browsers let a page say nothing else. */
function upgraderFor(maxPayload: number, offered: readonly string[]): WebSocketServer {
  const plain = offered.find((one) => one !== '' && !one.startsWith('ticket.'));
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    perMessageDeflate: false,
    handleProtocols: () => plain ?? false,
  });
}

function refuse(socket: Duplex, status: number): void {
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`,
    () => socket.destroy(),
  );
}
