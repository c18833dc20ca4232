/** One searchable page; each setting has a sentence. A change is sent at once, and what the plane says is shown. */
import { Keyboard, RotateCcw, Search, SearchX } from 'lucide-react';
import { type ReactNode, useEffect, useId, useState } from 'react';
import { Settings, settingsDefaults } from '#contract/settings.ts';
import type { BerthError } from '#contract/berth-error.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Switch } from '../../components/choices.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { inputClass } from '../../components/field.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { useAbout, useClient, useSettingsState, useViewActions } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { findSettings, type SettingRow } from './settings-list.ts';

export function SettingsPage(_props: ViewProps<'settings'>) {
  const [text, setText] = useState('');
  const settings = useSettingsState();
  const about = useAbout().value;
  const view = useViewActions();
  const found = findSettings(text);
  const sections = Map.groupBy(found, (row) => row.section);
  return (
    <Page
      title="Settings"
      width="text"
      actions={
        <Button icon={Keyboard} onClick={() => view.open({ type: 'shortcuts' })}>
          Keyboard shortcuts
        </Button>
      }
    >
      <div className="relative">
        <Search aria-hidden size={14} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
        <input
          data-autofocus
          type="search"
          aria-label="Search settings"
          placeholder="Search settings"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className={`${inputClass} w-full pl-8`}
        />
      </div>
      {settings.status === 'error' && settings.error && (
        <ErrorNote
          title="The settings could not be read"
          error={settings.error}
          actions={<Button onClick={settings.retry}>Read again</Button>}
        />
      )}
      {settings.status === 'loading' && <LoadingRows label="Loading settings" rows={6} />}
      {settings.value && found.length === 0 && (
        <EmptyState icon={SearchX} title="No setting has these words" />
      )}
      {settings.value &&
        [...sections].map(([title, rows]) => (
          <Section key={title} title={title}>
            <Card className="divide-y divide-line">
              {rows.map((row) => (
                <SettingLine key={row.key} row={row} settings={settings.value!} />
              ))}
            </Card>
          </Section>
        ))}
      {about && text === '' && (
        <p className="text-meta text-muted">
          Berth {about.version}. Everything is kept in <code className="break-all">{about.dataFolder}</code>.
        </p>
      )}
    </Page>
  );
}

function SettingLine({ row, settings }: { row: SettingRow; settings: Settings }) {
  const client = useClient();
  const id = useId();
  const [error, setError] = useState<BerthError | null>(null);
  const value = settings[row.key];
  const isChanged = value !== settingsDefaults[row.key];
  const change = (next: unknown) => {
    setError(null);
    const parsed = Settings.partial().safeParse({ [row.key]: next });
    if (!parsed.success) return parsed.error.issues[0]?.message ?? 'This is not possible here';
    client.call('settings.change', parsed.data).catch((cause: unknown) => setError(toBerthError(cause)));
    return null;
  };
  const reset = (
    <span className="flex w-6 shrink-0 justify-center">
      {isChanged && (
        <IconButton
          label={`Set “${row.label}” back`}
          icon={RotateCcw}
          size="small"
          onClick={() => void change(settingsDefaults[row.key])}
        />
      )}
    </span>
  );
  const { control } = row;
  if (control.kind === 'switch')
    return (
      <div className="px-4 py-2">
        <div className="flex items-center gap-2">
          <Switch
            className="min-w-0 flex-1"
            label={row.label}
            help={row.sentence}
            isChecked={value === true}
            onChange={(next) => void change(next)}
          />
          {reset}
        </div>
        <LineError row={row} error={error} />
      </div>
    );
  return (
    <div className="px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-6 gap-y-2">
        <div className="min-w-[min(200px,100%)] flex-1">
          <label id={`${id}-label`} htmlFor={id} className="block">
            {row.label}
          </label>
          <p id={`${id}-help`} className="text-meta text-muted">
            {row.sentence}
          </p>
        </div>
        <div className="flex max-w-full items-center gap-2">
          {control.kind === 'choice' ? (
            <Select
              label={row.label}
              isLabelHidden
              className="w-[176px]"
              value={String(value)}
              options={control.options}
              onChange={(next) => void change(next)}
            />
          ) : (
            <DraftField id={id} row={row} value={value} onCommit={change} />
          )}
          {reset}
        </div>
      </div>
      <LineError row={row} error={error} />
    </div>
  );
}

function LineError({ row, error }: { row: SettingRow; error: BerthError | null }): ReactNode {
  return (
    error && (
      <div className="pt-2">
        <ErrorNote title={`“${row.label}” was not changed`} error={error} />
      </div>
    )
  );
}

/** Typed text becomes the setting on Enter or when the field is left; Escape takes it back. */
function DraftField({
  id,
  row,
  value,
  onCommit,
}: {
  id: string;
  row: SettingRow;
  value: string | number | boolean | null;
  onCommit: (value: unknown) => string | null;
}) {
  const { control } = row;
  const shown = value === null ? '' : String(value);
  const [draft, setDraft] = useState(shown);
  const [rule, setRule] = useState<string | null>(null);
  useEffect(() => {
    setDraft(shown);
    setRule(null);
  }, [shown]);
  if (control.kind !== 'number' && control.kind !== 'text') return null;
  const commit = () => {
    if (draft === shown) return setRule(null);
    if (control.kind === 'number') {
      if (draft.trim() === '' && control.emptyMeansNull) return setRule(onCommit(null));
      const number = Number(draft);
      if (draft.trim() === '' || !Number.isFinite(number) || number < control.min || number > control.max)
        return setRule(`${control.min} to ${control.max}`);
      return setRule(onCommit(number));
    }
    const text = draft.trim();
    return setRule(onCommit(text === '' && control.emptyMeansNull ? null : text));
  };
  return (
    <div className="flex min-w-0 flex-col items-end gap-1">
      <div className="flex max-w-full items-center gap-2">
        <input
          id={id}
          type={control.kind === 'number' ? 'number' : 'text'}
          {...(control.kind === 'number'
            ? { min: control.min, max: control.max, step: control.step }
            : { spellCheck: false })}
          aria-describedby={rule === null ? `${id}-help` : `${id}-help ${id}-rule`}
          aria-invalid={rule !== null || undefined}
          value={draft}
          onChange={(event) => setDraft(event.target.value)}
          onBlur={commit}
          onKeyDown={(event) => {
            if (event.key === 'Enter') commit();
            if (event.key === 'Escape') {
              setDraft(shown);
              setRule(null);
            }
          }}
          className={`${inputClass} ${control.kind === 'number' ? 'tabular w-24 text-right' : 'w-[272px] max-sm:w-52'} ${control.kind === 'text' && control.isCode ? 'font-code text-[0.96em]' : ''}`}
        />
        {control.kind === 'number' && <span className="w-9 text-meta text-muted">{control.unit}</span>}
      </div>
      {rule !== null && (
        <p id={`${id}-rule`} role="alert" className="text-meta text-failed">
          {rule}
        </p>
      )}
    </div>
  );
}
