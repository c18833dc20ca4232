/**
 * Which entries of a list are chosen, as file managers do it: a click chooses one, Ctrl adds one, Shift chooses from the
 * anchor on. Entries are known by their names, so that what is chosen stays when the list is sorted anew or read again. Pure.
 */
export interface Selection {
  readonly names: ReadonlySet<string>;
  /** Has the keyboard. */
  readonly current: string | null;
  /** Where a range begins. */
  readonly anchor: string | null;
}

export const noSelection: Selection = { names: new Set(), current: null, anchor: null };

export function chooseOne(name: string): Selection {
  return { names: new Set([name]), current: name, anchor: name };
}

export function chooseAlso(selection: Selection, name: string): Selection {
  const names = new Set(selection.names);
  if (!names.delete(name)) names.add(name);
  return { names, current: name, anchor: name };
}

/** From the anchor to the name, in the order in which they are shown. */
export function chooseTo(selection: Selection, shown: readonly string[], name: string): Selection {
  const from = shown.indexOf(selection.anchor ?? selection.current ?? name);
  const to = shown.indexOf(name);
  if (from === -1 || to === -1) return chooseOne(name);
  const names = new Set(shown.slice(Math.min(from, to), Math.max(from, to) + 1));
  return { names, current: name, anchor: shown[from] ?? name };
}

export function chooseAll(selection: Selection, shown: readonly string[]): Selection {
  return {
    names: new Set(shown),
    current: selection.current ?? shown[0] ?? null,
    anchor: selection.anchor ?? shown[0] ?? null,
  };
}

/** Without what is not there any more. */
export function keepPresent(selection: Selection, isThere: (name: string) => boolean): Selection {
  const names = new Set([...selection.names].filter(isThere));
  const keep = (name: string | null) => (name !== null && isThere(name) ? name : null);
  return { names, current: keep(selection.current), anchor: keep(selection.anchor) };
}
