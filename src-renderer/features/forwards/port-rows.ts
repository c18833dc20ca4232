/** The ports of a workspace as its page lists them: what listens, what its project declares, and the forwards to each. Pure. */
import type { Forward, ListeningPort } from '#contract/forwards.ts';
import type { AppDefinition, PortProtocol } from '#contract/projects.ts';

export interface PortRow {
  readonly port: number;
  /** Null: nothing listens on it now. */
  readonly listening: ListeningPort | null;
  /** Null: it is not known what it speaks. */
  readonly protocol: PortProtocol | null;
  /** As the project or the port's common use has it, else the program's; empty: none is known. */
  readonly name: string;
  readonly forwards: readonly Forward[];
}

export interface PortParts {
  readonly listening: readonly ListeningPort[];
  readonly apps: readonly AppDefinition[];
  readonly forwards: readonly Forward[];
}

/**
 * By port. `others`: forwards that are not to one port of the workspace: proxies, and ports that lead out of it (which
 * listen in it because Berth does).
 */
export function portRows({ listening, apps, forwards }: PortParts): {
  rows: readonly PortRow[];
  others: readonly Forward[];
} {
  const isToPort = ({ kind }: Forward) => kind === 'app' || kind === 'tcp';
  const others = forwards.filter((forward) => !isToPort(forward));
  const own = new Set(others.filter(({ kind }) => kind === 'remote').map(({ port }) => port));
  const toPort = forwards.filter(isToPort);
  const ports = new Set([
    ...listening.map(({ port }) => port).filter((port) => !own.has(port)),
    ...apps.map(({ port }) => port),
    ...toPort.flatMap(({ port }) => port ?? []),
  ]);
  const rows = [...ports]
    .sort((a, b) => a - b)
    .map((port): PortRow => {
      const heard = listening.find((one) => one.port === port) ?? null;
      const app = apps.find((one) => one.port === port);
      const sounding = apps.find(({ soundPort }) => soundPort === port);
      const there = toPort.filter((forward) => forward.port === port);
      const asApp = there.find(({ kind }) => kind === 'app');
      return {
        port,
        listening: heard,
        protocol:
          heard?.protocol ??
          app?.protocol ??
          asApp?.protocol ??
          there[0]?.protocol ??
          (sounding && 'tcp') ??
          null,
        name:
          app?.name ??
          (sounding && `Sound of ${sounding.name}`) ??
          (heard?.name || heard?.program || there.find(({ name }) => name !== '')?.name) ??
          '',
        forwards: there,
      };
    });
  return { rows, others };
}

/**
 * The one click of a row. `ask`: what it speaks is found out first. `copy`: it is forwarded already, so its address is what
 * one wants. Null: there is nothing that this person may do with it.
 */
export type PortAct = 'open' | 'ask' | 'screen' | 'forward' | 'copy' | null;

export function portAct({ protocol, forwards }: PortRow, mayListen: boolean): PortAct {
  switch (protocol) {
    case 'http':
    case 'https':
      return 'open';
    case 'vnc':
      return 'screen';
    case null:
      return 'ask';
    case 'tcp':
      if (forwards.some(({ kind }) => kind === 'tcp')) return 'copy';
      return mayListen ? 'forward' : null;
    default:
      return protocol satisfies never;
  }
}

export const reachWords: Record<
  ListeningPort['reach'],
  { readonly word: string; readonly sentence: string }
> = {
  loopback: {
    word: 'inside only',
    sentence: 'Listens on the loopback of the workspace: only the workspace itself, and Berth, reach it.',
  },
  network: {
    word: 'its network',
    sentence: 'Listens on every address of the workspace. Nothing is published on the host.',
  },
};
