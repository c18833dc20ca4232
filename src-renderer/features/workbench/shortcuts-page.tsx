/** Every command with its keys; a click (or Enter) records new ones. What two commands want is shown, not hidden. */
import { Pencil, RotateCcw, Search, SearchX, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Badge } from '../../components/state-mark.tsx';
import { IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { inputClass } from '../../components/field.tsx';
import { KeyHint } from '../../components/key-hint.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import {
  useApp,
  useAppState,
  useClient,
  useKeymap,
  useNotices,
  useSettings,
} from '../../state/app-context.tsx';
import { chordId, chordOfEvent } from '#contract/key-chord.ts';
import { type Command, commandLabel, isAllowed, menuNames } from '../../state/commands.ts';
import type { ViewProps } from '../../state/feature.ts';
import { chordInTerminal, chordKeys, parseShortcut } from '../../state/shortcut.ts';

export function ShortcutsPage(_props: ViewProps<'shortcuts'>) {
  const app = useApp();
  const state = useAppState();
  const [text, setText] = useState('');
  const wanted = text.toLocaleLowerCase().trim();
  const rows = [...app.commands.values()].filter(
    (command) =>
      isAllowed(command.scope, state.about) &&
      `${commandLabel(command, state)} ${command.menu} ${command.keywords ?? ''}`
        .toLocaleLowerCase()
        .includes(wanted),
  );
  return (
    <Page
      title="Keyboard shortcuts"
      lead={
        app.platform === 'darwin'
          ? 'In a terminal all keys but those with ⌘ go to the terminal.'
          : 'In a terminal, keys belong to the terminal: there the app takes Ctrl+Shift in place of Ctrl.'
      }
      width="text"
    >
      <div className="relative">
        <Search aria-hidden size={14} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
        <input
          data-autofocus
          type="search"
          aria-label="Search commands"
          placeholder="Search commands"
          value={text}
          onChange={(event) => setText(event.target.value)}
          className={`${inputClass} w-full pl-8`}
        />
      </div>
      {rows.length === 0 && <EmptyState icon={SearchX} title="No command has these words" />}
      {menuNames.map((menu) => {
        const own = rows.filter((command) => command.menu === menu);
        return (
          own.length > 0 && (
            <Section key={menu} title={menu}>
              <Card className="divide-y divide-line">
                {own.map((command) => (
                  <ShortcutLine key={command.id} command={command} label={commandLabel(command, state)} />
                ))}
              </Card>
            </Section>
          )
        );
      })}
    </Page>
  );
}

function ShortcutLine({ command, label }: { command: Command; label: string }) {
  const app = useApp();
  const client = useClient();
  const notices = useNotices();
  const keymap = useKeymap();
  const changed = useSettings().shortcuts;
  const [isRecording, setRecording] = useState(false);
  const chord = keymap.chords.get(command.id);
  const isChanged = changed[command.id] !== undefined;
  const conflict = keymap.conflicts.find((entry) => entry.ids.includes(command.id));
  const inTerminal = chord && chordInTerminal(chord, app.platform);

  const save = (shortcut: string | null) => {
    const { [command.id]: _old, ...rest } = changed;
    client
      .call('settings.change', { shortcuts: shortcut === null ? rest : { ...rest, [command.id]: shortcut } })
      .catch((cause: unknown) => notices.fail(`The keys of “${label}” were not changed`, cause));
  };

  return (
    <div className="grid min-h-10 grid-cols-[1fr_auto] items-center gap-x-3 py-1 pr-2 pl-4">
      <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
        <div className="min-w-[150px] flex-1">
          <div>{label}</div>
          {command.description && <div className="text-meta text-muted">{command.description}</div>}
        </div>
        {conflict && <Badge signal="attention">also wanted by another command</Badge>}
        {isRecording ? (
          <Recorder
            label={label}
            onDone={(shortcut) => {
              setRecording(false);
              if (shortcut !== null) save(shortcut);
            }}
          />
        ) : (
          <span className="ml-auto flex flex-wrap items-center justify-end gap-x-2 gap-y-1 text-meta text-muted">
            {chord ? <KeyHint keys={chordKeys(chord, app.platform)} /> : <span>no keys</span>}
            {chord && inTerminal && chordId(inTerminal) !== chordId(chord) && (
              <>
                <span>in a terminal</span>
                <KeyHint keys={chordKeys(inTerminal, app.platform)} />
              </>
            )}
          </span>
        )}
      </div>
      <span className="flex w-[68px] justify-end">
        {isChanged && (
          <IconButton
            label={`Set the keys of “${label}” back`}
            icon={RotateCcw}
            size="small"
            onClick={() => save(null)}
          />
        )}
        {chord && (
          <IconButton
            label={`Take the keys from “${label}”`}
            icon={X}
            size="small"
            onClick={() => save('')}
          />
        )}
        <IconButton
          label={`Change the keys of “${label}”`}
          icon={Pencil}
          size="small"
          onClick={() => setRecording(true)}
        />
      </span>
    </div>
  );
}

/** Waits for one chord that may be a shortcut. Escape alone gives up; Tab alone goes on. */
function Recorder({ label, onDone }: { label: string; onDone: (shortcut: string | null) => void }) {
  const { platform } = useApp();
  const field = useRef<HTMLInputElement>(null);
  const [refused, setRefused] = useState(false);
  useEffect(() => field.current?.focus(), []);
  return (
    <input
      ref={field}
      data-keys="record"
      readOnly
      value=""
      aria-label={`New keys for “${label}”`}
      placeholder={refused ? 'These would take away typing' : 'Press the keys, or Esc'}
      onBlur={() => onDone(null)}
      onKeyDown={(event) => {
        if (event.key === 'Tab' && !event.ctrlKey) return;
        event.preventDefault();
        event.stopPropagation();
        if (event.key === 'Escape') return onDone(null);
        const chord = chordOfEvent(event.nativeEvent);
        if (!chord) return;
        const text = chordId(chord).replace(platform === 'darwin' ? 'Meta' : 'Ctrl', 'Mod');
        if (parseShortcut(text, platform)) onDone(text);
        else setRefused(true);
      }}
      className={`${inputClass} w-52`}
    />
  );
}
