/**
 * A host as Berth keeps it, and how its connection state moves: pure. Owns the one table of which failures are tried
 * again by themselves and which wait for the person.
 */
import { z } from 'zod';
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';
import type { ErrorCode } from '#contract/error-codes.ts';
import { ConnectStep, Host, type HostDefinition, type HostState } from '#contract/hosts.ts';
import type { CredentialId, HostId, QuestionId } from '#contract/ids.ts';

/**
 * What is on disk: a host without its state, which is never older than this run of Berth. `pinnedFingerprints`: keys of a
 * machine that Berth made; it must show one of them, whatever its address is by now. Empty: files of known hosts decide.
 */
const HostRecordShape = Host.omit({ state: true }).extend({
  pinnedFingerprints: z.array(z.string()).default([]),
});
export type HostRecord = z.infer<typeof HostRecordShape>;

export function parseHostRecord(value: unknown): HostRecord {
  return HostRecordShape.parse(value);
}

export type EngineRouteShown = Extract<HostState, { phase: 'ready' }>['engineRoute'];

export type HostEvent =
  | { readonly type: 'attempt'; readonly attempt: number }
  | { readonly type: 'step'; readonly step: ConnectStep; readonly hop: string | null }
  | { readonly type: 'asked'; readonly questionId: QuestionId }
  | { readonly type: 'answered' }
  | {
      readonly type: 'ready';
      readonly at: string;
      readonly roundTripMs: number;
      readonly engineRoute: EngineRouteShown;
      readonly engineError: ErrorShape | null;
    }
  | { readonly type: 'measured'; readonly roundTripMs: number }
  | {
      readonly type: 'engine';
      readonly engineRoute: EngineRouteShown;
      readonly engineError: ErrorShape | null;
    }
  | { readonly type: 'lost'; readonly at: string; readonly error: ErrorShape }
  | {
      readonly type: 'retry';
      readonly at: string;
      readonly attempt: number;
      /** Null: when there is a network. */
      readonly retryAt: string | null;
      readonly error: ErrorShape;
    }
  | { readonly type: 'gave-up'; readonly at: string; readonly error: ErrorShape }
  | { readonly type: 'left' };

/** `behind`: what a question hides for as long as it is open. */
export interface Reach {
  readonly shown: HostState;
  readonly behind: HostState | null;
}

export const disconnected: Reach = { shown: { phase: 'disconnected' }, behind: null };

export function moveHost(reach: Reach, event: HostEvent): Reach {
  const { shown } = reach;
  switch (event.type) {
    case 'attempt':
      // Losing a host and trying to have it back is one story for the person: "lost since …".
      if (shown.phase === 'lost')
        return show({ ...shown, attempt: event.attempt, retryAt: null, isWaitingForNetwork: false });
      return show({
        phase: 'connecting',
        step: ConnectStep.enum.resolving,
        attempt: event.attempt,
        hop: null,
      });
    case 'step': {
      const step = (state: HostState): HostState =>
        state.phase === 'connecting' ? { ...state, step: event.step, hop: event.hop } : state;
      return { shown: step(shown), behind: reach.behind && step(reach.behind) };
    }
    case 'asked':
      return {
        shown: { phase: 'needs-you', questionId: event.questionId },
        behind: reach.behind ?? shown,
      };
    case 'answered':
      return reach.behind ? show(reach.behind) : reach;
    case 'ready':
      return show({
        phase: 'ready',
        sinceAt: event.at,
        roundTripMs: event.roundTripMs,
        engineRoute: event.engineRoute,
        engineError: event.engineError,
      });
    case 'measured':
      return shown.phase === 'ready' ? show({ ...shown, roundTripMs: event.roundTripMs }) : reach;
    case 'engine':
      if (shown.phase !== 'ready') return reach;
      return show({ ...shown, engineRoute: event.engineRoute, engineError: event.engineError });
    case 'lost':
      return show({
        phase: 'lost',
        sinceAt: event.at,
        attempt: 0,
        retryAt: null,
        isWaitingForNetwork: false,
        error: event.error,
      });
    case 'retry':
      return show({
        phase: 'lost',
        sinceAt: lostSince(reach) ?? event.at,
        attempt: event.attempt,
        retryAt: event.retryAt,
        isWaitingForNetwork: event.retryAt === null,
        error: event.error,
      });
    case 'gave-up':
      return show({ phase: 'failed', atAt: event.at, error: event.error });
    case 'left':
      return disconnected;
    default:
      return event satisfies never;
  }
}

function show(shown: HostState): Reach {
  return { shown, behind: null };
}

function lostSince({ shown, behind }: Reach): string | undefined {
  for (const state of [shown, behind]) if (state?.phase === 'lost') return state.sinceAt;
  return undefined;
}

/**
 * Failures after which trying again by itself would not help, or would do harm (a wrong password tried every minute
 * locks an account): the person must act first. Everything else is tried again.
 */
const waitsForPerson: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid-input',
  'not-found',
  'cancelled',
  'host.auth-failed',
  'host.algorithm-mismatch',
  'host.key-unknown',
  'host.key-changed',
  'host.key-revoked',
  'host.ssh-config-invalid',
  'engine.forwarding-denied',
  'credential.vault-locked',
  'credential.keychain-unavailable',
  'credential.wrong-passphrase',
  'credential.unreadable-key',
  'credential.missing',
  'question.expired',
]);

export function isTriedAgain(code: ErrorCode): boolean {
  return !waitsForPerson.has(code);
}

/** Failures that end by themselves when the place of the secrets opens. */
export function waitsForSecrets(state: HostState): boolean {
  return (
    state.phase === 'failed' &&
    (state.error.code === 'credential.vault-locked' || state.error.code === 'credential.keychain-unavailable')
  );
}

/** Milliseconds between two tries in the hurry after a wake (retry-plan.ts); half of it before the first few. */
const HURRY_WAIT_MS = 1_000;
const HURRY_FIRST = 4;

/**
 * What one step may take in that time, in milliseconds. Dialling: a packet and its repetition after 1 s, so that a network
 * that came up is met soon. Once the server has answered it may be slow; an engine has its own limit, and a connection that
 * stands its keep-alive: undefined.
 */
export function hurriedStepMs(step: ConnectStep): number | undefined {
  switch (step) {
    case 'resolving':
      return 4_000;
    case 'dialling':
      return 2_000;
    case 'verifying-key':
    case 'authenticating':
      return 10_000;
    case 'reaching-engine':
    case 'probing':
      return undefined;
    default:
      return step satisfies never;
  }
}

/** `tries`: how many of them failed by now, from 1. */
export function hurriedWaitMs(tries: number, fraction: number): number {
  const fullMs = tries <= HURRY_FIRST ? HURRY_WAIT_MS / 2 : HURRY_WAIT_MS;
  return Math.round(fullMs * (1 - JITTER * fraction));
}

/** Milliseconds: 1, 2, 4 … 60 s. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;
/** A share of each wait that is left to chance, so that a hundred hosts behind one router do not come at once. */
const JITTER = 0.3;

/** `failures`: how many attempts failed in a row, from 1. `fraction` in [0, 1). Never more than `LONGEST_WAIT_MS`. */
export function backOffMs(failures: number, fraction: number): number {
  const fullMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16));
  return Math.round(fullMs * (1 - JITTER * fraction));
}

/** False for this computer itself and for what listens on its own loopback: these are there without a network. */
export function needsNetwork(definition: HostDefinition): boolean {
  if (definition.kind !== 'ssh') return false;
  return !/^(localhost|127\.[0-9.]+|\[?::1\]?)$/i.test(
    definition.jumps[0]?.address ?? definition.address ?? '',
  );
}

/** Throws host.name-taken. */
export function requireFreeName(
  hosts: readonly Pick<Host, 'id' | 'name'>[],
  name: string,
  except?: HostId,
): void {
  if (hosts.some((host) => host.id !== except && host.name.toLowerCase() === name.toLowerCase()))
    throw new BerthError('host.name-taken', `There is a host named “${name}” already. Choose another name.`);
}

/** Every credential that a definition refers to. */
export function credentialsOf(definition: HostDefinition): CredentialId[] {
  if (definition.kind !== 'ssh') return [];
  return [definition.auth, ...definition.jumps.map((hop) => hop.auth)].flatMap((auth) => {
    if (auth.method === 'password') return auth.credentialId === null ? [] : [auth.credentialId];
    if (auth.method !== 'key') return [];
    const key = auth.source.kind === 'credential' ? [auth.source.credentialId] : [];
    return auth.passphraseId === null ? key : [...key, auth.passphraseId];
  });
}
