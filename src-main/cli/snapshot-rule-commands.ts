/** `berth snapshot …`: when snapshots are made by themselves, and which of them stay. */
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import { snapshotRulesDefaults } from '#contract/snapshot-rules.ts';
import { lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import { type Command, type Context, yesFlag } from './command.ts';
import { CommandFailure } from './failure.ts';
import { findWorkspace, presentWorkspace, type Subject } from './find-workspace.ts';
import { followCall } from './follow-operation.ts';
import { describeKeepPlan } from './restore-plan.ts';
import { describeRules, readRuleFlags } from './rule-flags.ts';
import { agreed, readyWorkspace } from './snapshot-commands.ts';
import { consistencyFlag } from './snapshot-flags.ts';

async function rulesOf({ client }: Context, { id }: Subject): Promise<SnapshotRules | undefined> {
  return (await readAll(client, 'snapshotRules.watch')).find((rules) => rules.id === id);
}

const ownTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const rules: Command = {
  name: 'snapshot rules',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Shows or sets when snapshots are made by themselves, and which stay.',
  flags: {
    schedule: { value: 'CRON|off', help: 'Minute, hour, day, month, weekday, as "0 3 * * *".' },
    keep: {
      value: 'last=5,daily=7,…|off',
      help: 'last, hourly, daily, weekly, monthly. What is not named is 0.',
    },
    quiet: { value: '22:00-07:00|off', help: 'Nothing is begun between these.' },
    'time-zone': { value: 'ZONE', help: 'For both, as Europe/Oslo. At first this computer’s.' },
    consistency: consistencyFlag,
    before: { value: 'CMD', help: 'Runs in the workspace before each; an empty one takes it away.' },
    after: { value: 'CMD', help: 'Runs in the workspace when it goes on.' },
  },
  details: ['What is not said stays as it is. Pinned snapshots always stay.'],
  read: (typed) => {
    const [word = ''] = typed.words;
    const change = readRuleFlags(typed);
    return async (context) => {
      const subject = await findWorkspace(context, word);
      presentWorkspace(subject);
      const before = await rulesOf(context, subject);
      if (Object.keys(change).length === 0) {
        const none = { id: subject.id, timeZone: ownTimeZone(), nextAt: null, lastAt: null, problem: null };
        const present = before ?? { ...snapshotRulesDefaults, ...none };
        return { json: present, lines: describeRules(present) };
      }
      const zone = before === undefined ? { timeZone: ownTimeZone() } : {};
      const present = await context.client.call('snapshotRules.set', { ...zone, ...change, id: subject.id });
      return { json: present, lines: describeRules(present) };
    };
  },
};

const prune: Command = {
  name: 'snapshot prune',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Deletes what the workspace’s keep rule does not keep.',
  flags: { 'dry-run': { help: 'Only shows what would be deleted.' }, yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    const isDry = typed.has('dry-run');
    return async (context) => {
      const { client } = context;
      const subject = await findWorkspace(context, word);
      const keep = (await rulesOf(context, subject))?.keep ?? null;
      if (keep === null)
        throw new CommandFailure(
          `"${subject.name}" has no rule that says which snapshots stay. Set one: berth snapshot rules ${subject.id} --keep last=5,daily=7`,
        );
      if (isDry) await lookAtHosts(context, [subject.hostId]);
      else await readyWorkspace(context, subject.id);
      const workspaceId = subject.id;
      const plan = await client.call('snapshotRules.keepPlan', { workspaceId, keep });
      const lines = describeKeepPlan(plan, await readAll(client, 'snapshots.watch'));
      if (isDry || plan.destroys.length === 0) return { json: { ...plan, isDone: false }, lines };
      await agreed(context, {
        lines,
        question: `Delete ${plan.destroys.length === 1 ? 'it' : `these ${plan.destroys.length}`}?`,
        isYes: typed.has('yes'),
      });
      await followCall(context, () =>
        client.call('snapshotRules.apply', { workspaceId, keep, destroys: plan.destroys }),
      );
      return { json: { ...plan, isDone: true }, lines: [`Deleted ${plan.destroys.length}.`] };
    };
  },
};

export const snapshotRuleCommands: readonly Command[] = [rules, prune];
