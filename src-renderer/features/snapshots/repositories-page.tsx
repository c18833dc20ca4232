/** Repositories: where each one is, whether it was found good, and the ways to add, check and forget one. */
import { DatabaseBackup } from 'lucide-react';
import type { Repository } from '#contract/repositories.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import {
  useClient,
  useCommand,
  useConfirm,
  useHost,
  useMay,
  useRepositories,
  useSnapshotRules,
  useSnapshots,
  useViewActions,
} from '../../state/app-context.tsx';
import { placeKinds, placeWords } from './place-words.ts';
import { useAct } from '../../state/use-act.ts';

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export default function RepositoriesPage() {
  const { status, items, error, retry } = useRepositories();
  const add = useCommand('repository.add', null);
  const view = useViewActions();
  const addButton = add.isShown && (
    <Button variant="primary" onClick={add.run} disabled={!add.isEnabled} reason="Add a host first">
      Add repository
    </Button>
  );
  return (
    <Page
      title="Repositories"
      lead="Where snapshots go that outgrow one disk, or that must outlive their host: each piece of content is kept once, encrypted."
      actions={
        <>
          <Button variant="quiet" onClick={() => view.open({ type: 'snapshots' })}>
            Snapshots
          </Button>
          {items.length > 0 && addButton}
        </>
      }
    >
      {status === 'loading' && <LoadingRows label="Loading the repositories" />}
      {status === 'error' && error !== null && (
        <ErrorNote
          title="The repositories could not be read"
          error={error}
          actions={<Button onClick={retry}>Read again</Button>}
        />
      )}
      {status === 'ready' && items.length === 0 && (
        <EmptyState icon={DatabaseBackup} title="No repository yet" actions={addButton}>
          Snapshots are archives on their own host until there is one. A folder on another disk, an SFTP
          server, a REST server or object storage can be one.
        </EmptyState>
      )}
      {items.length > 0 && (
        <ul aria-label="Repositories" className="m-0 flex list-none flex-col gap-3 p-0">
          {[...items]
            .sort((a, b) => byName.compare(a.name, b.name))
            .map((repository) => (
              <li key={repository.id}>
                <Row repository={repository} />
              </li>
            ))}
        </ul>
      )}
    </Page>
  );
}

function Row({ repository }: { repository: Repository }) {
  const client = useClient();
  const confirm = useConfirm();
  const host = useHost(repository.hostId);
  const snapshots = useSnapshots().items.filter(({ repositoryId }) => repositoryId === repository.id);
  const rules = useSnapshotRules().items.filter(({ repositoryId }) => repositoryId === repository.id);
  const mayChange = useMay('snapshots.write');
  const check = useAct();
  const remove = useAct();
  const kind = placeKinds.find(({ value }) => value === repository.place?.kind);
  const isReady = host?.state.phase === 'ready';
  const forget = async () => {
    const isAgreed = await confirm({
      title: `Remove the repository ${repository.name}?`,
      body: 'Berth forgets it and its key. Without the key that you wrote down, nobody can read what is in it.',
      deletes: [
        'Its key and its secret in the keychain',
        ...(snapshots.length === 0
          ? []
          : [`${formatCount(snapshots.length, 'snapshot', 'snapshots')} in it from Berth’s list`]),
      ],
      keeps: [`All data in ${placeWords(repository.place)}`],
      action: 'Remove repository',
      isDangerous: true,
      typeToConfirm: repository.name,
    });
    if (!isAgreed) return;
    await remove.run(async () => {
      await client.call('repositories.remove', { id: repository.id });
    });
  };
  return (
    <Card className="flex flex-col gap-2 px-4 py-3">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-2">
        <div className="min-w-0 flex-1 basis-60">
          <div className="flex flex-wrap items-center gap-2">
            <h2 className="font-semibold wrap-anywhere" dir="auto">
              {repository.name}
            </h2>
            {repository.problem === null && repository.checkedAt !== null && (
              <Badge signal="running">good</Badge>
            )}
            {repository.problem !== null && <Badge signal="failed">problem</Badge>}
          </div>
          <p className="font-code text-[0.96em] wrap-anywhere">{placeWords(repository.place)}</p>
          <p className="tabular text-meta text-muted wrap-anywhere">
            {kind?.label ?? 'A repository'}, used from {host?.name ?? 'a removed host'} ·{' '}
            {formatCount(snapshots.length, 'snapshot', 'snapshots')}
            {rules.length > 0 &&
              ` · in ${formatCount(rules.length, 'workspace’s rules', 'workspaces’ rules')}`}
            {' · '}
            {repository.checkedAt === null ? (
              'never checked'
            ) : (
              <>
                checked <RelativeTime at={repository.checkedAt} />
              </>
            )}
          </p>
        </div>
        {mayChange && (
          <div className="flex gap-2">
            <Button
              isBusy={check.isBusy}
              disabled={!isReady}
              reason="The host that it is used from is not connected"
              onClick={() =>
                void check.run(async () => {
                  await client.call('repositories.check', { id: repository.id });
                })
              }
            >
              Check
            </Button>
            <Button isBusy={remove.isBusy} onClick={() => void forget()}>
              Remove…
            </Button>
          </div>
        )}
      </div>
      {check.isBusy && (
        <p role="status" className="text-meta text-muted">
          Its structure is checked, and its data is read: where it is large a part, the next one at each
          check. This takes minutes.
        </p>
      )}
      {repository.problem !== null && check.error === null && (
        <ErrorNote title="At the last check something was wrong" error={repository.problem} />
      )}
      {check.error !== null && <ErrorNote title="It could not be checked" error={check.error} />}
      {remove.error !== null && <ErrorNote title="It was not removed" error={remove.error} />}
    </Card>
  );
}
