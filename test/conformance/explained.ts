/**
 * The differences from bare xterm.js that Berth wants, each with its reason. Data: what is not in it fails the run, and so
 * does a reason that no difference needs any more.
 */
export interface Explanation {
  /** Of vttest the name of a screen, of esctest the name of a test, each whole. */
  readonly where: RegExp;
  readonly why: string;
}

const windowReports =
  'The size of the window in pixels is answered to nobody: it tells of the screen of the person, and only the size in characters is a thing that programs need.';

export const explainedScreens: readonly Explanation[] = [
  { where: /11\.8\.9, screen [345]/, why: windowReports },
];

export const explainedTests: readonly Explanation[] = [];

export interface Sorted<T> {
  readonly explained: readonly { readonly item: T; readonly why: string }[];
  readonly unexplained: readonly T[];
  /** Explanations that nothing needed. */
  readonly idle: readonly Explanation[];
}

export function sortDifferences<T>(
  items: readonly T[],
  nameOf: (item: T) => string,
  explanations: readonly Explanation[],
): Sorted<T> {
  const explained: { item: T; why: string }[] = [];
  const unexplained: T[] = [];
  const idle = new Set(explanations);
  for (const item of items) {
    const found = explanations.find(({ where }) => where.exec(nameOf(item))?.[0] === nameOf(item));
    if (found === undefined) unexplained.push(item);
    else {
      explained.push({ item, why: found.why });
      idle.delete(found);
    }
  }
  return { explained, unexplained, idle: [...idle] };
}
