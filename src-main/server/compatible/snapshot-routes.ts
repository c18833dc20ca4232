/** `/snapshot/…` as the earlier snapshot service had it: a person or a workspace, and a name for the snapshot. */
import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { DisplayName } from '#contract/text.ts';
import { SnapshotNote } from '#contract/snapshots.ts';
import type { ApiEnvironment } from '../rest-routes.ts';
import { operationAnswer, operationPath, snapshotAnswer } from './answers.ts';
import { addressed, snapshotCalled } from './find-own.ts';
import { type OwnPlane, requireNotFailed } from './own-plane.ts';
import { type ApiContext, Flag, parsed, readFields, WaitSeconds } from './request-fields.ts';

const Word = z.string().trim().min(1).max(300);
const Address = z.object({ user: Word.nullish(), workspace: Word.nullish() });
const Creation = Address.extend({
  snapshot: DisplayName.nullish(),
  name: DisplayName.nullish(),
  note: SnapshotNote.nullish(),
  wait: WaitSeconds,
});
const Restoration = Address.extend({
  snapshot: Word,
  /** False: the files of now are not kept in a snapshot before. They are kept for a while in their volume in any case. */
  safety: Flag.default(true),
  wait: WaitSeconds,
});

export function addSnapshotRoutes(
  app: Hono<ApiEnvironment>,
  { planeOf }: { readonly planeOf: (context: ApiContext) => OwnPlane },
): void {
  app.post('/snapshot/create', async (context) => {
    const plane = planeOf(context);
    const wish = parsed(Creation, await readFields(context));
    const workspace = await addressed(plane, withoutNull(wish));
    const { snapshotId, operation } = await plane.call('snapshots.create', {
      workspaceId: workspace.id,
      name: wish.snapshot ?? wish.name ?? null,
      note: wish.note ?? '',
    });
    const end = await plane.settled(operation, wish.wait * 1000);
    requireNotFailed(end);
    const about = { id: snapshotId, workspace: workspace.name, workspace_id: workspace.id };
    if (end.endedAt === null) return accepted(context, end, { ...about, status: 'creating' });
    // The collection may tell of it a moment later than the operation of its end.
    const made = await plane.until(
      'snapshots.watch',
      (all) => all.find(({ id }) => id === snapshotId),
      2_000,
    );
    return context.json(
      { ...about, ...(made === undefined ? {} : snapshotAnswer(made)), status: 'created' },
      201,
    );
  });

  app.post('/snapshot/restore', async (context) => {
    const plane = planeOf(context);
    const wish = parsed(Restoration, await readFields(context));
    const workspace = await addressed(plane, withoutNull(wish));
    const all = await plane.list('snapshots.watch');
    const snapshot = snapshotCalled(
      wish.snapshot,
      all.filter(({ workspaceId }) => workspaceId === workspace.id),
    );
    const operation = await plane.call('snapshots.restore', {
      id: snapshot.id,
      makesSafetySnapshot: wish.safety,
    });
    const end = await plane.settled(operation, wish.wait * 1000);
    requireNotFailed(end);
    const answer = snapshotAnswer(snapshot);
    if (end.endedAt === null) return accepted(context, end, { ...answer, status: 'restoring' });
    return context.json({ ...answer, status: 'restored' });
  });

  app.get('/snapshot/list', async (context) => {
    const plane = planeOf(context);
    const wish = parsed(Address, context.req.query());
    const all = await plane.list('snapshots.watch');
    const isAll = (wish.user ?? null) === null && (wish.workspace ?? null) === null;
    const id = isAll ? null : (await addressed(plane, withoutNull(wish))).id;
    const shown = all.filter(({ workspaceId }) => id === null || workspaceId === id);
    return context.json(
      shown
        .toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? 1 : -1))
        .map((snapshot) => snapshotAnswer(snapshot)),
    );
  });
}

function withoutNull({ user, workspace }: z.output<typeof Address>) {
  return { user: user ?? undefined, workspace: workspace ?? undefined };
}

function accepted(context: Context, operation: Parameters<typeof operationAnswer>[0], answer: object) {
  context.header('Location', operationPath(operation.id));
  return context.json({ ...answer, operation: operationAnswer(operation) }, 202);
}
