/** What a forward is: its record, and what is seen of it. Pure. */
import { z } from 'zod';
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';
import { Forward, type ForwardTraffic } from '#contract/forwards.ts';

/** What is kept on disk of a forward. Whose it is, its workspace says. */
const RecordShape = Forward.pick({
  id: true,
  workspaceId: true,
  kind: true,
  name: true,
  port: true,
  protocol: true,
  localPort: true,
  path: true,
  login: true,
  hostHeader: true,
  isByRule: true,
  isWanted: true,
  createdAt: true,
}).extend({
  /** Of an app: the first part of its host name, the same for as long as there is this forward. */
  label: z.string().nullable(),
  /** False: the port has not been asked yet what it speaks, and nobody said. */
  isProtocolKnown: z.boolean(),
});
export type ForwardRecord = z.infer<typeof RecordShape>;
export function parseForwardRecord(value: unknown): ForwardRecord {
  return RecordShape.parse(value);
}

export interface ForwardFacts {
  readonly record: ForwardRecord;
  readonly origin: string | null;
  /** Why it does not listen. */
  readonly problem: ErrorShape | null;
  /** Whether a connection could be made now. */
  readonly isWayOpen: boolean;
  readonly traffic: ForwardTraffic;
}

export function toForward({ record, origin, problem, isWayOpen, traffic }: ForwardFacts): Forward {
  const { label: _label, isProtocolKnown: _isProtocolKnown, ...shown } = record;
  return {
    ...shown,
    origin,
    state: stateOf({ isWanted: record.isWanted, problem, isWayOpen }),
    problem: record.isWanted ? problem : null,
    traffic,
  };
}

function stateOf(facts: {
  readonly isWanted: boolean;
  readonly problem: ErrorShape | null;
  readonly isWayOpen: boolean;
}): Forward['state'] {
  if (!facts.isWanted) return 'stopped';
  if (facts.problem !== null) return 'failed';
  return facts.isWayOpen ? 'ready' : 'waiting';
}

/** Only for whoever may use this computer's own ports: all but apps, which their carrier looks after. */
export function needsLocalPower({ kind }: Pick<ForwardRecord, 'kind'>): boolean {
  return kind !== 'app';
}

/** As its owner calls it: its name, or where it leads. */
export function titleOf({ name, kind, port, localPort }: ForwardRecord): string {
  if (name !== '') return name;
  if (kind === 'socks') return 'SOCKS proxy';
  if (kind === 'remote') return `${port} → ${localPort}`;
  return String(port);
}

/** `port` and the like of records that are not of socks: the contract lets none without one in. */
export function portOf(record: Pick<ForwardRecord, 'port'>): number {
  if (record.port === null) throw new BerthError('internal', 'A forward without a port.');
  return record.port;
}
