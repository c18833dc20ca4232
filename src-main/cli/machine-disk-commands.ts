/** `berth machine …`: what becomes of the whole disk of a machine: a fresh one, and backups of it. */
import type { DestroyPlan } from '#contract/machines.ts';
import { formatCount, formatUsd } from './amounts.ts';
import { type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { findMachine } from './find-machine.ts';
import { followCall } from './follow-operation.ts';
import { agreed } from './snapshot-commands.ts';

/** What lies on it and goes with its disk. */
export function goneLines({ otherWorkspaces, snapshots, workspaces }: DestroyPlan): string[] {
  return [
    ...workspaces.map(
      ({ isRunning, name }) => `  The workspace "${name}" is on it${isRunning ? ', and runs' : ''}.`,
    ),
    ...(otherWorkspaces === 0
      ? []
      : [`  ${formatCount(otherWorkspaces, 'workspace', 'workspaces')} of others, too.`]),
    ...(snapshots === 0
      ? []
      : [`  ${formatCount(snapshots, 'snapshot is', 'snapshots are')} on it and nowhere else.`]),
  ];
}

const rebuild: PlaneCommand = {
  name: 'machine rebuild',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Replaces the disk of a machine with a fresh system: everything on it is gone.',
  details: ['Its name, address, size and price stay, and so do snapshots of the whole machine.'],
  flags: {
    image: { value: 'IMAGE', help: 'What is on the new disk. Else what it was made from.' },
    yes: yesFlag,
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const { client } = context;
      const machine = await findMachine(context, word);
      const { id, name, region } = machine;
      const [offer, plan] = await Promise.all([
        client.call('clouds.offer', { id: machine.cloudId }),
        client.call('machines.destroyPlan', { id }),
      ]);
      const wished = typed.text('image') ?? machine.image;
      const there = offer.images.filter(({ regions }) => regions.includes(region));
      const image = there.find((one) => one.id === wished);
      if (image === undefined)
        throw new CommandFailure(
          [
            `"${wished}" is not on offer in "${region}". Say --image, one of these:`,
            ...there.filter(({ isSupported }) => isSupported).map((one) => `  ${one.id}`),
          ].join('\n'),
          { code: 'cloud.not-offered', message: '', details: {} },
        );
      await agreed(context, {
        lines: [
          `Writes a fresh disk for "${name}": ${image.name} (${image.id}). All that is on it now is gone:`,
          ...goneLines(plan),
          ...(image.isSupported
            ? []
            : ['  Berth’s set-up is not known to work on it: it may end without an engine.']),
        ],
        question: 'Rebuild it?',
        isYes: typed.has('yes'),
      });
      const operation = await followCall(context, () =>
        client.call('machines.rebuild', { id, image: image.id, name }),
      );
      return { json: operation, lines: [`"${name}" has a fresh disk: ${image.name}.`] };
    };
  },
};

const backups: PlaneCommand = {
  name: 'machine backups',
  words: '<machine> <on|off>',
  wordCount: { min: 2, max: 2 },
  summary: 'Turns the provider’s backups of a whole machine on or off; they cost extra.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = '', text = ''] = typed.words;
    if (text !== 'on' && text !== 'off') throw new TypedWrong(`"${text}" is none of on and off.`);
    const isOn = text === 'on';
    return async (context) => {
      const { client } = context;
      const { cloudId, hasBackups, id, monthlyUsd, name } = await findMachine(context, word);
      // Asked of the provider all the same where it seems to be so already: what is shown may be old.
      if (hasBackups !== isOn) {
        const { backupShare } = await client.call('clouds.offer', { id: cloudId });
        // What it costs now has them in it already, where it has them.
        const size = hasBackups ? monthlyUsd / (1 + backupShare) : monthlyUsd;
        const usd = formatUsd(size * backupShare);
        await agreed(context, {
          lines: isOn
            ? [`Backups of "${name}" cost ${usd} a month more.`]
            : [
                `Backups of "${name}" end, which saves ${usd} a month.`,
                '  The provider may delete those that there are.',
              ],
          question: isOn ? 'Turn them on?' : 'Turn them off?',
          isYes: typed.has('yes'),
        });
      }
      const operation = await followCall(context, () => client.call('machines.setBackups', { id, isOn }));
      return { json: operation, lines: [`Backups of "${name}" are ${text}.`] };
    };
  },
};

export const machineDiskCommands: readonly PlaneCommand[] = [rebuild, backups];
