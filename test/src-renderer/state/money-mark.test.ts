/** One mark for everything about money: the gravest, and none where nothing waits. */
import { expect, it } from 'vitest';
import { moneyMark, type MoneyFacts } from '#renderer/state/money-mark.ts';
import { noCosts } from '../cloud-replies.ts';
import { cloudScenes } from '../cloud-scenes.ts';
import { cloud, machine } from '../machine-fixtures.ts';
import { machineScenes } from '../machine-scenes.ts';

const nothing: MoneyFacts = {
  clouds: [cloud(1, 'a')],
  machines: [machine(1, 'b')],
  found: [],
  costs: noCosts,
};
const refused = cloudScenes['clouds-trouble'].clouds ?? [];
const { machines = [], found = [], costs = noCosts } = cloudScenes.clouds;
const power = { state: 'off', isBusy: false, readAt: '2026-11-20T12:00:00.000Z' } as const;
const off = machine(2, 'c', { power });
const retried = machineScenes['machines-retry'].machines.filter(({ retry }) => retry !== null);
const over = cloudScenes['clouds-over'].costs ?? noCosts;

it.each<[string | undefined, Partial<MoneyFacts>]>([
  [undefined, {}],
  [undefined, { clouds: [], machines: [], costs: null }],
  ['a machine is off, and still costs', { machines: [off] }],
  ['near the budget', { machines: [off], costs }],
  ['a machine did not end, and costs', { machines: [off, ...retried], costs: over, found }],
  ['near the budget', { costs }],
  ['over the budget', { costs: over }],
  ['something costs that this Berth does not know', { costs: over, found }],
  [undefined, { found: found.filter(({ isDismissed }) => isDismissed) }],
  ['a machine needs you', { found, machines }],
  ['a token is not accepted', { found, machines, clouds: refused }],
])('says %j', (word, facts) => {
  expect(moneyMark({ ...nothing, ...facts })?.word).toBe(word);
});
