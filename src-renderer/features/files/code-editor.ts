/**
 * The editor of a text: CodeMirror in a shadow root, where its styles are sheets and no style elements, which a strict
 * content security policy refuses. Colours are our tokens, so that it follows the theme by itself.
 *
 * Loaded with the first text that is opened; the language of a file is loaded when its name says which.
 */
import { indentWithTab } from '@codemirror/commands';
import { HighlightStyle, LanguageDescription, syntaxHighlighting } from '@codemirror/language';
import { Compartment, EditorState, type Text } from '@codemirror/state';
import { EditorView, keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { basicSetup } from 'codemirror';
import { lineEndsOf } from './text-document.ts';

export interface CodeEditorOptions {
  readonly parent: HTMLElement;
  readonly name: string;
  readonly label: string;
  readonly onDirty: (isDirty: boolean) => void;
  /** Both begin at 1. */
  readonly onPosition: (line: number, column: number) => void;
}

export interface CodeEditor {
  /** Another text, with its own history. */
  load(text: string, isReadOnly: boolean): void;
  text(): string;
  /** What the disk has now: what is the same is not unsaved. */
  markSaved(text: string): void;
  setFont(family: string, sizePx: number): void;
  focus(): void;
  close(): void;
}

const theme = EditorView.theme({
  '&': { height: '100%', backgroundColor: 'var(--surface-panel)', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': {
    fontFamily: 'var(--editor-font, var(--font-code))',
    fontSize: 'var(--editor-size, 13px)',
    lineHeight: '1.5',
    // What is typed is what is seen: no arrow for two characters.
    fontFeatureSettings: "'calt' 0",
  },
  '.cm-content': { caretColor: 'var(--accent)' },
  '.cm-cursor, .cm-dropCursor': { borderLeftColor: 'var(--accent)', borderLeftWidth: '2px' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--selection)',
  },
  '.cm-gutters': {
    backgroundColor: 'var(--surface-panel)',
    color: 'var(--text-muted)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-activeLine, .cm-activeLineGutter': {
    backgroundColor: 'color-mix(in srgb, var(--surface-hover) 55%, transparent)',
  },
  '.cm-activeLineGutter': { color: 'var(--text)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--surface-hover)',
    border: '1px solid var(--line)',
    color: 'var(--text-muted)',
  },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--accent-soft)',
    outline: '1px solid var(--accent)',
  },
  '.cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket': { backgroundColor: 'var(--failed-soft)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--accent-soft)' },
  '.cm-searchMatch': { backgroundColor: 'var(--attention-soft)', outline: '1px solid var(--attention)' },
  '.cm-searchMatch.cm-searchMatch-selected': { backgroundColor: 'var(--selection)' },
  '.cm-specialChar': { color: 'var(--failed)' },
  '.cm-panels': {
    backgroundColor: 'var(--surface-raised)',
    color: 'var(--text)',
    fontFamily: 'var(--font-interface)',
    fontSize: 'var(--size-interface)',
  },
  '.cm-panels-bottom': { borderTop: '1px solid var(--line)' },
  '.cm-panel.cm-search, .cm-panel.cm-gotoLine': { padding: '8px 28px 8px 12px' },
  '.cm-panel.cm-search label': { fontSize: 'var(--size-meta)', color: 'var(--text-muted)' },
  '.cm-textfield': {
    height: 'var(--control-height)',
    margin: '2px 6px 2px 0',
    padding: '0 8px',
    border: '1px solid var(--line-control)',
    borderRadius: 'var(--radius)',
    backgroundColor: 'var(--surface-field)',
    color: 'var(--text)',
    fontFamily: 'var(--font-code)',
    fontSize: 'var(--size-interface)',
  },
  '.cm-button': {
    height: 'var(--control-height)',
    margin: '2px 6px 2px 0',
    padding: '0 10px',
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
    backgroundColor: 'var(--surface-raised)',
    backgroundImage: 'none',
    color: 'var(--text)',
    fontSize: 'var(--size-interface)',
  },
  '.cm-button:hover': { backgroundColor: 'var(--surface-hover)' },
  '.cm-button:focus-visible, .cm-textfield:focus-visible': {
    outline: '2px solid var(--accent)',
    outlineOffset: '1px',
  },
  '.cm-panel.cm-search [name=close]': {
    color: 'var(--text-muted)',
    fontSize: '18px',
    right: '8px',
    top: '6px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface-raised)',
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
    color: 'var(--text)',
  },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--surface-hover)',
    color: 'var(--text)',
  },
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: 'var(--accent)' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.character], color: 'var(--running)' },
  {
    tag: [tags.comment, tags.meta, tags.processingInstruction],
    color: 'var(--text-muted)',
    fontStyle: 'italic',
  },
  {
    tag: [tags.number, tags.bool, tags.null, tags.atom, tags.constant(tags.name)],
    color: 'var(--attention)',
  },
  {
    tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.typeName, tags.className],
    color: 'var(--busy)',
  },
  {
    tag: [tags.propertyName, tags.attributeName, tags.labelName, tags.definition(tags.propertyName)],
    color: 'var(--busy)',
  },
  { tag: tags.tagName, color: 'var(--accent)' },
  { tag: tags.heading, color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.strong, fontWeight: '600' },
  { tag: tags.emphasis, fontStyle: 'italic' },
  { tag: [tags.link, tags.url], color: 'var(--busy)', textDecoration: 'underline' },
  { tag: tags.strikethrough, textDecoration: 'line-through' },
  { tag: tags.invalid, color: 'var(--failed)' },
]);

/** In the words of the rest of the window. */
const phrases = {
  next: 'Next',
  previous: 'Previous',
  all: 'Select all',
  'match case': 'Match case',
  regexp: 'Regular expression',
  'by word': 'Whole words',
  replace: 'Replace',
  'replace all': 'Replace all',
  close: 'Close',
  go: 'Go',
};

function withoutReturns(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

export function createCodeEditor(options: CodeEditorOptions): CodeEditor {
  const { parent, name, label, onDirty, onPosition } = options;
  // An element has one for its life; the page's element may show a second text.
  const root = parent.shadowRoot ?? parent.attachShadow({ mode: 'open' });
  const language = new Compartment();
  let saved: Text | null = null;
  let lineEnd = '\n';
  let isClosed = false;

  const stateOf = (text: string, isReadOnly: boolean) => {
    const ends = lineEndsOf(text);
    lineEnd = ends === 'CRLF' ? '\r\n' : '\n';
    const state = EditorState.create({
      doc: text,
      extensions: [
        // Lines that end in one way are lines to the editor, as is whatever is pasted. Where they end in several, each CR is
        // a letter, so that it stays where it was.
        ends === 'mixed'
          ? [EditorState.lineSeparator.of('\n'), EditorView.clipboardInputFilter.of(withoutReturns)]
          : [],
        EditorState.phrases.of(phrases),
        EditorState.readOnly.of(isReadOnly),
        basicSetup,
        keymap.of([indentWithTab]),
        theme,
        syntaxHighlighting(colours),
        language.of([]),
        EditorView.contentAttributes.of({ 'aria-label': label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onDirty(saved === null || !update.state.doc.eq(saved));
          if (update.selectionSet || update.docChanged) tellPosition(update.state);
        }),
      ],
    });
    saved = state.doc;
    return state;
  };
  const tellPosition = (state: EditorState) => {
    const { head } = state.selection.main;
    const line = state.doc.lineAt(head);
    onPosition(line.number, head - line.from + 1);
  };
  const view = new EditorView({ state: stateOf('', true), parent: root as unknown as Element, root });

  const colour = async () => {
    const { languages } = await import('@codemirror/language-data');
    const found = LanguageDescription.matchFilename(languages, name);
    if (found === null) return;
    const support = await found.load();
    if (!isClosed) view.dispatch({ effects: language.reconfigure(support) });
  };
  const startColour = () => {
    // A text without colours can be edited as well.
    colour().catch(() => undefined);
  };

  return {
    load: (text, isReadOnly) => {
      const head = Math.min(view.state.selection.main.head, text.length);
      view.setState(stateOf(text, isReadOnly));
      view.dispatch({ selection: { anchor: Math.min(head, view.state.doc.length) } });
      tellPosition(view.state);
      startColour();
    },
    text: () => view.state.doc.sliceString(0, view.state.doc.length, lineEnd),
    markSaved: (text) => {
      saved = view.state.toText(text);
      onDirty(!view.state.doc.eq(saved));
    },
    setFont: (family, sizePx) => {
      parent.style.setProperty('--editor-font', family);
      parent.style.setProperty('--editor-size', `${sizePx}px`);
      view.requestMeasure();
    },
    focus: () => view.focus(),
    close: () => {
      isClosed = true;
      view.destroy();
    },
  };
}
