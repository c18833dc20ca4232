/** `berth machine …`: destroying machines, putting them to sleep and waking them. */
import { withBackups } from '#contract/clouds.ts';
import type { HibernatePlan, Leftover } from '#contract/machines.ts';
import { formatBytes, formatCount, formatHourly, formatUsd } from './amounts.ts';
import { readAll } from './collections.ts';
import { type Context, type PlaneCommand, type Typed, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { findMachine, sizeOnOffer } from './find-machine.ts';
import { pickHost } from './find-workspace.ts';
import { followCall } from './follow-operation.ts';
import { goneLines } from './machine-disk-commands.ts';
import { agreed } from './snapshot-commands.ts';

function leftoverLine({ id, kind, monthlyUsd, name }: Leftover): string {
  return `  ${kind} ${id === name ? id : `${id} "${name}"`}, ${formatUsd(monthlyUsd)} a month`;
}

/** Providers delete a machine’s backups with the machine. */
const backupsLine = '  The provider’s backups of it end with it. Snapshots of the whole machine stay.';

/** Of what stays behind, those that are to go with it. @throws CommandFailure */
function chosenOf(typed: Typed, leftovers: readonly Leftover[]): Leftover[] {
  if (typed.has('with-all')) return [...leftovers];
  return typed.texts('with').map((word) => {
    const found = leftovers.find(({ id, name }) => id === word || name === word);
    if (found !== undefined) return found;
    throw new CommandFailure(
      leftovers.length === 0
        ? `Nothing stays behind, and so no "${word}".`
        : ['That stays behind:', ...leftovers.map(leftoverLine)].join('\n'),
    );
  });
}

const destroy: PlaneCommand = {
  name: 'machine destroy',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Destroys a machine with everything on it, and follows that until it is gone.',
  details: ['Shows what goes with it, and what stays behind at the provider and costs.'],
  flags: {
    with: { value: 'ID', isMany: true, help: 'Destroys this, too, of what would stay behind.' },
    'with-all': { help: 'Destroys all that would stay behind.' },
    yes: yesFlag,
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const { hasBackups, id, life, name } = await findMachine(context, word);
      const plan = await client.call('machines.destroyPlan', { id });
      const chosen = chosenOf(typed, plan.leftovers);
      const stays = plan.leftovers.filter((one) => !chosen.includes(one));
      await agreed(context, {
        lines: [
          `Destroys "${plan.name}" for good; it costs ${formatHourly(plan.perHourUsd)} until then.`,
          ...(hasBackups && life !== 'asleep' ? [backupsLine] : []),
          ...goneLines(plan),
          ...(chosen.length === 0 ? [] : ['With it goes:', ...chosen.map(leftoverLine)]),
          ...(stays.length === 0
            ? []
            : [
                'This stays at the provider, and costs (--with ID destroys it, too):',
                ...stays.map(leftoverLine),
              ]),
          ...plan.blind.map((sentence) => `Not seen: ${sentence}`),
        ],
        question: 'Destroy it?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        client.call('machines.destroy', {
          id,
          name,
          leftovers: chosen.map((one) => ({ kind: one.kind, id: one.id })),
        }),
      );
      return { json: operation, lines: [`"${name}" is destroyed.`] };
    };
  },
};

const forget: PlaneCommand = {
  name: 'machine forget',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Forgets a machine that the provider does not have any more, and its host.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const machine = await findMachine(context, word);
      if (machine.life !== 'vanished' && machine.providerId !== null)
        throw new CommandFailure(
          `"${machine.name}" may still be at the provider and cost. Destroy it: berth machine destroy ${machine.name}`,
          { code: 'conflict', message: '', details: {} },
        );
      await agreed(context, {
        lines: [`Berth forgets "${machine.name}" and its host.`],
        question: 'Forget it?',
        isYes: typed.has('yes'),
      });
      await context.client.call('machines.forget', { id: machine.id });
      return { json: machine, lines: [`Forgot "${machine.name}".`] };
    };
  },
};

type Place = HibernatePlan['places'][number];

function placeWord({ place, label }: Place): string {
  return place.kind === 'host' ? `host:${label}` : place.kind === 'computer' ? 'computer' : 'snapshot';
}

function placeLine(one: Place): string {
  const price =
    one.monthlyUsd === null ? 'costs nothing at the provider' : `${formatUsd(one.monthlyUsd)} a month`;
  const rest = one.problem === null ? `${price}, ${formatBytes(one.sizeBytes)}` : one.problem;
  return `  ${placeWord(one)}: ${one.label}, ${rest}`;
}

/** @throws TypedWrong, CommandFailure */
async function placeOf(
  context: Context,
  text: string | undefined,
  { places }: HibernatePlan,
): Promise<Place> {
  const lines = places.map(placeLine);
  if (text === undefined) throw new TypedWrong(['Say where it sleeps: --place PLACE', ...lines].join('\n'));
  const hostWord = /^host:(.+)$/.exec(text)?.[1];
  const hostId =
    hostWord === undefined ? undefined : pickHost(hostWord, await readAll(context.client, 'hosts.watch')).id;
  const found = places.find(({ place }) =>
    place.kind === 'host'
      ? place.hostId === hostId
      : text === (place.kind === 'computer' ? 'computer' : 'snapshot'),
  );
  if (found === undefined)
    throw new CommandFailure([`It cannot sleep at "${text}". It can at:`, ...lines].join('\n'));
  if (found.problem !== null) throw new CommandFailure(`It cannot sleep at "${text}": ${found.problem}`);
  return found;
}

const hibernate: PlaneCommand = {
  name: 'machine hibernate',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary:
    'Keeps the files of a machine elsewhere, proves them good, and destroys it; berth machine wake brings it back.',
  flags: {
    place: { value: 'snapshot|computer|host:NAME', help: 'Where its files are meanwhile.' },
    yes: yesFlag,
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const { hasBackups, id, monthlyUsd, name } = await findMachine(context, word);
      const plan = await client.call('machines.hibernatePlan', { id });
      const chosen = await placeOf(context, typed.text('place'), plan);
      const asleep = formatUsd(chosen.monthlyUsd ?? 0);
      await agreed(context, {
        lines: [
          `"${name}" goes to sleep: ${asleep} a month in place of ${formatUsd(monthlyUsd)}.`,
          placeLine(chosen),
          ...plan.workspaces
            .filter(({ isRunning }) => isRunning)
            .map((one) => `  The workspace "${one.name}" runs, and is stopped.`),
          ...(plan.otherWorkspaces === 0
            ? []
            : [`  ${formatCount(plan.otherWorkspaces, 'workspace', 'workspaces')} of others, too.`]),
          ...(chosen.place.kind === 'machine-snapshot'
            ? []
            : plan.images.map(
                ({ reference, sizeBytes }) =>
                  `  The image ${reference} comes along, ${formatBytes(sizeBytes)} before it is compressed.`,
              )),
          ...chosen.loses.map((sentence) => `  Not kept: ${sentence}`),
          ...(hasBackups ? [backupsLine] : []),
        ],
        question: 'Put it to sleep?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        client.call('machines.hibernate', { id, place: chosen.place }),
      );
      return { json: operation, lines: [`"${name}" sleeps. To wake it: berth machine wake ${name}`] };
    };
  },
};

const wake: PlaneCommand = {
  name: 'machine wake',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Rents a machine again, and brings everything back under the same names.',
  flags: {
    region: { value: 'REGION', help: 'Else as before.' },
    size: { value: 'SIZE', help: 'Else as before.' },
    'keep-snapshot': { help: 'The snapshot that it slept in stays, and costs.' },
    yes: yesFlag,
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const machine = await findMachine(context, word);
      const { cloudId, hasBackups, id, life, name } = machine;
      if (life !== 'asleep' && life !== 'incomplete' && life !== 'waking')
        throw new CommandFailure(`"${name}" does not sleep.`, { code: 'conflict', message: '', details: {} });
      const region = typed.text('region') ?? machine.region;
      const size = typed.text('size') ?? machine.size;
      const offer = await client.call('clouds.offer', { id: cloudId });
      const rented = sizeOnOffer(offer, region, size);
      const price = withBackups(rented, hasBackups ? offer.backupShare : 0);
      await agreed(context, {
        lines: [
          `Rents "${name}" again, ${size} in ${region}: ${formatHourly(price.hourlyUsd)} (${formatUsd(price.monthlyUsd)} a month)${hasBackups ? ', with backups' : ''}.`,
        ],
        question: 'Wake it?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        client.call('machines.wake', {
          id,
          region,
          size,
          keepsSnapshot: typed.has('keep-snapshot'),
          hourlyUsd: rented.hourlyUsd,
        }),
      );
      return { json: operation, lines: [`"${name}" is awake, ${formatHourly(price.hourlyUsd)}.`] };
    };
  },
};

export const machineEndCommands: readonly PlaneCommand[] = [destroy, forget, hibernate, wake];
