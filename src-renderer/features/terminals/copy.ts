/** Puts text on the clipboard within a person's own act, without a permission: the page answers its own copy event. */

export interface CopiedText {
  readonly plain: string;
  readonly html?: string;
}

/** Resolves true when it is there. */
export async function copyText({ plain, html }: CopiedText): Promise<boolean> {
  const onCopy = (event: ClipboardEvent) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    event.clipboardData?.setData('text/plain', plain);
    if (html !== undefined) event.clipboardData?.setData('text/html', html);
  };
  document.addEventListener('copy', onCopy, { capture: true, once: true });
  const isCopied = document.execCommand('copy');
  document.removeEventListener('copy', onCopy, { capture: true });
  if (isCopied) return true;
  try {
    if (html === undefined) await navigator.clipboard.writeText(plain);
    else
      await navigator.clipboard.write([
        new ClipboardItem({
          'text/plain': new Blob([plain], { type: 'text/plain' }),
          'text/html': new Blob([html], { type: 'text/html' }),
        }),
      ]);
    return true;
  } catch {
    return false;
  }
}
