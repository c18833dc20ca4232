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

  hasUnsaved(): boolean {
    return [...this.store.getState().documents.values()].some((one) => one.store.getState().isDirty);
  }
}

export const openDocuments = new OpenDocuments();
