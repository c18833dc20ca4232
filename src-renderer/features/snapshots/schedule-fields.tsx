/** When snapshots are made by themselves: a choice, its time, quiet hours, and the next times that come of it, live. */
import type { SnapshotRules } from '#contract/snapshot-rules.ts';
import { RadioGroup, Switch } from '../../components/choices.tsx';
import { Select } from '../../components/select.tsx';
import { Spinner } from '../../components/spinner.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import {
  everyHoursChoices,
  readSchedule,
  readTimeOfDay,
  type ScheduleDraft,
  type ScheduleKind,
  timeRule,
  weekdays,
} from './schedule.ts';
import { type Asked, useAsked } from '../../state/use-asked.ts';

export interface WhenDraft {
  readonly schedule: ScheduleDraft;
  readonly timeZone: string;
  readonly isQuiet: boolean;
  readonly quietFrom: string;
  readonly quietTo: string;
}

export interface WhenRead {
  readonly when: Pick<SnapshotRules, 'schedule' | 'timeZone' | 'quietHours'> | null;
  readonly errors: Readonly<Record<string, string>>;
}

/** Of a draft what the plane takes; null where a field is wrong. */
export function readWhen(draft: WhenDraft): WhenRead {
  const errors: Record<string, string> = {};
  const read = readSchedule(draft.schedule);
  if ('field' in read) errors[read.field] = read.rule;
  const from = readTimeOfDay(draft.quietFrom);
  const to = readTimeOfDay(draft.quietTo);
  if (draft.isQuiet && from === undefined) errors['quietHours.from'] = timeRule;
  if (draft.isQuiet && to === undefined) errors['quietHours.to'] = timeRule;
  if (Object.keys(errors).length > 0 || 'field' in read) return { when: null, errors };
  return {
    when: {
      schedule: read.schedule,
      timeZone: draft.timeZone.trim(),
      quietHours: draft.isQuiet && from !== undefined && to !== undefined ? { from, to } : null,
    },
    errors,
  };
}

export type Explained = Asked<{ readonly next: readonly string[] }>;

/** Milliseconds after the last key before the plane is asked. */
const typingMs = 250;

export function useExplained(when: WhenRead['when']): Explained {
  const client = useClient();
  const schedule = when?.schedule ?? null;
  const input = when === null || schedule === null ? null : { ...when, schedule };
  return useAsked(
    input === null ? null : JSON.stringify(input),
    (signal) => client.call('snapshotRules.explain', input ?? never(), { signal }),
    typingMs,
  );
}

function never(): never {
  throw new Error('There is nothing to explain');
}

export interface ScheduleFieldsProps {
  readonly draft: WhenDraft;
  readonly errors: Readonly<Record<string, string>>;
  readonly explained: Explained;
  readonly onChange: (change: Partial<WhenDraft>) => void;
}

const kinds: readonly { readonly value: ScheduleKind; readonly label: string }[] = [
  { value: 'off', label: 'Never by itself' },
  { value: 'hourly', label: 'Every hour' },
  { value: 'hours', label: 'Every few hours' },
  { value: 'daily', label: 'Daily' },
  { value: 'weekly', label: 'Weekly' },
  { value: 'cron', label: 'By cron words' },
];

export function ScheduleFields({ draft, errors: own, explained, onChange }: ScheduleFieldsProps) {
  const { schedule } = draft;
  const change = (part: Partial<ScheduleDraft>) => onChange({ schedule: { ...schedule, ...part } });
  const told = fieldErrors(explained.error);
  const errors = { ...told, ...own };
  // The plane names the schedule; it stands at the field from which that comes.
  const cronError = own.cron ?? told.schedule ?? null;
  const timeError = own.time ?? (schedule.kind === 'cron' ? null : (told.schedule ?? null));
  const hasTime = schedule.kind === 'daily' || schedule.kind === 'weekly';
  return (
    <div className="flex flex-col gap-3">
      <RadioGroup
        label="A snapshot is taken"
        value={schedule.kind}
        options={kinds}
        onChange={(kind) => {
          const read = readSchedule(schedule);
          const words = 'schedule' in read ? read.schedule : null;
          change({ kind, ...(kind === 'cron' && words !== null ? { cron: words } : {}) });
        }}
      />
      <div className="flex flex-wrap items-start gap-3">
        {schedule.kind === 'hours' && (
          <Select
            className="w-44"
            label="Every"
            value={schedule.everyHours}
            options={everyHoursChoices.map((value) => ({ value, label: `${value} hours` }))}
            onChange={(everyHours) => change({ everyHours })}
          />
        )}
        {schedule.kind === 'weekly' && (
          <Select
            className="w-44"
            label="On"
            value={schedule.weekday}
            options={weekdays}
            onChange={(weekday) => change({ weekday })}
          />
        )}
        {hasTime && (
          <TextField
            className="w-44"
            label="At"
            isCode
            inputMode="numeric"
            placeholder="02:00"
            value={schedule.time}
            error={timeError}
            onChange={(time) => change({ time })}
          />
        )}
        {schedule.kind === 'cron' && (
          <TextField
            className="min-w-56 flex-1"
            label="Cron words"
            isCode
            placeholder="0 9-17 * * 1-5"
            help="Minute, hour, day of month, month, day of week."
            value={schedule.cron}
            error={cronError}
            onChange={(cron) => change({ cron })}
          />
        )}
        {schedule.kind !== 'off' && (
          <TextField
            className="min-w-44 flex-1"
            label="Time zone"
            isCode
            value={draft.timeZone}
            error={errors.timeZone ?? null}
            onChange={(timeZone) => onChange({ timeZone })}
          />
        )}
      </div>
      {schedule.kind !== 'off' && (
        <>
          <Switch
            label="Quiet hours"
            help="Nothing is begun then; what was due is taken when they end."
            isChecked={draft.isQuiet}
            onChange={(isQuiet) => onChange({ isQuiet })}
          />
          {draft.isQuiet && (
            <div className="flex flex-wrap items-start gap-3">
              <TextField
                className="w-44"
                label="From"
                isCode
                value={draft.quietFrom}
                error={errors['quietHours.from'] ?? null}
                onChange={(quietFrom) => onChange({ quietFrom })}
              />
              <TextField
                className="w-44"
                label="To"
                isCode
                value={draft.quietTo}
                error={errors['quietHours.to'] ?? errors.quietHours ?? null}
                onChange={(quietTo) => onChange({ quietTo })}
              />
            </div>
          )}
          <NextTimes explained={explained} timeZone={draft.timeZone} />
        </>
      )}
    </div>
  );
}

/** In the zone of the rules: that is the one in which the times were typed. */
function nextFormat(timeZone: string): Intl.DateTimeFormat {
  const format = {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  try {
    return new Intl.DateTimeFormat('en-GB', { ...format, timeZone });
  } catch {
    return new Intl.DateTimeFormat('en-GB', format);
  }
}

const nextShown = 4;

function NextTimes({ explained, timeZone }: { explained: Explained; timeZone: string }) {
  const { answer, error, isAsking } = explained;
  const isAtField = error !== null && Object.keys(fieldErrors(error)).length > 0;
  const format = nextFormat(timeZone);
  return (
    <div role="status" className="flex min-h-5 flex-wrap items-center gap-x-2 text-meta text-muted">
      {answer !== null && answer.next.length > 0 && (
        <span className="tabular">
          Next:{' '}
          {answer.next
            .slice(0, nextShown)
            .map((at) => format.format(new Date(at)))
            .join(' · ')}
        </span>
      )}
      {answer !== null && answer.next.length === 0 && !isAsking && <span>It is never due.</span>}
      {error !== null && !isAtField && <span>When it is next due could not be asked: {error.message}</span>}
      {isAsking && answer === null && (
        <>
          <Spinner /> <span>Working out the next times</span>
        </>
      )}
    </div>
  );
}
