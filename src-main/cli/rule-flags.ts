/** The flags of a workspace's snapshot rules, as typed, and the rules as a person reads them. Pure. */
import type { InputOf } from '#contract/index.ts';
import type { KeepRule, SnapshotRules } from '#contract/snapshot-rules.ts';
import { formatInstant } from './amounts.ts';
import type { Typed } from './command.ts';
import { TypedWrong } from './failure.ts';
import { consistencyOf } from './snapshot-flags.ts';

export type RuleChange = Omit<InputOf<'snapshotRules.set'>, 'id'>;

const off = 'off';
const keepWords = ['last', 'hourly', 'daily', 'weekly', 'monthly'] as const;

/** `last=5,daily=7`; what is not named is 0. */
export function parseKeep(text: string): KeepRule | null {
  if (text === off) return null;
  const rule = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0 };
  const seen = new Set<string>();
  for (const part of text.split(',')) {
    const [word = '', count = '', ...rest] = part.trim().split('=');
    const name = keepWords.find((one) => one === word);
    if (name === undefined || rest.length > 0 || !/^\d{1,4}$/.test(count) || Number(count) > 1000)
      throw new TypedWrong(
        `--keep: "${part}" cannot be used. Write last, hourly, daily, weekly or monthly with a number up to 1000, as last=5,daily=7,weekly=4; or off.`,
      );
    if (seen.has(name)) throw new TypedWrong(`--keep: ${name} stands there twice.`);
    seen.add(name);
    rule[name] = Number(count);
  }
  if (Object.values(rule).every((count) => count === 0))
    throw new TypedWrong('--keep would keep nothing at all. Write at least last=1; or off, and all stay.');
  return rule;
}

/** `22:00-07:00`. */
export function parseQuiet(text: string): SnapshotRules['quietHours'] {
  if (text === off) return null;
  const found = /^((?:[01]\d|2[0-3]):[0-5]\d)-((?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text);
  const [, from, to] = found ?? [];
  if (from === undefined || to === undefined || from === to)
    throw new TypedWrong(
      `--quiet: "${text}" cannot be used. Write two times of day, as 22:00-07:00; or off.`,
    );
  return { from, to };
}

/** Only what was typed. */
export function readRuleFlags(typed: Typed): RuleChange {
  const [schedule, keep, quiet] = [typed.text('schedule'), typed.text('keep'), typed.text('quiet')];
  const [zone, before, after] = [typed.text('time-zone'), typed.text('before'), typed.text('after')];
  const consistency = consistencyOf(typed.text('consistency'));
  if (schedule !== undefined && schedule !== off && schedule.trim().split(/\s+/).length !== 5)
    throw new TypedWrong(
      `--schedule: "${schedule}" is not five words. Write minute, hour, day, month and weekday, as "0 3 * * *"; or off.`,
    );
  return {
    ...(schedule === undefined ? {} : { schedule: schedule === off ? null : schedule }),
    ...(keep === undefined ? {} : { keep: parseKeep(keep) }),
    ...(quiet === undefined ? {} : { quietHours: parseQuiet(quiet) }),
    ...(zone === undefined ? {} : { timeZone: zone }),
    ...(consistency === undefined ? {} : { consistency }),
    ...(before === undefined ? {} : { beforeCommand: before === '' ? null : before }),
    ...(after === undefined ? {} : { afterCommand: after === '' ? null : after }),
  };
}

export function describeKeep(keep: KeepRule | null): string {
  if (keep === null) return 'all';
  return keepWords
    .filter((word) => keep[word] > 0)
    .map((word) => `${word}=${keep[word]}`)
    .join(',');
}

export function describeRules(rules: SnapshotRules): string[] {
  const { quietHours, beforeCommand, afterCommand, nextAt, lastAt, problem } = rules;
  return [
    `Schedule     ${rules.schedule === null ? 'none' : `${rules.schedule} (${rules.timeZone})`}`,
    ...(quietHours === null ? [] : [`Quiet hours  ${quietHours.from}-${quietHours.to}`]),
    `Keeps        ${describeKeep(rules.keep)}`,
    `Consistency  ${rules.consistency}`,
    ...(beforeCommand === null ? [] : [`Before       ${beforeCommand}`]),
    ...(afterCommand === null ? [] : [`After        ${afterCommand}`]),
    ...(rules.schedule === null ? [] : [`Next         ${formatInstant(nextAt)}`]),
    ...(lastAt === null ? [] : [`Last         ${formatInstant(lastAt)}`]),
    ...(problem === null ? [] : [`Problem      ${problem.message}`]),
  ];
}
