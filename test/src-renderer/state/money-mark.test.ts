/** One mark for everything about money: the gravest, and none where nothing waits. */
import { expect, it } from 'vitest';
import { moneyMark, type MoneyFacts } from '#renderer/state/money-mark.ts';
import { noCosts } from '../cloud-replies.ts';
import { cloud, cloudScenes, machine } from '../cloud-scenes.ts';

const nothing: MoneyFacts = {
  clouds: [cloud(1, 'a')],
  machines: [machine(1, 'b')],
  found: [],
  costs: noCosts,
};
const refused = cloudScenes['clouds-trouble'].clouds ?? [];
const { machines = [], found = [], costs = noCosts } = cloudScenes.clouds;
const over = cloudScenes['clouds-over'].costs ?? noCosts;

it.each<[string | undefined, Partial<MoneyFacts>]>([
  [undefined, {}],
  [undefined, { clouds: [], machines: [], costs: null }],
  ['near the budget', { costs }],
  ['over the budget', { costs: over }],
  ['something costs that this Berth does not know', { costs: over, found }],
  [undefined, { found: found.filter(({ isDismissed }) => isDismissed) }],
  ['a machine needs you', { found, machines }],
  ['a token is not accepted', { found, machines, clouds: refused }],
])('says %j', (word, facts) => {
  expect(moneyMark({ ...nothing, ...facts })?.word).toBe(word);
});
