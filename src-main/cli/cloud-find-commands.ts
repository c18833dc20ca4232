/** `berth cloud …`: what costs at the providers and is not known to this Berth. */
import type { FoundResource } from '#contract/clouds.ts';
import { formatHourly, formatInstant, formatUsd } from './amounts.ts';
import { readAll } from './collections.ts';
import { type PlaneCommand, yesFlag } from './command.ts';
import { pickFound } from './find-machine.ts';
import { followCall } from './follow-operation.ts';
import { agreed } from './snapshot-commands.ts';
import { formatTable } from './table.ts';

function foundLine({ hourlyUsd, kind, monthlyUsd, name }: FoundResource): string {
  const price = hourlyUsd === null ? `${formatUsd(monthlyUsd)} a month` : formatHourly(hourlyUsd);
  return `the ${kind} "${name}", ${price}`;
}

const finds: PlaneCommand = {
  name: 'cloud finds',
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists what costs at the providers and is not known to this Berth.',
  flags: { all: { help: 'Those that somebody said are all right, too.' } },
  read:
    (typed) =>
    async ({ client, terminal }) => {
      const all = await readAll(client, 'clouds.found');
      const shown = all.filter(({ isDismissed }) => typed.has('all') || !isDismissed);
      const rows = shown.map((one) => [
        one.name,
        one.id,
        one.kind,
        one.region ?? '–',
        one.hourlyUsd === null ? '–' : formatHourly(one.hourlyUsd),
        formatUsd(one.monthlyUsd),
        formatInstant(one.createdAt),
        one.detail,
      ]);
      const headings = ['NAME', 'ID', 'KIND', 'REGION', 'HOUR', 'MONTH', 'MADE', 'WHAT IT IS'];
      const { columns } = terminal;
      return {
        json: shown,
        lines:
          rows.length === 0
            ? ['Nothing was found that Berth does not know.']
            : [
                ...formatTable({ headings, rows, right: [4, 5], columns }),
                'Adopt a machine: berth cloud adopt <find>. Destroy: berth cloud destroy <find>. All right: berth cloud dismiss <find>',
              ],
      };
    },
};

const adopt: PlaneCommand = {
  name: 'cloud adopt',
  words: '<find>',
  wordCount: { min: 1, max: 1 },
  summary: 'Makes a machine that was found one of this Berth’s.',
  flags: { name: { value: 'NAME', help: 'What it is called here. Else as at the provider.' } },
  read: (typed) => {
    const [word = ''] = typed.words;
    const name = typed.text('name');
    return async ({ client }) => {
      const { id } = pickFound(word, await readAll(client, 'clouds.found'));
      const machine = await client.call('clouds.adoptFound', { id, ...(name === undefined ? {} : { name }) });
      return { json: machine, lines: [`"${machine.name}" is one of this Berth’s: ${machine.id}`] };
    };
  },
};

const destroy: PlaneCommand = {
  name: 'cloud destroy',
  words: '<find>',
  wordCount: { min: 1, max: 1 },
  summary: 'Destroys what was found at a provider, for good.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const found = pickFound(word, await readAll(client, 'clouds.found'));
      await agreed(context, {
        lines: [`Destroys for good ${foundLine(found)}.`, `  ${found.detail}`],
        question: 'Destroy it?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        client.call('clouds.destroyFound', { id: found.id, name: found.name }),
      );
      return { json: operation, lines: [`Destroyed ${foundLine(found)}.`] };
    };
  },
};

const dismiss: PlaneCommand = {
  name: 'cloud dismiss',
  words: '<find>',
  wordCount: { min: 1, max: 1 },
  summary: 'Says that what was found is all right; it is not shown any more.',
  flags: { undo: { help: 'Takes that back.' } },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async ({ client }) => {
      const { id } = pickFound(word, await readAll(client, 'clouds.found'));
      const isDismissed = !typed.has('undo');
      const found = await client.call('clouds.dismissFound', { id, isDismissed });
      return {
        json: found,
        lines: [`${isDismissed ? 'All right' : 'Shown again'}: ${foundLine(found)}.`],
      };
    };
  },
};

export const cloudFindCommands: readonly PlaneCommand[] = [finds, adopt, destroy, dismiss];
