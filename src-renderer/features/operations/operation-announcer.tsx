/**
 * Says when an operation that was under way has ended, to whoever is not looking at it: failures, and what somebody waits
 * for also when it went well. Draws nothing.
 */
import { useEffect } from 'react';
import { BerthError } from '#contract/berth-error.ts';
import type { Operation, OperationKind } from '#contract/operations.ts';
import { useApp } from '../../state/app-context.tsx';
import { isUnderWay } from '../../state/operation-progress.ts';
import { activeTab } from '../../state/view-state.ts';

/** Those that were under way before and have ended since. Pure. */
export function endedSince(
  before: ReadonlyMap<string, Operation>,
  now: ReadonlyMap<string, Operation>,
): Operation[] {
  return [...now.values()].filter((operation) => {
    const earlier = before.get(operation.id);
    return earlier !== undefined && isUnderWay(earlier) && !isUnderWay(operation);
  });
}

/** What is said when it went well; others end without a word. */
const doneWords: Readonly<Partial<Record<OperationKind, (name: string) => string>>> = {
  'workspace.create': (name) => `${name} is running`,
  'workspace.move': (name) => `${name} was moved. Look at it, then confirm the move or take it back`,
  'snapshot.restore': (name) => `${name} was restored`,
  'snapshot.undo-restore': (name) => `${name} is as before the restore`,
  'machine.create': (name) => `${name} is ready`,
  'machine.finish': (name) => `${name} is ready`,
  'machine.resize': (name) => `${name} has its new size`,
  'machine.rebuild': (name) => `${name} was rebuilt`,
  'machine.snapshot': (name) => `The snapshot of ${name} is there`,
  'machine.restore': (name) => `${name} was put back to its snapshot`,
  'machine.destroy': (name) => `${name} is destroyed`,
  'machine.hibernate': (name) => `${name} sleeps`,
  'machine.wake': (name) => `${name} is awake`,
  'found.destroy': (name) => `${name} is destroyed`,
};

/** What is said when it was stopped and taken back: of what would have gone on costing, nobody should have to guess. */
const stoppedWords: Readonly<Partial<Record<OperationKind, (name: string) => string>>> = {
  'machine.create': (name) => `${name} is not made: what there was of it is destroyed, and costs nothing`,
  'machine.wake': (name) => `${name} goes on sleeping: the machine that was rented for it is destroyed`,
};

/** A workspace's page shows what became of the workspace itself; of a snapshot that failed it shows nothing. */
function isShownByWorkspace({ kind, state }: Operation): boolean {
  return state === 'succeeded' || !kind.startsWith('snapshot.');
}

export function OperationAnnouncer() {
  const app = useApp();
  useEffect(
    () =>
      app.mirror.operations.subscribe((state, before) => {
        if (state.byId === before.byId) return;
        for (const operation of endedSince(before.byId, state.byId)) {
          const ref = activeTab(app.view.getState())?.ref;
          const isLookedAt =
            (ref?.type === 'operation' && ref.operationId === operation.id) ||
            (ref?.type === 'workspace' &&
              ref.workspaceId === operation.subject.id &&
              isShownByWorkspace(operation)) ||
            (ref?.type === 'machine' && ref.machineId === operation.subject.id) ||
            (ref?.type === 'create-machine' && ref.makingId === operation.id);
          const done = doneWords[operation.kind];
          const show = () => app.view.actions.open({ type: 'operation', operationId: operation.id });
          const stopped = stoppedWords[operation.kind];
          if (operation.state === 'failed' && operation.error !== null && !isLookedAt)
            app.notices.fail(`${operation.title}: this failed`, BerthError.fromShape(operation.error), {
              label: 'Show',
              run: show,
            });
          // The page of one that is not made goes with it, now or in a moment.
          else if (
            operation.state === 'cancelled' &&
            stopped !== undefined &&
            (!isLookedAt || operation.kind === 'machine.create')
          )
            app.notices.show({ level: 'done', title: stopped(operation.subject.name) });
          else if (operation.state === 'succeeded' && done !== undefined && !isLookedAt)
            app.notices.show({
              level: 'done',
              title: done(operation.subject.name),
              action: {
                label: 'Open',
                run: () => {
                  const workspace = app.mirror.workspaces.getState().byId.get(operation.subject.id);
                  const machine = app.mirror.machines.getState().byId.get(operation.subject.id);
                  if (workspace) app.view.actions.open({ type: 'workspace', workspaceId: workspace.id });
                  else if (machine) app.view.actions.open({ type: 'machine', machineId: machine.id });
                  else show();
                },
              },
            });
        }
      }),
    [app],
  );
  return null;
}
