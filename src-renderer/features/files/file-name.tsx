/** The name of a file as it is stored: in the code font, in its own direction, spaces and all. */
import { classNames } from '../../components/class-names.ts';

export function FileName({ name, className }: { name: string; className?: string }) {
  return (
    <span
      dir="auto"
      className={classNames('font-code text-[0.96em] [unicode-bidi:plaintext] whitespace-pre', className)}
    >
      {name}
    </span>
  );
}
