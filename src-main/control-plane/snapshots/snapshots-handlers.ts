/** Contract line → service call. */
import type { HandlersOf } from '../handler.ts';
import { mapped } from '../changes.ts';
import type { Ownership } from '../ownership.ts';
import { asSeenBy } from './repository-service.ts';
import type { SnapshotReader } from './snapshot-reader.ts';
import type { SnapshotService } from './snapshot-service.ts';

export function snapshotsHandlers(
  snapshots: SnapshotService,
  reader: SnapshotReader,
  ownership: Ownership,
): HandlersOf<'snapshots'> & HandlersOf<'snapshotRules'> & HandlersOf<'repositories'> {
  const { directory, rules, undos, repositories } = snapshots;
  return {
    'snapshots.watch': (_input, { caller, signal }) =>
      directory.collection.watch(signal, ownership.shownTo(caller)),
    'snapshots.hosts': (_input, { signal }) => directory.hosts.watch(signal),
    'snapshots.undos': (_input, { caller, signal }) =>
      undos.collection.watch(signal, ownership.shownTo(caller)),
    'snapshots.create': (wish, { caller }) => snapshots.create({ ...wish, reason: 'person' }, caller.userId),
    'snapshots.change': (change) => reader.change(change),
    'snapshots.verify': ({ id }, { caller }) => snapshots.verify(id, caller.userId),
    'snapshots.destroy': ({ ids }, { caller }) => snapshots.destroy(ids, caller.userId),
    'snapshots.browse': (input) => reader.browse(input),
    'snapshots.search': (input, { caller, signal }) =>
      reader.search(input, { userId: caller.userId, signal }),
    'snapshots.compare': (input) => reader.compare(input),
    'snapshots.restorePlan': ({ id }, { caller }) => reader.restorePlan(id, caller.userId),
    'snapshots.restore': ({ id, makesSafetySnapshot }, { caller }) =>
      snapshots.restore(id, makesSafetySnapshot, caller.userId),
    'snapshots.undoRestore': ({ workspaceId }, { caller }) =>
      snapshots.undoRestore(workspaceId, caller.userId),
    'snapshots.endUndo': ({ workspaceId }) => snapshots.endUndo(workspaceId),
    'snapshots.read': (input, channel, { signal }) => reader.read(input, channel, signal),
    'snapshots.putBack': ({ id, paths }, { caller }) => snapshots.putBack(id, paths, caller.userId),
    'snapshots.export': ({ id }, channel, { signal }) => reader.export(id, channel, signal),
    'snapshots.import': (input, channel, { caller, signal }) =>
      reader.import(input, { channel, userId: caller.userId, signal }),
    'snapshotRules.watch': (_input, { caller, signal }) =>
      rules.collection.watch(signal, ownership.shownTo(caller)),
    'snapshotRules.set': ({ id, ...change }) => rules.set(id, change),
    'snapshotRules.explain': (timing) => ({ next: rules.explain(timing) }),
    'snapshotRules.keepPlan': ({ workspaceId, keep }) => rules.keepPlan(workspaceId, keep),
    'snapshotRules.apply': ({ workspaceId, keep, destroys }, { caller }) =>
      rules.apply(workspaceId, keep, destroys, caller.userId),
    'repositories.watch': (_input, { caller, signal }) =>
      mapped(repositories.collection.watch(signal), asSeenBy(caller)),
    'repositories.add': (input) => repositories.add(input),
    'repositories.check': ({ id }) => repositories.check(id),
    'repositories.remove': async ({ id }) => {
      await repositories.remove(id);
      return {};
    },
  };
}
