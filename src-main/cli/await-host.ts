/**
 * Waits until a host can work. A plane that was just started connects first; one that runs may be connecting again. A
 * question that only a person can answer is an error here, with what to do.
 */
import type { Host } from '#contract/hosts.ts';
import type { HostId } from '#contract/ids.ts';
import type { Question } from '#contract/questions.ts';
import { readAll, watchUntil } from './collections.ts';
import type { Context } from './command.ts';
import { CommandFailure } from './failure.ts';
import { answerFor } from './host-questions.ts';

/** Milliseconds for a connection with its engine. */
const hostTimeoutMs = 60_000;
/** Milliseconds for a look at all hosts, where one that is away costs nothing but its newest facts. */
const lookTimeoutMs = 15_000;
/** Milliseconds for a plane to begin to read what snapshots a host has. */
const beginTimeoutMs = 5_000;

const askedFor: Readonly<Record<Question['kind'], string>> = {
  'host-key': 'shows a key that is not trusted yet',
  password: 'asks for a password',
  passphrase: 'needs the passphrase of a key',
  'keyboard-interactive': 'asks for a code or a password',
};

/** @throws CommandFailure */
export async function awaitHost(context: Context, hostId: HostId, timeoutMs = hostTimeoutMs): Promise<void> {
  const { client, terminal, isOwnPlane } = context;
  const signal = AbortSignal.timeout(timeoutMs);
  let seen: Host | undefined;
  let isNoted = false;
  const note = (line: string) => {
    if (!isNoted) terminal.note(line);
    isNoted = true;
  };
  const ready = await watchUntil(
    client,
    'hosts.watch',
    (hosts) => {
      seen = hosts.find(({ id }) => id === hostId);
      if (seen === undefined) throw new CommandFailure(`The host ${hostId} was removed from Berth.`);
      const { name, state, desired } = seen;
      if (state.phase === 'ready' && state.engineRoute === 'none')
        throw state.engineError === null
          ? new CommandFailure(`The host "${name}" has no container engine that Berth can use.`)
          : CommandFailure.of(`The host "${name}" has no usable container engine`, state.engineError);
      if (state.phase === 'failed')
        throw CommandFailure.of(`The host "${name}" cannot be connected`, state.error);
      if (state.phase === 'disconnected' && desired === 'disconnected')
        throw new CommandFailure(
          `The host "${name}" was disconnected on purpose. Connect it: berth host connect ${hostId}`,
        );
      if (state.phase === 'needs-you' && (isOwnPlane || terminal.canAsk)) return seen;
      if (state.phase === 'needs-you') note(`The host "${name}" waits for an answer in Berth's window.`);
      else if (state.phase !== 'ready') note(`Waiting for the host "${name}".`);
      return state.phase === 'ready' ? seen : undefined;
    },
    signal,
  );
  if (ready?.state.phase === 'needs-you') {
    const { questionId } = ready.state;
    if (!terminal.canAsk) throw await needsYou(context, ready, questionId);
    await answerFor(context, ready, questionId);
    await watchUntil(
      client,
      'hosts.watch',
      (hosts) => {
        const state = hosts.find(({ id }) => id === hostId)?.state;
        return state?.phase !== 'needs-you' || state.questionId !== questionId || undefined;
      },
      AbortSignal.timeout(timeoutMs),
    );
    return await awaitHost(context, hostId, timeoutMs);
  }
  if (ready === undefined) throw tooLate(seen, hostId, timeoutMs);
  await awaitFacts(context, hostId, signal);
}

async function needsYou({ client }: Context, host: Host, questionId: string): Promise<CommandFailure> {
  const questions = await readAll(client, 'questions.watch');
  const kind = questions.find(({ id }) => id === questionId)?.kind;
  const why = kind === undefined ? 'asks something' : askedFor[kind];
  const remedy =
    kind === 'host-key'
      ? 'Use this command at a terminal once, or open Berth (berth serve) and check the key there; it is known from then on.'
      : 'Use this command at a terminal, or open Berth (berth serve), answer there and let it be remembered, or use a key that an agent holds.';
  return new CommandFailure(`The host "${host.name}" ${why}, and nobody can answer here. ${remedy}`);
}

function tooLate(host: Host | undefined, hostId: HostId, timeoutMs: number): CommandFailure {
  const name = host === undefined ? hostId : `"${host.name}"`;
  const begin = `The host ${name} was not connected within ${Math.round(timeoutMs / 1000)} seconds`;
  if (host?.state.phase === 'lost') return CommandFailure.of(begin, host.state.error);
  return new CommandFailure(`${begin}. Is it up, and does the network reach it?`, {
    code: 'timed-out',
    message: '',
    details: {},
  });
}

/**
 * A connection is there before what it has to tell: its containers' states and its snapshots. Later than `signal` is no
 * error: what is asked next says what is wrong.
 */
async function awaitFacts(
  { client, isOwnPlane }: Context,
  hostId: HostId,
  signal: AbortSignal,
): Promise<void> {
  await watchUntil(
    client,
    'workspaces.watch',
    (workspaces) => workspaces.every((one) => one.hostId !== hostId || one.state !== 'unknown') || undefined,
    signal,
  );
  const begun = AbortSignal.any([signal, AbortSignal.timeout(beginTimeoutMs)]);
  const isThere = await watchUntil(
    client,
    'snapshots.hosts',
    (hosts) => hosts.some(({ id }) => id === hostId) || !isOwnPlane || undefined,
    begun,
  );
  if (isThere === undefined) return;
  await watchUntil(
    client,
    'snapshots.hosts',
    (hosts) => {
      const state = hosts.find(({ id }) => id === hostId)?.state;
      return state === 'ready' || state === 'unavailable' || state === undefined || undefined;
    },
    signal,
  );
}

/** For lists: waits until every host has answered or cannot, and says which are away. Never fails for one. */
export async function lookAtHosts(context: Context, hostIds?: readonly HostId[]): Promise<void> {
  if (!context.isOwnPlane) return;
  const hosts = await readAll(context.client, 'hosts.watch');
  const looked = hosts.filter(
    ({ id, desired }) => desired === 'connected' && (hostIds === undefined || hostIds.includes(id)),
  );
  const quiet: Context = {
    ...context,
    terminal: { ...context.terminal, canAsk: false, note: () => undefined },
  };
  await Promise.all(
    looked.map(async ({ id, name }) => {
      await awaitHost(quiet, id, lookTimeoutMs).catch((error: unknown) => {
        const [why] = (error instanceof Error ? error.message : String(error)).split('\n');
        context.terminal.note(`What is shown of the host "${name}" is the last that was known. ${why}`);
      });
    }),
  );
}
