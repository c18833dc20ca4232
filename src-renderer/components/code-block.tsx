/** Commands, output, configuration: selectable, copyable, wraps or scrolls by itself and never widens the page. */
import { classNames } from './class-names.ts';
import { CopyButton } from './copy-button.tsx';

export interface CodeBlockProps {
  readonly text: string;
  readonly label: string;
  readonly isWrapped?: boolean;
  readonly maxHeightPx?: number;
}

export function CodeBlock({ text, label, isWrapped = true, maxHeightPx = 320 }: CodeBlockProps) {
  return (
    <section aria-label={label} className="relative min-w-0 rounded-md border border-line bg-app">
      <pre
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
        style={{ maxHeight: maxHeightPx }}
        className={classNames(
          'm-0 overflow-auto rounded-md py-2 pr-9 pl-3 leading-normal',
          isWrapped && 'whitespace-pre-wrap wrap-anywhere',
        )}
      >
        {text}
      </pre>
      <span className="absolute top-1.5 right-1.5">
        <CopyButton text={text} label={`Copy ${label.toLowerCase()}`} isIconOnly />
      </span>
    </section>
  );
}

/** A key's fingerprint so that two can be compared by eye: the name of the hash, then groups of four. */
export function Fingerprint({ type, value }: { type: string; value: string }) {
  const [hash, body] = value.includes(':')
    ? [value.slice(0, value.indexOf(':')), value.slice(value.indexOf(':') + 1)]
    : ['', value];
  const groups = body.match(/.{1,4}/g) ?? [];
  return (
    <div className="flex items-start gap-3 rounded-md border border-line bg-app px-3 py-2">
      <div className="min-w-0 flex-1">
        <div className="text-meta text-muted">
          {type}
          {hash && ` · ${hash}`}
        </div>
        {/* One word for copying and for a screen reader; the gaps are only drawn. */}
        <div
          data-selectable
          aria-label={value}
          role="img"
          className="mt-0.5 flex flex-wrap gap-x-2 font-code text-lead"
        >
          {groups.map((group, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the groups are the parts of one fixed text
            <span key={`${index}${group}`}>{group}</span>
          ))}
        </div>
      </div>
      <CopyButton text={value} label="Copy fingerprint" isIconOnly />
    </div>
  );
}
