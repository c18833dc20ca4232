/** Keys as a person knows them, as `['⌘', 'K']`. A screen reader hears `aria-keyshortcuts` of the control instead. */
import { classNames } from './class-names.ts';

export function KeyHint({ keys, className }: { keys: readonly string[]; className?: string }) {
  return (
    <span aria-hidden className={classNames('inline-flex shrink-0 items-center gap-0.5', className)}>
      {keys.map((key) => (
        <kbd
          key={key}
          className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-sm border border-line bg-app px-1 font-interface text-small text-muted"
        >
          {key}
        </kbd>
      ))}
    </span>
  );
}
