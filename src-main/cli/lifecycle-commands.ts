/** `berth workspace policy|put-off|timeline` and `berth host lease`: when workspaces end by themselves, and why they run. */
import {
  type HostLease,
  type KeepAwake,
  type Lifecycle,
  type LifecyclePolicy,
  noPolicy,
} from '#contract/lifecycles.ts';
import { formatDuration, formatInstant } from './amounts.ts';
import { readAll } from './collections.ts';
import type { Context, PlaneCommand } from './command.ts';
import { TypedWrong } from './failure.ts';
import { findWorkspace, pickHost } from './find-workspace.ts';
import { parseTime } from './machine-flags.ts';
import { plain, plainJson } from './plain-text.ts';
import { policyFlags, readPolicyFlags } from './policy-flags.ts';

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;
const long = (minutes: number) => formatDuration(minutes * 60_000);

function awakeWords(rule: KeepAwake): string {
  if (rule.kind === 'process') return `${rule.name} runs`;
  if (rule.kind === 'shown-terminal') return 'a terminal of it is shown';
  return rule.port === null ? 'anything is connected' : `something is connected to ${rule.port}`;
}

/** A line for each rule. */
export function policyLines(policy: LifecyclePolicy): string[] {
  const { endAction, endAfterMinutes, endAt, hours, idleMinutes, keepAwake, leaseMinutes } = policy;
  const ends = endAction === 'stop' ? 'Stops' : 'Is destroyed, after a snapshot,';
  const lines = [
    ...(idleMinutes === null ? [] : [`Stops after ${long(idleMinutes)} without work.`]),
    ...keepAwake.map((rule) => `  Is at work while ${awakeWords(rule)}.`),
    ...(endAt === null ? [] : [`${ends} at ${formatInstant(endAt)}.`]),
    ...(endAfterMinutes === null ? [] : [`${ends} when it has run for ${long(endAfterMinutes)}.`]),
    ...(hours === null
      ? []
      : [
          `Runs ${hours.days.map((day) => dayNames[day - 1]).join(', ')} from ${hours.from} to ${hours.to} (${hours.timeZone})${hours.starts ? ', and starts by itself' : ''}.`,
        ]),
    ...(leaseMinutes === null
      ? []
      : [`Its host stops it ${long(leaseMinutes)} after the last Berth was there.`]),
  ];
  return lines.length === 0 ? ['It runs until somebody stops it.'] : lines;
}

function nowLines({ judgement, next, policy, putOffUntil, seen }: Lifecycle, nowMs: number): string[] {
  const details = seen.map(({ detail }) => detail).join(', ');
  // Where nothing ends it for want of work, nobody looks.
  const isMeasured = judgement !== 'unknown' || policy.idleMinutes !== null;
  const word = isMeasured ? judgement : 'not measured';
  return [
    ...(judgement === 'off' ? [] : [`Now: ${word}${details === '' ? '' : ` (${details})`}.`]),
    ...(next === null
      ? []
      : [
          `${next.action === 'stop' ? 'Stops' : 'Is destroyed'} in ${formatDuration(Date.parse(next.at) - nowMs)} (${next.why}).`,
        ]),
    ...(putOffUntil !== null && Date.parse(putOffUntil) > nowMs
      ? [`Put off until ${formatInstant(putOffUntil)}.`]
      : []),
  ];
}

const policy: PlaneCommand = {
  name: 'workspace policy',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Shows when a workspace ends by itself; with flags, changes it.',
  flags: policyFlags,
  read: (typed) => {
    const [word = ''] = typed.words;
    // What is wrong with the flags is wrong with any policy.
    readPolicyFlags(typed, noPolicy, Date.now());
    const changes = Object.keys(policyFlags).some((flag) => typed.has(flag));
    return async (context) => {
      const { client } = context;
      const { id } = await findWorkspace(context, word);
      const found = (await readAll(client, 'lifecycles.watch')).find((one) => one.id === id);
      const before = found?.policy ?? noPolicy;
      const lifecycle = changes
        ? await client.call('lifecycles.setPolicy', {
            workspaceId: id,
            policy: readPolicyFlags(typed, before, Date.now()),
          })
        : found;
      const lines = policyLines(lifecycle?.policy ?? noPolicy);
      return {
        json: lifecycle ?? null,
        lines: lifecycle === undefined ? lines : [...lines, ...nowLines(lifecycle, Date.now())],
      };
    };
  },
};

const putOff: PlaneCommand = {
  name: 'workspace put-off',
  words: '<workspace> [<time>]',
  wordCount: { min: 1, max: 2 },
  summary: 'Nothing ends a workspace by itself for an hour, or for so long as 30m or 8h.',
  flags: {},
  read: (typed) => {
    const [word = '', time] = typed.words;
    const minutes = time === undefined ? 60 : Math.round(parseTime('time', time) / 60_000);
    return async (context) => {
      const { id, name } = await findWorkspace(context, word);
      const lifecycle = await context.client.call('lifecycles.putOff', { workspaceId: id, minutes });
      return { json: lifecycle, lines: [`Nothing ends "${name}" by itself for ${long(minutes)}.`] };
    };
  },
};

const timeline: PlaneCommand = {
  name: 'workspace timeline',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Prints why a workspace runs and why it stopped; with --follow goes on as things happen.',
  flags: { follow: { short: 'f', help: 'Goes on until Ctrl+C.' } },
  read: (typed) => {
    const [word = ''] = typed.words;
    const isFollowed = typed.has('follow');
    return async (context) => {
      const { id } = await findWorkspace(context, word);
      await printTimeline(context, id, isFollowed);
      return { json: null, lines: [], isTold: true };
    };
  },
};

async function printTimeline(
  { client, interrupts, isJson, terminal }: Context,
  workspaceId: Lifecycle['id'],
  isFollowed: boolean,
): Promise<void> {
  const stop = new AbortController();
  await interrupts.during(
    () => stop.abort(),
    async () => {
      const entries = client.stream(
        'lifecycles.timeline',
        { workspaceId, isFollowed },
        { signal: stop.signal },
      );
      try {
        for await (const entry of entries) {
          const by = entry.by === null ? '' : ` (${entry.by})`;
          terminal.print(isJson ? plainJson(entry) : plain(`${formatInstant(entry.at)}  ${entry.text}${by}`));
        }
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    },
  );
}

const leaseActs = ['status', 'install', 'remove'] as const;

function leaseLines(lease: HostLease | undefined): string[] {
  const state = lease?.state ?? 'unknown';
  const words = {
    absent: 'No lease timer is there.',
    installed: `The lease timer is there (${lease?.how ?? 'system'}).`,
    outdated: 'The lease timer is of an older Berth. Replace it: berth host lease <host> install',
    unknown: 'It is not known whether a lease timer is there.',
  } as const;
  return [words[state], ...(lease?.limits ?? []).map((limit) => `  ${limit}`)];
}

const lease: PlaneCommand = {
  name: 'host lease',
  words: `<host> [<${leaseActs.join('|')}>]`,
  wordCount: { min: 1, max: 2 },
  summary: 'Says whether a host ends workspaces while no Berth is there; installs or removes what does.',
  details: [
    'install puts a small script and a systemd timer on the host; remove takes all of it off again.',
    'Workspaces with a lease (berth workspace policy --lease) are stopped when no Berth was there for so long.',
  ],
  flags: {},
  read: (typed) => {
    const [word = '', actWord = 'status'] = typed.words;
    const act = leaseActs.find((one) => one === actWord);
    if (act === undefined) throw new TypedWrong(`"${actWord}" is none of ${leaseActs.join(', ')}.`);
    return async (context) => {
      const { client } = context;
      const { id } = pickHost(word, await readAll(client, 'hosts.watch'));
      const found =
        act === 'status'
          ? (await readAll(client, 'lifecycles.leases')).find((one) => one.id === id)
          : await client.call(act === 'install' ? 'lifecycles.installLease' : 'lifecycles.removeLease', {
              hostId: id,
            });
      return { json: found ?? null, lines: leaseLines(found) };
    };
  },
};

export const lifecycleCommands: readonly PlaneCommand[] = [policy, putOff, timeline, lease];
