/**
 * A gate on the way from a wish to a host: it is looked at until it is passed. Guarantees: what a gate waits for, and until
 * when, stands in the machine's record; when the time is up or something fails, the trouble stands there, too, with what a
 * person may choose; it goes on looking meanwhile, and takes trouble away that ends by itself. Survives a restart at any
 * point, since all of it is read from the record each time.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { MachineId } from '#contract/ids.ts';
import type { Gate, TroubleChoice } from '#contract/machines.ts';
import { type Clock, instantOf } from '../../interfaces/clock.ts';
import { delay } from '../../delay.ts';
import type { StepContext } from '../../operations/operation-definition.ts';
import { waitsForPerson } from '../cloud-account.ts';
import type { MachineRecord } from '../machine.ts';
import type { MachineDirectory } from '../machine-directory.ts';
import { isPassing } from '../patience.ts';
import { isKept, type MachineInput } from './making-deps.ts';

/** Milliseconds between two looks: most gates take seconds, some take minutes. The last one goes on. */
const LOOK_AFTER_MS = [2_000, 2_000, 2_000, 5_000, 5_000, 5_000, 10_000] as const;
/** Milliseconds while there is trouble. */
const LOOK_IN_TROUBLE_MS = 15_000;

/**
 * Milliseconds until a person is asked. The provider's own part takes under a minute, and 5 where it is slow; an address
 * comes with it; a first boot answers SSH within 1 minute and hardly ever after 5; Docker from a slow mirror, on the
 * smallest machine, takes 6 to 8 minutes.
 */
export const gateLimitMs: Readonly<Record<Gate, number>> = {
  action: 5 * 60_000,
  address: 3 * 60_000,
  ssh: 5 * 60_000,
  setup: 15 * 60_000,
};

const overdue: Readonly<Record<Gate, string>> = {
  action: 'The provider has not finished making the machine',
  address: 'The machine has no address',
  ssh: 'The machine’s SSH server does not answer',
  setup: 'The machine’s set-up has not come to its end',
};

/** What a look finds: it is passed, or not yet, and why. Failures are thrown. */
export type GateLook = { readonly isPassed: true } | { readonly isPassed: false; readonly note: string };
export const passed: GateLook = { isPassed: true };
export function notYet(note: string): GateLook {
  return { isPassed: false, note };
}

export interface GateDeps {
  readonly directory: MachineDirectory;
  readonly clock: Clock;
}

export interface GateVisit {
  readonly context: StepContext<MachineInput>;
  readonly gate: Gate;
  /** What is offered; less of it where it makes no sense (`keep-waiting` for what has failed). */
  readonly choices: readonly TroubleChoice[];
  look(record: MachineRecord): Promise<GateLook>;
  /** Failures that may end by themselves until the time is up; providers that are away always may. */
  mayPass(error: BerthError): boolean;
}

/** Throws the trouble, where it was decided to end with it. */
export async function passGate({ clock, directory }: GateDeps, visit: GateVisit): Promise<void> {
  const { context, gate } = visit;
  const { machineId } = context.input;
  const { signal } = context;
  for (let looks = 0; ; looks += 1) {
    const before = directory.require(machineId);
    if (isKept(before)) throw endOf(before, gate);
    if (before.gate?.gate !== gate)
      await directory.change(machineId, { gate: newGate(clock, gate), trouble: null });
    let found: GateLook;
    let failure: BerthError | undefined;
    try {
      found = await visit.look(directory.require(machineId));
    } catch (error) {
      signal.throwIfAborted();
      if (!BerthError.is(error)) throw error;
      found = notYet(error.message);
      if (!visit.mayPass(error) && !isPassing(error) && !waitsForPerson(error)) failure = error;
    }
    signal.throwIfAborted();
    if (found.isPassed) {
      // What it waited for is over.
      context.note('');
      await directory.change(machineId, { gate: null, trouble: null });
      return;
    }
    context.note(found.note);
    const now = directory.require(machineId);
    if (isKept(now)) throw endOf(now, gate);
    if (failure === undefined && isLate(clock, now)) failure = lateness(clock, now, gate, found.note);
    if (failure !== undefined) await meet({ clock, directory }, visit, failure);
    // What it failed with is over; that it takes long is not.
    else if (now.trouble !== null) await directory.change(machineId, { trouble: null });
    const waitMs = failure === undefined ? at(LOOK_AFTER_MS, looks) : LOOK_IN_TROUBLE_MS;
    await delayOrDecision(directory, clock, machineId, waitMs, signal);
    signal.throwIfAborted();
  }
}

/** Puts the trouble where a person sees it. Throws it where it was said beforehand what to do. */
async function meet(
  { clock, directory }: GateDeps,
  { choices, context, gate }: GateVisit,
  error: BerthError,
): Promise<void> {
  const { onTrouble, trouble } = directory.require(context.input.machineId);
  const isKnown = trouble?.gate === gate && trouble.error.code === error.code;
  const isDecided = onTrouble !== 'ask' && choices.includes(onTrouble);
  // Said once, as it was when the time was up.
  if (isKnown && error.code === 'machine.overdue') return;
  await directory.change(context.input.machineId, {
    trouble: {
      gate,
      error: error.toShape(),
      // To wait longer is no answer to what has failed.
      choices: choices.filter((choice) => choice !== 'keep-waiting' || error.code === 'machine.overdue'),
      sinceAt: isKnown ? trouble.sinceAt : instantOf(clock),
    },
    ...(isDecided && onTrouble === 'keep' ? { life: 'incomplete' } : {}),
  });
  const { tail } = error.details;
  if (!isKnown && Array.isArray(tail)) for (const line of tail) context.log(line, 'warning');
  if (isDecided) throw error;
  if (!isKnown) context.log(`${error.message} Berth asks what to do, and goes on looking.`, 'warning');
}

/** From now on, with its whole time. */
export function newGate(clock: Clock, gate: Gate): NonNullable<MachineRecord['gate']> {
  return {
    gate,
    sinceAt: instantOf(clock),
    limitAt: new Date(clock.nowMs() + gateLimitMs[gate]).toISOString(),
  };
}

function isLate(clock: Clock, { gate }: MachineRecord): boolean {
  return gate !== null && clock.nowMs() > Date.parse(gate.limitAt);
}

function lateness(clock: Clock, record: MachineRecord, gate: Gate, note: string): BerthError {
  const sinceMs = clock.nowMs() - Date.parse(record.gate?.sinceAt ?? instantOf(clock));
  const minutes = Math.max(1, Math.round(sinceMs / 60_000));
  return new BerthError(
    'machine.overdue',
    `${overdue[gate]} after ${minutes === 1 ? 'a minute' : `${minutes} minutes`}. It costs meanwhile.`,
    { details: { gate, last: note } },
  );
}

function endOf(record: MachineRecord, gate: Gate): BerthError {
  if (record.trouble !== null) return BerthError.fromShape(record.trouble.error);
  return new BerthError('machine.overdue', `${overdue[gate]}.`, { details: { gate } });
}

/** A decision changes the record: it is not waited out. */
async function delayOrDecision(
  directory: MachineDirectory,
  clock: Clock,
  id: MachineId,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const decision = new AbortController();
  const stop = directory.onChange((changed) => {
    if (changed === id) decision.abort();
  });
  try {
    await delay(clock, waitMs, AbortSignal.any([signal, decision.signal]));
  } finally {
    stop();
  }
}

function at(row: readonly number[], index: number): number {
  return row[Math.min(index, row.length - 1)] ?? 0;
}
