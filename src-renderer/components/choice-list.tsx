/** One of many, chosen by one press: arrow keys move, letters in the field above narrow it down. */
import { type KeyboardEvent, type ReactNode, type RefObject, useRef, useState } from 'react';
import { TextField } from './text-field.tsx';

export interface Choice {
  readonly id: string;
  readonly title: string;
  readonly detail: ReactNode;
  /** Other words by which it is found. */
  readonly words: string;
  /** Why it cannot be chosen now. */
  readonly reason?: string | null;
}

/** From so many on there is a field to find one. */
const searchFrom = 8;

export function ChoiceList(props: {
  readonly label: string;
  readonly choices: readonly Choice[];
  readonly onChoose: (id: string) => void;
  /** Where a dialog's keyboard begins: the field, else the first one that can be chosen. */
  readonly first?: RefObject<HTMLElement | null>;
}) {
  const { label, choices, onChoose, first } = props;
  const [text, setText] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const shown = choices.filter(({ title, words: own }) => {
    const all = `${title} ${own}`.toLocaleLowerCase();
    return words.every((word) => all.includes(word));
  });
  const hasSearch = choices.length >= searchFrom;
  const firstId = hasSearch ? undefined : shown.find(({ reason }) => !reason)?.id;
  const toFirst = (element: HTMLElement | null) => {
    if (first) first.current = element;
  };
  const move = (event: KeyboardEvent) => {
    const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (by === 0) return;
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])];
    const index = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[Math.min(buttons.length - 1, Math.max(0, index + by))]?.focus();
    event.preventDefault();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys of the buttons inside, which say what they are
    <div className="flex flex-col gap-2" onKeyDown={move}>
      {hasSearch && (
        <TextField
          ref={toFirst}
          label={`Find in: ${label.toLowerCase()}`}
          isLabelHidden
          placeholder="Find…"
          value={text}
          onChange={setText}
        />
      )}
      {shown.length === 0 && <p className="text-muted">Nothing here has these words.</p>}
      <ul ref={list} aria-label={label} className="m-0 flex list-none flex-col p-0">
        {shown.map(({ id, title, detail, reason }) => (
          <li key={id}>
            <button
              ref={id === firstId ? toFirst : undefined}
              type="button"
              aria-disabled={reason ? true : undefined}
              onClick={() => {
                if (!reason) onChoose(id);
              }}
              className="focus-inset flex w-full flex-col rounded-md px-3 py-1.5 text-left hover:bg-hover aria-disabled:text-muted aria-disabled:hover:bg-transparent"
            >
              <span className="max-w-full truncate" dir="auto">
                {title}
              </span>
              <span className="max-w-full text-meta text-muted wrap-anywhere">{reason ?? detail}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
