/** The name of a file as it is stored: in the code font, escapes of bytes that are no text drawn back. */
import { classNames } from '../../components/class-names.ts';
import { nameParts } from './entry-words.ts';

export function EntryName({ name, className }: { name: string; className?: string }) {
  return (
    <span
      dir="auto"
      className={classNames('font-code text-[0.96em] [unicode-bidi:plaintext] whitespace-pre', className)}
    >
      {nameParts(name).map(({ text, isEscape }, index) =>
        isEscape ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place in the name
          <span key={index} className="text-muted">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </span>
  );
}
