/** A text file, to be edited: the editor, what is on the disk, and what to do when both were changed. */
import { Download, FolderOpen, Save } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useStore } from 'zustand';
import type { BerthError } from '#contract/berth-error.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatExact } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useApp, useConnection, useKeymap, useSettings, useViewActions } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { chordKeys } from '../../state/shortcut.ts';
import { type CodeEditor, createCodeEditor } from './code-editor.ts';
import { FileName } from './file-name.tsx';
import { openDocuments } from './open-documents.ts';
import { baseName, parentOf } from './path-words.ts';
import { createTextDocument, type DocumentState, lineEndsOf, type TextDocument } from './text-document.ts';
import { type Place, useFilesWork, usePlace } from './use-files-work.tsx';

export default function FilePage({ view, isVisible, isActive }: ViewProps<'file'>) {
  const { client } = useApp();
  const work = useFilesWork();
  const { placeId, path } = view;
  const folder = parentOf(path) ?? '/';
  const [document] = useState(
    () =>
      openDocuments.get({ placeId, path }) ??
      createTextDocument({
        ...{ client, placeId, path },
        onSaved: () => work.changed({ placeId, folder }),
      }),
  );
  useEffect(() => {
    openDocuments.put({ placeId, path }, document);
    if (document.store.getState().phase === 'loading') void document.load();
  }, [document, placeId, path]);
  const state = useStore(document.store);
  const place = usePlace(placeId);
  const { phase: connection } = useConnection();

  // Whoever comes back to it is told what happened to the file meanwhile.
  useEffect(() => {
    if (isVisible && connection === 'open') void document.check();
  }, [isVisible, connection, document]);

  return (
    <div className="absolute inset-0 flex flex-col bg-panel">
      <Head {...{ state, document, path, place }} />
      {state.conflict !== null && <Conflict {...{ state, document, path }} />}
      {state.phase === 'ready' && state.error !== null && (
        <div className="shrink-0 border-b border-line p-3">
          <ErrorNote
            title={`${baseName(path)} was not saved`}
            error={state.error}
            actions={<Button onClick={() => void document.save()}>Save again</Button>}
          />
        </div>
      )}
      {state.phase === 'loading' && (
        <div className="p-4">
          <LoadingRows label={`Reading ${baseName(path)}`} />
        </div>
      )}
      {state.phase === 'failed' && state.error !== null && (
        <Unreadable {...{ error: state.error, document, path, place }} />
      )}
      {state.phase === 'ready' && <Editor {...{ document, state, path, isActive }} />}
    </div>
  );
}

interface PartProps {
  readonly document: TextDocument;
  readonly path: string;
}

function useDownload(place: Place, path: string) {
  const { client, notices } = useApp();
  const { transfers } = useFilesWork();
  const view = useViewActions();
  const folder = parentOf(path) ?? '/';
  return () => {
    // Quick enough: for some seconds browsers still count a choice of place as the person's own.
    void client.call('files.look', { placeId: place.id, path }).then(
      (entry) => {
        transfers
          .download(place.id, folder, { kind: 'file', entry })
          .then(() => view.open({ type: 'files', placeId: place.id, path: folder }))
          .catch((cause: unknown) => notices.fail(`${baseName(path)} could not be downloaded`, cause));
      },
      (cause: unknown) => notices.fail(`${baseName(path)} could not be downloaded`, cause),
    );
  };
}

function Head({ state, document, path, place }: PartProps & { state: DocumentState; place: Place }) {
  const view = useViewActions();
  const app = useApp();
  const keymap = useKeymap();
  const download = useDownload(place, path);
  const chord = keymap.chords.get('file.save');
  const isReady = state.phase === 'ready';
  return (
    <header className="flex min-h-10 shrink-0 items-center gap-2 border-b border-line px-3 py-1">
      <h1 className="min-w-0 truncate font-semibold" title={path}>
        <FileName name={baseName(path)} />
      </h1>
      <span className="min-w-0 shrink truncate text-meta text-muted max-sm:hidden">
        {place.name}: <FileName name={parentOf(path) ?? '/'} />
      </span>
      <span className="flex-1" />
      {isReady && !state.isWritable && <span className="shrink-0 text-meta text-muted">read only</span>}
      {isReady && state.isDirty && <span className="shrink-0 text-meta text-attention">not saved</span>}
      <IconButton
        label="Show in its folder"
        icon={FolderOpen}
        onClick={() => view.open({ type: 'files', placeId: place.id, path: parentOf(path) ?? '/' })}
      />
      <IconButton label="Download" icon={Download} onClick={download} />
      {isReady && state.isWritable && (
        <Button
          variant="primary"
          icon={Save}
          isBusy={state.isSaving}
          disabled={!state.isDirty || state.conflict !== null}
          reason={
            state.conflict === null ? 'Nothing was changed' : 'Decide first what becomes of the other change'
          }
          {...(chord ? { keys: chordKeys(chord, app.platform) } : {})}
          onClick={() => void document.save()}
        >
          Save
        </Button>
      )}
    </header>
  );
}

/** Both were changed: here and there. */
function Conflict({ state, document, path }: PartProps & { state: DocumentState }) {
  const theirs = state.conflict?.theirs ?? null;
  const mine = state.entry;
  const name = baseName(path);
  return (
    <section
      role="alert"
      className="flex shrink-0 flex-col gap-2 border-b border-line bg-attention-soft px-3 py-2.5"
    >
      <h2 className="font-semibold wrap-anywhere">
        {theirs === null ? `${name} was deleted meanwhile` : `${name} was changed meanwhile`}
      </h2>
      <p className="wrap-anywhere">
        {theirs === null
          ? 'Nothing of this name is there any more. What you see here is in this window alone.'
          : `Somebody else, or a program, wrote it on ${formatExact(new Date(theirs.modifiedAt))}. It has ${formatBytes(theirs.sizeBytes)} now, and had ${formatBytes(mine?.sizeBytes ?? 0)} when it was opened here.`}
      </p>
      <div className="flex flex-wrap gap-2">
        <Button onClick={() => void document.saveMine()} isBusy={state.isSaving}>
          {theirs === null ? 'Save it again' : 'Keep mine'}
        </Button>
        {theirs !== null && (
          <Button onClick={() => void document.load()}>
            {state.isDirty ? 'Load theirs, and lose mine' : 'Load theirs'}
          </Button>
        )}
      </div>
    </section>
  );
}

function Unreadable(props: PartProps & { error: BerthError; place: Place }) {
  const { error, document, path, place } = props;
  const download = useDownload(place, path);
  const isForeign = error.code === 'file.too-large' || error.code === 'file.not-text';
  return (
    <div className="min-h-0 flex-1 overflow-y-auto p-4">
      <div className="mx-auto max-w-[680px]">
        <ErrorNote
          title={
            isForeign ? `${baseName(path)} cannot be edited here` : `${baseName(path)} could not be read`
          }
          error={error}
          actions={
            <>
              {isForeign && (
                <Button icon={Download} onClick={download}>
                  Download
                </Button>
              )}
              <Button onClick={() => void document.load()}>Read again</Button>
            </>
          }
        />
      </div>
    </div>
  );
}

function Editor({
  document,
  state,
  path,
  isActive,
}: PartProps & { state: DocumentState; isActive: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const [at, setAt] = useState({ line: 1, column: 1 });
  const { terminalFontFamily, terminalFontSizePx } = useSettings();
  const name = baseName(path);
  const lineEnds = useMemo(() => lineEndsOf(state.savedText), [state.savedText]);

  useEffect(() => {
    if (!box.current) return;
    const made = createCodeEditor({
      ...{ parent: box.current, name, label: `Text of ${name}` },
      onDirty: (isDirty) => document.setDirty(isDirty),
      onPosition: (line, column) => setAt({ line, column }),
    });
    editor.current = made;
    document.setReader(() => made.text());
    return () => {
      editor.current = null;
      made.close();
    };
  }, [document, name]);
  // What was read anew takes the place of what is there.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a saving changes the saved text, and loads nothing
  useEffect(() => editor.current?.load(state.savedText, !state.isWritable), [state.loads, name]);
  useEffect(() => editor.current?.markSaved(state.savedText), [state.savedText]);
  useEffect(
    () => editor.current?.setFont(terminalFontFamily, terminalFontSizePx),
    [terminalFontFamily, terminalFontSizePx],
  );
  useEffect(() => {
    if (isActive) editor.current?.focus();
  }, [isActive]);

  return (
    <>
      <div ref={box} data-keys="editor" className="min-h-0 flex-1 overflow-hidden" />
      <footer className="tabular flex h-6 shrink-0 items-center gap-4 border-t border-line px-3 text-meta text-muted">
        <span>
          Line {at.line}, column {at.column}
        </span>
        <span className="flex-1" />
        {state.entry !== null && <span>{formatBytes(state.entry.sizeBytes)}</span>}
        <span>{lineEnds === 'mixed' ? 'LF and CR mixed' : lineEnds}</span>
        <span>UTF-8</span>
      </footer>
    </>
  );
}
