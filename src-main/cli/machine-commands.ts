/** `berth machine …`: renting machines, and living with them. */
import { type CloudOffer, withBackups } from '#contract/clouds.ts';
import { type Machine, MachineName, TroubleChoice } from '#contract/machines.ts';
import { formatBytes, formatHourly, formatInstant, formatUsd } from './amounts.ts';
import { readAll, watchUntil } from './collections.ts';
import { type Context, type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { cloudOrOnly, findMachine, openRegions, sizeOnOffer } from './find-machine.ts';
import { followCall, followOperation } from './follow-operation.ts';
import { endFlags, parseSshAccess, readEnd, sshFlag } from './machine-flags.ts';
import { agreed } from './snapshot-commands.ts';
import { formatTable } from './table.ts';
import { detachFlag, mayDetach } from './workspace-life-commands.ts';

type Size = CloudOffer['sizes'][number];

/** What the machine is doing, and that it costs where that may surprise. */
export function lifeWord({ gate, life, power, retry, trouble }: Machine): string {
  if (trouble !== null) return 'asks what to do';
  if (retry !== null) return retry.why === 'sleep' ? 'not asleep, still costs' : 'did not end, still costs';
  if (life === 'creating') return gate === null ? 'creating' : `creating (${gate.gate})`;
  if (life !== 'made') return life;
  if (power === null) return 'made';
  return power.state === 'off' ? 'off, still costs' : power.state;
}

function noteWord({ retry, trouble }: Machine): string {
  if (trouble !== null) return trouble.error.message;
  return retry === null ? '' : `${retry.error.message} Tried again at ${formatInstant(retry.againAt)}.`;
}

/** What it costs an hour as it is now, and what it costs asleep. */
export function priceWord({ hourlyUsd, life, providerId, sleep }: Machine): string {
  if (life === 'asleep') return `${formatUsd(sleep?.monthlyUsd ?? 0)}/month`;
  return providerId === null || life === 'vanished' ? '–' : formatHourly(hourlyUsd);
}

function machineName(text: string): string {
  const parsed = MachineName.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new TypedWrong(`The name "${text}" cannot be used: it ${parsed.error.issues[0]?.message}.`);
}

function sizeLine({ cpus, diskBytes, hourlyUsd, id, memoryBytes, monthlyUsd }: Size): string {
  return `${id}: ${cpus} CPU, ${formatBytes(memoryBytes)} of memory, ${formatBytes(diskBytes)} of disk, ${formatHourly(hourlyUsd)} (${formatUsd(monthlyUsd)} a month)`;
}

const list: PlaneCommand = {
  name: 'machine list',
  aliases: ['machine ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists machines that Berth rents, with what they cost.',
  flags: {},
  read: () => async (context) => {
    const machines = (await readAll(context.client, 'machines.watch')).toSorted((a, b) =>
      a.name.localeCompare(b.name),
    );
    const rows = machines.map((machine) => [
      machine.name,
      machine.id,
      lifeWord(machine),
      machine.region,
      machine.size,
      machine.ipv4 ?? '–',
      priceWord(machine),
      formatInstant(machine.endsAt),
      noteWord(machine),
    ]);
    const headings = ['NAME', 'ID', 'STATE', 'REGION', 'SIZE', 'ADDRESS', 'COSTS', 'ENDS', 'NOTE'];
    const { columns } = context.terminal;
    return {
      json: machines,
      lines:
        rows.length === 0
          ? ['There are no machines. Make one: berth machine create <name>']
          : formatTable({ headings, rows, right: [6], columns }),
    };
  },
};

const create: PlaneCommand = {
  name: 'machine create',
  words: '<name>',
  wordCount: { min: 1, max: 1 },
  summary: 'Rents a machine, waits until its engine answers, and makes it a host.',
  details: [
    'Shows the price and asks. What can be had, and what it costs: berth cloud offer',
    'Ctrl+C takes it back: what was made is destroyed.',
  ],
  flags: {
    region: { value: 'REGION', help: 'Where.' },
    size: { value: 'SIZE', help: 'How big.' },
    image: { value: 'IMAGE', help: 'What is on its disk. Else the first that Berth is made for.' },
    cloud: { value: 'CLOUD', help: 'The account. Not needed where there is one.' },
    tag: { value: 'TAG', isMany: true, help: 'A tag at the provider; may be there more than once.' },
    ipv6: { help: 'With an IPv6 address.' },
    backups: { help: 'With the provider’s backups; they cost extra.' },
    monitoring: { help: 'With the provider’s agent for figures.' },
    ssh: sshFlag,
    ...endFlags,
    'on-trouble': {
      value: 'ask|keep|destroy',
      help: 'At a step that fails: waits for berth machine decide (at a terminal), keeps it (else), or destroys it.',
    },
    detach: detachFlag,
    yes: yesFlag,
  },
  read: (typed) => {
    const name = machineName(typed.words[0] ?? '');
    const end = readEnd(typed, Date.now());
    const ssh = typed.text('ssh');
    const sshAccess = ssh === undefined ? undefined : parseSshAccess(ssh);
    const trouble = typed.text('on-trouble');
    const asked = (['ask', 'keep', 'destroy'] as const).find((one) => one === trouble);
    if (trouble !== undefined && asked === undefined)
      throw new TypedWrong(`--on-trouble: "${trouble}" is none of ask, keep and destroy.`);
    return async (context) => {
      const { client, terminal } = context;
      const cloud = cloudOrOnly(typed.text('cloud'), await readAll(client, 'clouds.watch'));
      const isDetached = mayDetach(context, typed.has('detach'));
      const offer = await client.call('clouds.offer', { id: cloud.id });
      const [region, size] = [typed.text('region'), typed.text('size')];
      if (region === undefined || size === undefined)
        throw new TypedWrong(
          `Say --region and --size. Open regions: ${openRegions(offer).join(', ')}. Sizes and prices: berth cloud offer ${cloud.label} --region REGION`,
        );
      const rented = sizeOnOffer(offer, region, size);
      const image =
        typed.text('image') ??
        offer.images.find(({ isSupported, regions }) => isSupported && regions.includes(region))?.id;
      if (image === undefined) throw new TypedWrong('Say --image: none that Berth is made for is there.');
      const backupsUsd = typed.has('backups') ? rented.monthlyUsd * offer.backupShare : 0;
      await agreed(context, {
        lines: [
          `Rents "${name}" in ${region} from "${cloud.label}":`,
          `  ${sizeLine(rented)}`,
          ...(backupsUsd > 0 ? [`  Backups: ${formatUsd(backupsUsd)} a month more.`] : []),
          '  It costs until it is destroyed, also while it is off.',
        ],
        question: 'Rent it?',
        isYes: typed.has('yes'),
      });
      const begin = async () => {
        const made = await client.call('machines.create', {
          cloudId: cloud.id,
          name,
          region,
          size,
          image,
          tags: [...typed.texts('tag')],
          hasIpv6: typed.has('ipv6'),
          hasBackups: typed.has('backups'),
          hasMonitoring: typed.has('monitoring'),
          ...(sshAccess === undefined ? {} : { sshAccess }),
          end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy', ...end },
          onTrouble: asked ?? (terminal.canAsk ? 'ask' : 'keep'),
          hourlyUsd: rented.hourlyUsd,
        });
        return { operation: made.operation, result: made.machine };
      };
      if (isDetached) {
        const { operation, result } = await begin();
        return { json: { machine: result, operation }, lines: [`Making "${name}": ${result.id}`] };
      }
      const made = await tellingTroubles(context, name, () => followOperation(context, begin));
      const now = (await readAll(client, 'machines.watch')).find(({ id }) => id === made.id) ?? made;
      return {
        json: now,
        lines: [
          `Made "${name}", ${now.ipv4 ?? 'without an address'}, ${formatHourly(now.hourlyUsd)}: ${now.id}`,
        ],
      };
    };
  },
};

/** While it waits for a decision, which only another command or the window can give. */
async function tellingTroubles<T>(context: Context, name: string, work: () => Promise<T>): Promise<T> {
  const ended = new AbortController();
  let told = '';
  const telling = watchUntil(
    context.client,
    'machines.watch',
    (machines) => {
      const trouble = machines.find((machine) => machine.name === name)?.trouble;
      if (trouble == null || trouble.sinceAt === told) return undefined;
      told = trouble.sinceAt;
      context.terminal.note(trouble.error.message);
      context.terminal.note(
        `Decide, here in another terminal: berth machine decide ${name} ${trouble.choices.join('|')}`,
      );
      return undefined;
    },
    ended.signal,
  ).catch(() => undefined);
  try {
    return await work();
  } finally {
    ended.abort();
    await telling;
  }
}

const decide: PlaneCommand = {
  name: 'machine decide',
  words: `<machine> <${TroubleChoice.options.join('|')}>`,
  wordCount: { min: 2, max: 2 },
  summary: 'Answers what the making of a machine waits for.',
  flags: {},
  read: (typed) => {
    const [word = '', text = ''] = typed.words;
    const choice = TroubleChoice.safeParse(text).data;
    if (choice === undefined)
      throw new TypedWrong(`"${text}" is none of ${TroubleChoice.options.join(', ')}.`);
    return async (context) => {
      const { id, name, trouble } = await findMachine(context, word);
      if (trouble === null) throw new CommandFailure(`"${name}" waits for no decision.`);
      if (!trouble.choices.includes(choice))
        throw new CommandFailure(`That cannot be chosen now. These can: ${trouble.choices.join(', ')}`);
      const machine = await context.client.call('machines.decide', { id, choice });
      return { json: machine, lines: [`"${name}": ${choice}.`] };
    };
  },
};

const finish: PlaneCommand = {
  name: 'machine finish',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Goes on with the making of a machine that was kept unfinished.',
  flags: {},
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { id, name } = await findMachine(context, word);
      const operation = await tellingTroubles(context, name, () =>
        followCall(context, () => context.client.call('machines.finish', { id })),
      );
      return { json: operation, lines: [`"${name}" is made.`] };
    };
  },
};

const done = { on: 'on', off: 'off. It still costs', reboot: 'started again', cut: 'off. It still costs' };

const power: PlaneCommand = {
  name: 'machine power',
  words: `<machine> <${Object.keys(done).join('|')}>`,
  wordCount: { min: 2, max: 2 },
  summary: 'Switches a machine on or off, or starts it again. Off still costs.',
  details: ['off asks its system to shut down first; cut pulls the plug.'],
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = '', text = ''] = typed.words;
    const action = (['on', 'off', 'reboot', 'cut'] as const).find((one) => one === text);
    if (action === undefined) throw new TypedWrong(`"${text}" is none of ${Object.keys(done).join(', ')}.`);
    return async (context) => {
      const { hourlyUsd, id, name } = await findMachine(context, word);
      if (action !== 'on')
        await agreed(context, {
          lines: [
            `Everything that runs on "${name}" ends.`,
            ...(action === 'reboot'
              ? []
              : [
                  `  Off it still costs ${formatHourly(hourlyUsd)}. To stop that: berth machine hibernate ${name}`,
                ]),
          ],
          question: action === 'reboot' ? 'Start it again?' : 'Switch it off?',
          isYes: typed.has('yes'),
        });
      const operation = await followCall(context, () =>
        context.client.call('machines.power', { id, action }),
      );
      return { json: operation, lines: [`"${name}" is ${done[action]}.`] };
    };
  },
};

const resize: PlaneCommand = {
  name: 'machine resize',
  words: '<machine> <size>',
  wordCount: { min: 2, max: 2 },
  summary: 'Gives a machine another size; it is off for that.',
  flags: { 'grow-disk': { help: 'Its disk grows, too. That cannot be taken back.' }, yes: yesFlag },
  read: (typed) => {
    const [word = '', size = ''] = typed.words;
    const growsDisk = typed.has('grow-disk');
    return async (context) => {
      const { client } = context;
      const { cloudId, hasBackups, hourlyUsd, id, name, region } = await findMachine(context, word);
      const offer = await client.call('clouds.offer', { id: cloudId });
      const wished = sizeOnOffer(offer, region, size);
      const price = { ...wished, ...withBackups(wished, hasBackups ? offer.backupShare : 0) };
      await agreed(context, {
        lines: [
          `"${name}" is switched off, and gets another size:`,
          `  ${sizeLine(price)}${hasBackups ? ', with backups' : ''}`,
          `  It costs ${formatHourly(hourlyUsd)} now.`,
          growsDisk
            ? '  Its disk grows, and can never shrink again: it cannot go back to this size.'
            : '  Its disk stays as it is, so that it can go back.',
        ],
        question: 'Resize it?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        client.call('machines.resize', { id, size, growsDisk, hourlyUsd: wished.hourlyUsd }),
      );
      return { json: operation, lines: [`"${name}" is ${size} now, ${formatHourly(price.hourlyUsd)}.`] };
    };
  },
};

const rename: PlaneCommand = {
  name: 'machine rename',
  words: '<machine> <name>',
  wordCount: { min: 2, max: 2 },
  summary: 'Renames a machine here and at the provider.',
  flags: {},
  read: (typed) => {
    const [word = '', text = ''] = typed.words;
    const name = machineName(text);
    return async (context) => {
      const machine = await findMachine(context, word);
      const operation = await followCall(context, () =>
        context.client.call('machines.rename', { id: machine.id, name }),
      );
      return { json: operation, lines: [`"${machine.name}" is called "${name}" now.`] };
    };
  },
};

export const machineCommands: readonly PlaneCommand[] = [create, list, decide, finish, power, resize, rename];
