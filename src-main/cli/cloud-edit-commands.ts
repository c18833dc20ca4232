/** `berth cloud …`: what a person says of an account: its name here, and a budget for its month. */
import { type Cloud, CloudBudget } from '#contract/clouds.ts';
import { formatUsd } from './amounts.ts';
import { readAll } from './collections.ts';
import type { Context, PlaneCommand, Typed } from './command.ts';
import { TypedWrong } from './failure.ts';
import { pickCloud } from './find-machine.ts';
import { newName } from './snapshot-flags.ts';

const none = 'none';

async function findCloud({ client }: Context, word: string): Promise<Cloud> {
  return pickCloud(word, await readAll(client, 'clouds.watch'));
}

const rename: PlaneCommand = {
  name: 'cloud rename',
  words: '<cloud> <name>',
  wordCount: { min: 2, max: 2 },
  summary: 'Gives an account another name, in this Berth alone.',
  flags: {},
  read: (typed) => {
    const [word = '', text = ''] = typed.words;
    const label = newName('The name', text);
    return async (context) => {
      const before = await findCloud(context, word);
      const cloud = await context.client.call('clouds.edit', { id: before.id, label });
      return { json: cloud, lines: [`"${before.label}" is called "${cloud.label}" now.`] };
    };
  },
};

/** What was said of it; what was not stays as it is. @throws TypedWrong */
function readBudget(typed: Typed): Partial<CloudBudget> {
  const [, amount] = typed.words;
  const percent = typed.text('warn-at');
  const change: Partial<CloudBudget> = {};
  if (amount === none) change.monthlyUsd = null;
  else if (amount !== undefined) {
    const usd = /^\$?(\d{1,8}(?:\.\d{1,2})?)$/.exec(amount)?.[1];
    const parsed = CloudBudget.shape.monthlyUsd.safeParse(Number(usd));
    if (usd === undefined || !parsed.success)
      throw new TypedWrong(`"${amount}" is no amount as 40 or 12.50, and not ${none}.`);
    change.monthlyUsd = parsed.data;
  }
  if (percent !== undefined) {
    const digits = /^(\d+)\s*%?$/.exec(percent)?.[1];
    const parsed = CloudBudget.shape.warnAtPercent.safeParse(Number(digits));
    if (!parsed.success) throw new TypedWrong('--warn-at must be a whole number from 10 to 100.');
    change.warnAtPercent = parsed.data;
  }
  return change;
}

const budget: PlaneCommand = {
  name: 'cloud budget',
  words: '<cloud> [<amount>]',
  wordCount: { min: 1, max: 2 },
  summary: 'Sets what an account should cost in a month; without an amount, shows it.',
  details: [
    'The amount is in US dollars, as 40 or 12.50; none takes the budget away.',
    'Counted by Berth. Nothing is stopped at the limit: it warns, and berth cloud costs says so.',
  ],
  flags: { 'warn-at': { value: 'PERCENT', help: 'Share of it from which on Berth warns.' } },
  read: (typed) => {
    const [word = ''] = typed.words;
    const change = readBudget(typed);
    return async (context) => {
      const before = await findCloud(context, word);
      const cloud =
        Object.keys(change).length === 0
          ? before
          : await context.client.call('clouds.edit', {
              id: before.id,
              budget: { ...before.budget, ...change },
            });
      const { monthlyUsd, warnAtPercent } = cloud.budget;
      return {
        json: cloud,
        lines: [
          monthlyUsd === null
            ? `"${cloud.label}" has no budget.`
            : `The budget of "${cloud.label}": ${formatUsd(monthlyUsd)} a month; Berth warns from ${warnAtPercent} % on.`,
        ],
      };
    };
  },
};

export const cloudEditCommands: readonly PlaneCommand[] = [rename, budget];
