/**
 * The texts that this window edits, by place and path: made when a tab first shows one, and kept while a tab has it. What
 * commands and the closing of tabs reach. One page has one window, so there is one of these.
 */
import { createStore } from 'zustand/vanilla';
import type { PlaceId } from '#contract/files.ts';
import type { TextDocument } from './text-document.ts';

export interface DocumentAt {
  readonly placeId: PlaceId;
  readonly path: string;
}

const keyOf = ({ placeId, path }: DocumentAt) => `${placeId} ${path}`;

export class OpenDocuments {
  /** By place and path. */
  readonly store = createStore<{ readonly documents: ReadonlyMap<string, TextDocument> }>(() => ({
    documents: new Map(),
  }));

  get(at: DocumentAt): TextDocument | undefined {
    return this.store.getState().documents.get(keyOf(at));
  }

  /** Not while something is drawn: tabs look at it. */
  put(at: DocumentAt, document: TextDocument): void {
    if (this.get(at) === document) return;
    this.store.setState(({ documents }) => ({ documents: new Map(documents).set(keyOf(at), document) }));
  }

  /** Lets go of those that no tab shows any more. */
  keepOnly(shown: readonly DocumentAt[]): void {
    const keys = new Set(shown.map(keyOf));
    const { documents } = this.store.getState();
    const kept = new Map([...documents].filter(([key]) => keys.has(key)));
    if (kept.size < documents.size) this.store.setState({ documents: kept });
  }

  /** Texts that were changed and not saved. */
  unsaved(): readonly { readonly path: string; readonly document: TextDocument }[] {
    return [...this.store.getState().documents].flatMap(([key, document]) =>
      document.store.getState().isDirty ? [{ path: key.slice(key.indexOf(' ') + 1), document }] : [],
    );
  }

  /** Calls when a text may have become unsaved, or saved. Returns what ends it. */
  subscribeUnsaved(onChange: () => void): () => void {
    const stops = new Map<TextDocument, () => void>();
    const follow = () => {
      const documents = new Set(this.store.getState().documents.values());
      for (const [document, stop] of stops)
        if (!documents.has(document)) {
          stop();
          stops.delete(document);
        }
      for (const document of documents)
        if (!stops.has(document))
          stops.set(
            document,
            document.store.subscribe((now, before) => {
              if (now.isDirty !== before.isDirty) onChange();
            }),
          );
      onChange();
    };
    follow();
    const stop = this.store.subscribe(follow);
    return () => {
      stop();
      for (const each of stops.values()) each();
    };
  }
}

export const openDocuments = new OpenDocuments();
