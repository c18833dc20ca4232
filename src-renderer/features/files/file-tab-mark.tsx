/** On a tab: that its text is not saved. */
import { useStore } from 'zustand';
import { openDocuments } from './open-documents.ts';
import type { TextDocument } from './text-document.ts';
import type { ViewRefOf } from '../../state/view-ref.ts';

export function FileTabMark({ view }: { view: ViewRefOf<'file'> }) {
  const document = useStore(openDocuments.store, () => openDocuments.get(view));
  return document === undefined ? null : <Mark document={document} />;
}

function Mark({ document }: { document: TextDocument }) {
  const isDirty = useStore(document.store, (state) => state.isDirty);
  if (!isDirty) return null;
  return (
    <span
      role="img"
      aria-label="not saved"
      title="Not saved"
      className="size-2 shrink-0 rounded-full bg-attention"
    />
  );
}
