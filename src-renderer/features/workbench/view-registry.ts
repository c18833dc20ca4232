/**
 * How pages plug in (read this before you write one).
 *
 * 1. A tab shows a `ViewRef`, a small value with ids: add yours to the union in state/view-ref.ts.
 * 2. In `features/<noun>/` write the page, a component with `ViewProps<'your-type'>`, and its commands: an array of
 *    `Command` rows (state/commands.ts). What can be started by a person is a row; the page's buttons use
 *    `useCommand('noun.verb', subject)`, so that palette, menus, context menus and shortcuts agree with them.
 * 3. Export one value from `features/<noun>/feature.ts`:
 *        export const hostsFeature: Feature = {
 *          name: 'hosts',
 *          views: [defineView({ type: 'host', component: HostPage, describe: (ref, state) => ({ … }) })],
 *          commands: hostCommands,
 *          overlays: [AddHostDialog],
 *        };
 *    and add it to the list in app.tsx. Nothing registers itself; no feature imports another one: to show another
 *    feature's page call `useViewActions().open(ref)`, to do its act `useCommand(id)`.
 * 4. Heavy pages (xterm, charts) wrap their component in React.lazy; the tab shows a quiet placeholder meanwhile.
 *
 * Data comes from `useHosts()`, `useHost(id)` … (state/app-context.tsx), each with loading, ready, error and `isStale`.
 * Calls go through `useClient().call(…)`; failures belong beside their cause as `<ErrorNote>`, or `useNotices().fail(…)`.
 * A context menu on one thing: `<ContextMenu entries={subjectEntries(app, useKeymap(), subject)}>` (state/subject-menu.ts);
 * it lists the rows whose `on` is the subject's kind, so that it says the same as the tree and the tab.
 *
 * A page is mounted once and stays mounted while its tab is open, also when it moves to another pane or is not in
 * front: `isVisible` says which. Elements with `data-keys="terminal"` own the keyboard (state/keymap.ts).
 */
import type { Feature, ViewDefinition } from '../../state/feature.ts';

/** Joins the features' pages; two pages of one type are a mistake of ours, found at start. */
export function joinViews(
  features: readonly Feature[],
  isDesktop: boolean,
): ReadonlyMap<string, ViewDefinition> {
  const table = new Map<string, ViewDefinition>();
  for (const view of features.flatMap((feature) => feature.views ?? [])) {
    if (isDesktop && view.isServedOnly) continue;
    if (table.has(view.type)) throw new Error(`Two pages have the type ${view.type}`);
    table.set(view.type, view);
  }
  return table;
}
