/** What unfolds below a screen's bar: the clipboard, where the browser does not keep it alike by itself, and keys. */
import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Button } from '../../components/button.tsx';
import { TextArea, TextField } from '../../components/text-field.tsx';
import { backspace, enter, type ScreenKey, heldKeys, keysymOf, tappedKeys } from './keysyms.ts';
import type { ScreenClipboard } from './screen-clipboard.ts';
import type { ScreenSession } from './screen-session.ts';

const panelClass =
  'flex max-h-1/2 shrink-0 flex-wrap items-end gap-2 overflow-y-auto border-b border-line bg-panel px-3 py-2';

export function ClipboardPanel({ clipboard, isLive }: { clipboard: ScreenClipboard; isLive: boolean }) {
  const { text, isKept } = useStore(clipboard.store);
  // What a person types here stands until the desktop copies something new.
  const [draft, setDraft] = useState<{ readonly of: string; readonly text: string } | null>(null);
  const [wasRefused, setRefused] = useState(false);
  const shown = draft !== null && draft.of === text ? draft.text : text;
  return (
    <div className={panelClass}>
      <TextArea
        className="min-w-64 flex-1"
        label="Clipboard of the desktop"
        help={
          wasRefused
            ? 'The browser did not let it be copied. Select the text and copy it.'
            : isKept
              ? 'Copied there, and not yet on this computer’s clipboard.'
              : 'A paste with the keyboard takes this computer’s clipboard along by itself.'
        }
        rows={3}
        isCode
        value={shown}
        onChange={(next) => setDraft({ of: text, text: next })}
      />
      <div className="flex flex-wrap gap-2 pb-6">
        <Button
          disabled={shown === ''}
          reason="There is nothing to copy"
          onClick={() => {
            navigator.clipboard.writeText(shown).then(
              () => {
                setRefused(false);
                clipboard.taken();
              },
              () => setRefused(true),
            );
          }}
        >
          Copy to this computer
        </Button>
        <Button
          disabled={!isLive || shown === ''}
          reason={isLive ? 'There is nothing to send' : 'The screen is not live'}
          onClick={() => {
            clipboard.put(shown);
            setDraft(null);
          }}
        >
          Send to the desktop
        </Button>
      </div>
    </div>
  );
}

export function KeysPanel({ session }: { session: ScreenSession }) {
  const isLive = useStore(session.store, ({ state }) => state.phase === 'connected');
  const [held, setHeld] = useState<ReadonlySet<number>>(new Set());
  const latest = useRef(held);
  latest.current = held;
  // What is held with this panel is let go with it.
  useEffect(
    () => () => {
      for (const { keysym, code } of heldKeys)
        if (latest.current.has(keysym)) session.screen?.sendKey(keysym, code, false);
    },
    [session],
  );
  // The next connection knows of no key that is down.
  useEffect(() => {
    if (!isLive) setHeld(new Set());
  }, [isLive]);
  const reason = 'The screen is not live';
  const press = (keysym: number, code: string | null) => session.screen?.sendKey(keysym, code);
  return (
    <fieldset className={`${panelClass} m-0 min-w-0 border-0`} aria-label="Keys of the desktop">
      {heldKeys.map(({ label, keysym, code }) => (
        <Button
          key={label}
          aria-pressed={held.has(keysym)}
          className={held.has(keysym) ? 'border-accent text-accent' : ''}
          disabled={!isLive}
          reason={reason}
          onClick={() => {
            const isDown = !held.has(keysym);
            session.screen?.sendKey(keysym, code, isDown);
            const next = new Set(held);
            if (isDown) next.add(keysym);
            else next.delete(keysym);
            setHeld(next);
          }}
        >
          {label}
        </Button>
      ))}
      {tappedKeys.map(({ label, keysym, code }) => (
        <Button key={label} disabled={!isLive} reason={reason} onClick={() => press(keysym, code)}>
          {label}
        </Button>
      ))}
      <Button disabled={!isLive} reason={reason} onClick={() => session.screen?.sendCtrlAltDel()}>
        Ctrl+Alt+Del
      </Button>
      <TypeField
        isLive={isLive}
        onText={(text) => {
          for (const character of text) press(keysymOf(character), null);
        }}
        onKey={({ keysym, code }) => press(keysym, code)}
      />
    </fieldset>
  );
}

/** Brings up the keyboard of a phone, and takes what an input method composes. */
function TypeField(props: {
  readonly isLive: boolean;
  readonly onText: (text: string) => void;
  readonly onKey: (key: ScreenKey) => void;
}) {
  const [composed, setComposed] = useState('');
  const isComposing = useRef(false);
  return (
    <TextField
      className="min-w-40 flex-1"
      label="Type on the desktop"
      isLabelHidden
      placeholder={props.isLive ? 'Type on the desktop' : 'The screen is not live'}
      // Not disabled, which would take a phone's keyboard away: what is typed now would be lost.
      readOnly={!props.isLive}
      autoCorrect="off"
      autoCapitalize="off"
      value={composed}
      onChange={(text) => {
        if (isComposing.current) return setComposed(text);
        setComposed('');
        props.onText(text);
      }}
      onCompositionStart={() => {
        isComposing.current = true;
      }}
      onCompositionEnd={(event) => {
        isComposing.current = false;
        setComposed('');
        props.onText(event.data);
      }}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing || composed !== '') return;
        if (event.key === 'Backspace') props.onKey(backspace);
        if (event.key === 'Enter') props.onKey(enter);
      }}
    />
  );
}
