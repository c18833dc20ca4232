/** `berth cloud …`: accounts at providers of machines, what is on offer there, and what they cost. */
import { readFile } from 'node:fs/promises';
import type { Cloud, CloudPermission } from '#contract/clouds.ts';
import { formatBytes, formatCount, formatHourly, formatUsd } from './amounts.ts';
import { cloudEditCommands } from './cloud-edit-commands.ts';
import { readAll, watchUntil } from './collections.ts';
import { type Answer, type Context, type Flag, type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, cancelled } from './failure.ts';
import { cloudOrOnly, pickCloud } from './find-machine.ts';
import { readSecretFromInput } from './secret-input.ts';
import { agreed } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

const tokenFlag: Flag = {
  value: 'FILE',
  help: 'Holds the provider’s token. Else it is asked for unseen, or read from the input of a script.',
};

/** Never from the words of the command, which every user of the computer can read. */
async function readToken({ terminal, interrupts }: Context, path: string | undefined): Promise<string> {
  if (path !== undefined)
    return await readFile(path, 'utf8').then(
      (text) => text.trim(),
      (error: Error) => {
        throw new CommandFailure(`The token in ${path} cannot be read: ${error.message}`);
      },
    );
  if (!terminal.canAsk) return (await readSecretFromInput(terminal.input, 'a token')).trim();
  const interrupted = new AbortController();
  const token = await interrupts.during(
    () => interrupted.abort(),
    () => terminal.ask('Token (not shown):', { isHidden: true, signal: interrupted.signal }),
  );
  if (token === undefined) throw cancelled('Nothing was changed.');
  return token.trim();
}

function missingLines(permissions: readonly CloudPermission[]): string[] {
  return permissions
    .filter(({ isGranted }) => isGranted === false)
    .map(({ isNeeded, name, without }) => `  ${isNeeded ? 'needed' : 'missing'}: ${name}. ${without}`);
}

function stateWord({ standing, state }: Cloud): string {
  if (state.phase === 'refused') return 'token refused';
  if (state.phase !== 'ready') return state.phase;
  return standing === null || standing === 'active' ? 'ready' : standing;
}

function noteWord({ permissions, standingMessage, state }: Cloud): string {
  if (state.phase === 'refused' || state.phase === 'unreachable') return state.error.message;
  const missing = permissions.filter(({ isGranted }) => isGranted === false).length;
  return [
    standingMessage,
    ...(missing === 0 ? [] : [`${formatCount(missing, 'permission is', 'permissions are')} missing`]),
  ]
    .filter((text) => text !== '')
    .join('; ');
}

function checkedLines(cloud: Cloud): string[] {
  const { balance, machineCount, machineLimit, owner } = cloud;
  const limit = machineLimit === null ? '' : ` of ${machineLimit}`;
  const missing = missingLines(cloud.permissions);
  return [
    `"${cloud.label}" is ${owner ?? 'an account'} at ${cloud.provider}: ${stateWord(cloud)}.`,
    ...(machineCount === null ? [] : [`Machines there: ${machineCount}${limit}.`]),
    ...(balance === null
      ? []
      : [
          `This month by its own count: ${formatUsd(balance.monthToDateUsd)}. Due: ${formatUsd(balance.dueUsd)}.`,
        ]),
    ...(missing.length === 0 ? [] : ['The token may not do all:', ...missing]),
  ];
}

/** Milliseconds that a list waits for accounts that a Berth which just began looks at. */
const checkLimitMs = 10_000;

/** As they are once none is being looked at any more, or after a while. */
async function checkedClouds({ client }: Context): Promise<Cloud[]> {
  const checked = await watchUntil(
    client,
    'clouds.watch',
    (clouds) => (clouds.some(({ state }) => state.phase === 'checking') ? undefined : clouds),
    AbortSignal.timeout(checkLimitMs),
  );
  return checked ?? (await readAll(client, 'clouds.watch'));
}

const list: PlaneCommand = {
  name: 'cloud list',
  aliases: ['cloud ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists accounts at providers with their states.',
  flags: {},
  read: () => async (context) => {
    const clouds = (await checkedClouds(context)).toSorted((a, b) => a.label.localeCompare(b.label));
    const rows = clouds.map((cloud) => [
      cloud.label,
      cloud.id,
      cloud.provider,
      cloud.owner ?? '–',
      stateWord(cloud),
      `${cloud.machineCount ?? '–'}${cloud.machineLimit === null ? '' : ` of ${cloud.machineLimit}`}`,
      noteWord(cloud),
    ]);
    const headings = ['NAME', 'ID', 'PROVIDER', 'ACCOUNT', 'STATE', 'MACHINES', 'NOTE'];
    const { columns } = context.terminal;
    return {
      json: clouds,
      lines:
        rows.length === 0
          ? ['There are no accounts. Connect one: berth cloud connect <name>']
          : formatTable({ headings, rows, columns }),
    };
  },
};

const connect: PlaneCommand = {
  name: 'cloud connect',
  words: '<name>',
  wordCount: { min: 1, max: 1 },
  isBeginning: true,
  summary: 'Checks a token of a provider, keeps it in the keychain, and says what it may do.',
  details: ['The token stands in no word of the command: everybody on the computer could read it there.'],
  flags: {
    provider: { value: 'PROVIDER', help: 'Where it is. Not needed where there is one provider.' },
    'cloud-token-file': tokenFlag,
  },
  read: (typed) => {
    const label = newName('The name', typed.words[0] ?? '');
    return async (context) => {
      const { client } = context;
      const { providers } = await client.call('clouds.providers', {});
      const word = typed.text('provider');
      const [first, ...others] = providers.filter(({ id }) => word === undefined || id === word);
      if (first === undefined || others.length > 0)
        throw new CommandFailure(
          [
            word === undefined
              ? 'Say which provider: --provider PROVIDER'
              : `There is no provider "${word}".`,
            ...providers.map(({ id, name }) => `  ${id}  (${name})`),
          ].join('\n'),
        );
      if (context.terminal.canAsk && typed.text('cloud-token-file') === undefined)
        context.terminal.note(`Make a token at ${first.tokenUrl}. ${first.tokenHelp}`);
      const token = await readToken(context, typed.text('cloud-token-file'));
      const cloud = await client.call('clouds.connect', { provider: first.id, label, token });
      return { json: cloud, lines: [`Connected "${cloud.label}": ${cloud.id}`, ...checkedLines(cloud)] };
    };
  },
};

const token: PlaneCommand = {
  name: 'cloud token',
  words: '<cloud>',
  wordCount: { min: 1, max: 1 },
  summary: 'Puts another token of the same account in the place of the old one.',
  flags: { 'cloud-token-file': tokenFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { id } = pickCloud(word, await readAll(context.client, 'clouds.watch'));
      const text = await readToken(context, typed.text('cloud-token-file'));
      const cloud = await context.client.call('clouds.replaceToken', { id, token: text });
      return { json: cloud, lines: checkedLines(cloud) };
    };
  },
};

const check: PlaneCommand = {
  name: 'cloud check',
  words: '<cloud>',
  wordCount: { min: 1, max: 1 },
  summary:
    'Looks at an account anew, and compares what is there with what Berth knows; exits with 1 where it may not make machines.',
  flags: {},
  read: (typed) => {
    const [word = ''] = typed.words;
    return async ({ client }): Promise<Answer> => {
      const { id } = pickCloud(word, await readAll(client, 'clouds.watch'));
      const cloud = await client.call('clouds.check', { id });
      const lacks = cloud.permissions.some(({ isGranted, isNeeded }) => isNeeded && isGranted === false);
      const isUsable = cloud.state.phase === 'ready' && cloud.standing !== 'locked' && !lacks;
      return { json: cloud, lines: checkedLines(cloud), ...(isUsable ? {} : { exitCode: 1 }) };
    };
  },
};

const disconnect: PlaneCommand = {
  name: 'cloud disconnect',
  words: '<cloud>',
  wordCount: { min: 1, max: 1 },
  summary: 'Forgets an account and its token. Machines there go on, and go on costing.',
  flags: {
    'leave-machines': { help: 'Also where machines are left there that nobody counts any more.' },
    yes: yesFlag,
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const cloud = pickCloud(word, await readAll(client, 'clouds.watch'));
      const machines = (await readAll(client, 'machines.watch')).filter(
        ({ cloudId }) => cloudId === cloud.id,
      );
      await agreed(context, {
        lines: [
          `Berth forgets "${cloud.label}" and its token.`,
          ...machines.map(
            ({ hourlyUsd, life, name, sleep }) =>
              `  The machine "${name}" ${life === 'asleep' ? `sleeps, ${formatUsd(sleep?.monthlyUsd ?? null)} a month,` : `costs ${formatHourly(hourlyUsd)}`} and stays there.`,
          ),
        ],
        question: 'Disconnect it?',
        isYes: typed.has('yes'),
      });
      const leavesMachines = typed.has('leave-machines');
      await client.call('clouds.disconnect', { id: cloud.id, leavesMachines });
      return { json: cloud, lines: [`Disconnected "${cloud.label}".`] };
    };
  },
};

const offer: PlaneCommand = {
  name: 'cloud offer',
  words: '[<cloud>]',
  wordCount: { min: 0, max: 1 },
  summary: 'Shows what can be rented: sizes with prices, open regions, and images.',
  flags: { region: { value: 'REGION', help: 'Only what can be had there.' } },
  read: (typed) => {
    const [word] = typed.words;
    const region = typed.text('region');
    return async ({ client, terminal }) => {
      const { id } = cloudOrOnly(word, await readAll(client, 'clouds.watch'));
      const all = await client.call('clouds.offer', { id });
      const isThere = ({ regions }: { regions: string[] }) =>
        region === undefined || regions.includes(region);
      const rows = all.sizes
        .filter(isThere)
        .toSorted((a, b) => a.hourlyUsd - b.hourlyUsd)
        .map((size) => [
          size.id,
          String(size.cpus),
          formatBytes(size.memoryBytes),
          formatBytes(size.diskBytes),
          formatHourly(size.hourlyUsd),
          formatUsd(size.monthlyUsd),
          size.gpu ?? size.family,
        ]);
      const headings = ['SIZE', 'CPUS', 'MEMORY', 'DISK', 'HOUR', 'MONTH', 'KIND'];
      const open = all.regions.filter(({ isOpen }) => isOpen);
      const images = all.images.filter(({ isSupported }) => isSupported).filter(isThere);
      return {
        json: all,
        lines: [
          ...formatTable({ headings, rows, right: [1, 2, 3, 4, 5], columns: terminal.columns }),
          `Regions: ${open.map((one) => `${one.id} (${one.name})`).join(', ')}`,
          `Images: ${images.map((one) => `${one.id} (${one.name})`).join(', ')}`,
        ],
      };
    };
  },
};

const costs: PlaneCommand = {
  name: 'cloud costs',
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Shows what runs now costs, and what this month has cost, by machine.',
  details: ['Counted by Berth from prices and times. The provider’s bill is what counts.'],
  flags: {},
  read:
    () =>
    async ({ client, terminal }) => {
      const { providers } = await client.call('clouds.providers', {});
      const used = new Set((await readAll(client, 'clouds.watch')).map(({ provider }) => provider));
      for await (const report of client.stream('clouds.costs', {})) {
        const { columns } = terminal;
        const hosts = report.hosts.map((host) => [
          host.name,
          host.state === 'off' ? 'off, still costs' : host.state,
          formatHourly(host.perHourUsd),
          formatUsd(host.monthUsd),
        ]);
        const stored = report.stored.map(({ kind, monthlyUsd, name }) => [kind, name, formatUsd(monthlyUsd)]);
        return {
          json: report,
          lines: [
            `Now ${formatHourly(report.perHourUsd)}. This month until now: ${formatUsd(report.monthUsd)}.`,
            ...(hosts.length === 0
              ? []
              : formatTable({
                  headings: ['MACHINE', 'STATE', 'HOUR', 'THIS MONTH'],
                  rows: hosts,
                  right: [2, 3],
                  columns,
                })),
            ...(stored.length === 0
              ? []
              : formatTable({
                  headings: ['STORED', 'NAME', 'A MONTH'],
                  rows: stored,
                  right: [2],
                  columns,
                })),
            ...report.budgets
              .filter(({ monthlyUsd }) => monthlyUsd !== null)
              .map(
                ({ forecastUsd, level, monthlyUsd, spentUsd }) =>
                  `Budget: ${formatUsd(spentUsd)} of ${formatUsd(monthlyUsd)} spent, ${formatUsd(forecastUsd)} by the end of the month${level === 'over' ? ': OVER' : level === 'near' ? ': near' : ''}.`,
              ),
            ...report.blind.map((sentence) => `Not counted: ${sentence}`),
            'Counted by Berth, in UTC, from prices and times, without taxes and traffic. The provider’s bill is what counts.',
            ...providers.filter(({ id }) => used.has(id)).map(({ priceNote }) => priceNote),
          ],
        };
      }
      throw new CommandFailure('Berth ended before it had counted.');
    },
};

export const cloudCommands: readonly PlaneCommand[] = [
  list,
  connect,
  token,
  check,
  disconnect,
  offer,
  costs,
  ...cloudEditCommands,
];
