/** `berth machine …`: what is said of a machine once and holds from then on: when it ends by itself, who may reach it. */
import { formatInstant } from './amounts.ts';
import type { PlaneCommand } from './command.ts';
import { findMachine } from './find-machine.ts';
import { followCall } from './follow-operation.ts';
import { endFlags, parseInstant, parseSshAccess, putOffFlag, readEnd } from './machine-flags.ts';

const end: PlaneCommand = {
  name: 'machine end',
  words: '<machine>',
  wordCount: { min: 1, max: 1 },
  summary: 'Says when a machine ends by itself; without flags, shows it.',
  details: ['It ends only while some Berth runs.'],
  flags: { ...endFlags, 'put-off': putOffFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    const putOff = typed.text('put-off');
    const change = {
      ...readEnd(typed, Date.now()),
      ...(putOff === undefined ? {} : { idleNotBefore: parseInstant('put-off', putOff, Date.now()) }),
    };
    return async (context) => {
      const before = await findMachine(context, word);
      const machine =
        Object.keys(change).length === 0
          ? before
          : await context.client.call('machines.setEnd', {
              id: before.id,
              end: { ...before.end, ...change },
            });
      const { at, atAction, idleAction, idleMinutes, idleNotBefore } = machine.end;
      return {
        json: machine,
        lines: [
          at === null ? 'It does not expire.' : `It expires at ${formatInstant(at)}: ${atAction}.`,
          idleMinutes === null
            ? 'It does not end for want of work.'
            : `After ${idleMinutes} minutes without work: ${idleAction}${
                idleNotBefore === undefined ? '' : `, not before ${formatInstant(idleNotBefore)}`
              }.`,
        ],
      };
    };
  },
};

const sshAccess: PlaneCommand = {
  name: 'machine ssh-access',
  words: '<machine> <mine|anywhere|addresses>',
  wordCount: { min: 2, max: 2 },
  summary: 'Changes who may reach the SSH server of a machine.',
  flags: {},
  read: (typed) => {
    const [word = '', text = ''] = typed.words;
    const access = parseSshAccess(text);
    return async (context) => {
      const { id, name } = await findMachine(context, word);
      const operation = await followCall(context, () =>
        context.client.call('machines.setSshAccess', { id, sshAccess: access }),
      );
      return { json: operation, lines: [`SSH of "${name}" is reached from: ${text}.`] };
    };
  },
};

export const machineRuleCommands: readonly PlaneCommand[] = [end, sshAccess];
