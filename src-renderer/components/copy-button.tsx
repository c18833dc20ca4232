/** Copies a text and says so for two seconds, in place. */
import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Button, IconButton } from './button.tsx';

const shownForMs = 2000;

export interface CopyButtonProps {
  readonly text: string;
  /** Names what is copied: "Copy fingerprint". */
  readonly label: string;
  readonly isIconOnly?: boolean;
}

export function CopyButton({ text, label, isIconOnly = false }: CopyButtonProps) {
  const [outcome, setOutcome] = useState<'idle' | 'copied' | 'refused'>('idle');
  useEffect(() => {
    if (outcome === 'idle') return;
    const timer = setTimeout(() => setOutcome('idle'), shownForMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = () => {
    navigator.clipboard.writeText(text).then(
      () => setOutcome('copied'),
      () => setOutcome('refused'),
    );
  };
  const shown = { idle: label, copied: 'Copied', refused: 'The browser refused to copy' }[outcome];
  const icon = outcome === 'copied' ? Check : Copy;
  return (
    <>
      {isIconOnly ? (
        <IconButton label={shown} icon={icon} size="small" onClick={copy} />
      ) : (
        <Button variant="quiet" icon={icon} onClick={copy}>
          {shown}
        </Button>
      )}
      <span role="status" className="sr-only">
        {outcome === 'idle' ? '' : shown}
      </span>
    </>
  );
}
