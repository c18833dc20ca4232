/**
 * A viewer for lines of output: follows the end until somebody scrolls up, finds text, wraps or scrolls sideways. Only
 * the visible lines exist, so its cost does not grow with the log. It keeps no output itself.
 */
import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowDownToLine, ArrowUp, WrapText } from 'lucide-react';
import { type ReactNode, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { IconButton } from './button.tsx';
import { classNames } from './class-names.ts';
import { CopyButton } from './copy-button.tsx';
import type { OutputColour, OutputLine, OutputStyle } from './output-lines.ts';
import { TextField } from './text-field.tsx';

export interface LogViewLine extends OutputLine {
  /** Drawn before the line and not searched, as its time. */
  readonly prefix?: string;
  readonly tone?: 'command' | 'warning' | 'error';
}

export interface LogViewProps {
  readonly label: string;
  readonly lines: readonly LogViewLine[];
  /** Said in place of lines while there are none. */
  readonly emptyText: string;
  /** How many older lines are not here. */
  readonly droppedLines?: number;
  readonly actions?: ReactNode;
  /** Its height, as a class. */
  readonly heightClass?: string;
}

const colourClass: Record<OutputColour, string> = {
  red: 'text-failed',
  green: 'text-running',
  yellow: 'text-attention',
  blue: 'text-busy',
  magenta: 'text-busy',
  cyan: 'text-accent',
  grey: 'text-muted',
};
const toneClass = { command: 'text-accent', warning: 'text-attention', error: 'text-failed' } as const;

/** Pixels from the end within which the view still counts as at the end. */
const endSlackPx = 6;

export function LogView({
  label,
  lines,
  emptyText,
  droppedLines = 0,
  actions,
  heightClass = 'h-[min(60vh,560px)]',
}: LogViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const lastTop = useRef(0);
  const [isFollowing, setFollowing] = useState(true);
  const [isWrapped, setWrapped] = useState(true);
  const [query, setQuery] = useState('');
  const [current, setCurrent] = useState(0);
  const wanted = query.trim().toLocaleLowerCase();
  const hits = useMemo(
    () =>
      wanted === ''
        ? []
        : lines.flatMap((line, index) => (line.text.toLocaleLowerCase().includes(wanted) ? [index] : [])),
    [lines, wanted],
  );
  const shownHit = hits.length === 0 ? null : Math.min(current, hits.length - 1);
  const virtual = useVirtualizer({
    count: lines.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 18,
    getItemKey: (index) => lines[index]?.id ?? index,
    overscan: 20,
  });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (isFollowing && element && lines.length > 0) element.scrollTop = element.scrollHeight;
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: every line has another height when wrapping changes
  useEffect(() => virtual.measure(), [isWrapped]);

  const goTo = (hit: number) => {
    const index = hits[hit];
    if (index === undefined) return;
    setCurrent(hit);
    setFollowing(false);
    virtual.scrollToIndex(index, { align: 'center' });
  };
  const step = (by: 1 | -1) => {
    if (hits.length > 0) goTo(((shownHit ?? 0) + by + hits.length) % hits.length);
  };

  return (
    <section aria-label={label} className="flex min-w-0 flex-col rounded-md border border-line bg-app">
      <div className="flex flex-wrap items-center gap-1 border-b border-line px-2 py-1">
        <TextField
          label={`Find in ${label.toLowerCase()}`}
          isLabelHidden
          placeholder="Find"
          value={query}
          onChange={(text) => {
            setQuery(text);
            setCurrent(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') step(event.shiftKey ? -1 : 1);
          }}
          className="w-44"
        />
        {wanted !== '' && (
          <>
            <span role="status" className="tabular px-1 text-meta text-muted">
              {shownHit === null ? 'not found' : `${shownHit + 1} of ${hits.length}`}
            </span>
            <IconButton label="Previous place" icon={ArrowUp} onClick={() => step(-1)} />
            <IconButton label="Next place" icon={ArrowDown} onClick={() => step(1)} />
          </>
        )}
        <span className="flex-1" />
        {actions}
        <CopyButton text={lines.map(copyText).join('\n')} label="Copy all" isIconOnly />
        <IconButton
          label="Wrap long lines"
          icon={WrapText}
          isPressed={isWrapped}
          onClick={() => setWrapped((before) => !before)}
        />
        <IconButton
          label="Follow the end"
          icon={ArrowDownToLine}
          isPressed={isFollowing}
          onClick={() => setFollowing((before) => !before)}
        />
      </div>
      <div
        ref={scroller}
        role="log"
        aria-live="off"
        aria-label={label}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        data-selectable
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          const isAtEnd = scrollTop + clientHeight >= scrollHeight - endSlackPx;
          // Only a move upwards lets go of the end: growing content also leaves it, and is followed.
          if (scrollTop < lastTop.current - 1 && !isAtEnd) setFollowing(false);
          else if (isAtEnd && scrollTop > lastTop.current) setFollowing(true);
          lastTop.current = scrollTop;
        }}
        className={classNames('focus-inset overflow-auto rounded-md py-1 font-code text-meta', heightClass)}
      >
        {lines.length === 0 && <p className="px-3 py-2 font-interface text-muted">{emptyText}</p>}
        {droppedLines > 0 && (
          <p className="px-3 pb-1 font-interface text-muted">
            {droppedLines.toLocaleString('en')} older lines are not kept here.
          </p>
        )}
        <div className="relative w-full" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map((row) => {
            const line = lines[row.index];
            if (!line) return null;
            const isCurrent = shownHit !== null && hits[shownHit] === row.index;
            return (
              <div
                key={row.key}
                ref={virtual.measureElement}
                data-index={row.index}
                style={{ transform: `translateY(${row.start}px)` }}
                className={classNames(
                  'absolute top-0 left-0 flex min-h-[18px] gap-3 px-3 [tab-size:8]',
                  isWrapped ? 'w-full whitespace-pre-wrap wrap-anywhere' : 'w-max min-w-full whitespace-pre',
                  isCurrent && 'bg-hover',
                )}
              >
                {line.prefix !== undefined && (
                  <span className="tabular shrink-0 text-muted select-none">{line.prefix}</span>
                )}
                <span
                  className={classNames(
                    'min-w-0 [unicode-bidi:plaintext]',
                    line.tone && toneClass[line.tone],
                  )}
                >
                  {line.segments.map((segment, index) => (
                    <span
                      // biome-ignore lint/suspicious/noArrayIndexKey: a segment is its place in the line
                      key={index}
                      className={segment.style ? styleClass(segment.style) : undefined}
                    >
                      {wanted === '' ? segment.text : marked(segment.text, wanted)}
                    </span>
                  ))}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function copyText(line: LogViewLine): string {
  return line.prefix === undefined ? line.text : `${line.prefix} ${line.text}`;
}

function styleClass(style: OutputStyle): string {
  return classNames(
    style.colour !== null && colourClass[style.colour],
    style.isBold && 'font-bold',
    style.isDim && style.colour === null && 'text-muted',
    style.isItalic && 'italic',
    style.isUnderlined && 'underline',
  );
}

/** The text with the places of `wanted` (in lower case) marked. */
function marked(text: string, wanted: string): ReactNode {
  const lower = text.toLocaleLowerCase();
  // Some letters change their length in lower case; then places in one are not places in the other.
  if (lower.length !== text.length) return text;
  const parts: ReactNode[] = [];
  let from = 0;
  for (let at = lower.indexOf(wanted); at !== -1; at = lower.indexOf(wanted, from)) {
    if (at > from) parts.push(text.slice(from, at));
    parts.push(
      <mark key={at} className="rounded-sm bg-attention-soft text-attention">
        {text.slice(at, at + wanted.length)}
      </mark>,
    );
    from = at + wanted.length;
  }
  parts.push(text.slice(from));
  return parts;
}
