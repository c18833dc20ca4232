/** A folder without rows to show, and the line below its rows that counts them. */
import { FolderOpen, Upload } from 'lucide-react';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { formatBytes, formatCount } from '../../components/format.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import type { Row } from './entry-order.ts';
import type { FolderState, FolderStore } from './folder-store.ts';
import type { FolderActs } from './use-folder-acts.ts';

interface NothingProps {
  readonly state: { readonly isReading: boolean; readonly filter: string; readonly rows: readonly Row[] };
  readonly folder: FolderStore;
  readonly acts: FolderActs;
  readonly canWrite: boolean;
  readonly hiddenCount: number;
  readonly onShowHidden: () => void;
  readonly onUpload: () => void;
}

export function Nothing({
  state,
  folder,
  acts,
  canWrite,
  hiddenCount,
  onShowHidden,
  onUpload,
}: NothingProps) {
  const isWaiting = state.isReading && state.rows.length === 0;
  const at = folder.store.getState().path ?? '/';
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: files dropped anywhere on an empty folder go into it
    <div
      className="absolute inset-x-0 top-7 bottom-0 flex flex-col overflow-y-auto"
      onDragOver={(event) => {
        const effect = acts.canDrop(event, at);
        if (effect === null) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = effect;
      }}
      onDrop={(event) => {
        event.preventDefault();
        acts.drop(event, at);
      }}
    >
      {isWaiting ? (
        <div className="p-4">
          <LoadingRows label="Reading the folder" />
        </div>
      ) : state.filter !== '' ? (
        <EmptyState
          icon={FolderOpen}
          title="Nothing of this name"
          actions={<Button onClick={() => folder.setFilter('')}>Show all</Button>}
        >
          No entry here has “{state.filter}” in its name.
        </EmptyState>
      ) : (
        <EmptyState
          icon={FolderOpen}
          title={hiddenCount > 0 ? 'Only hidden files' : 'An empty folder'}
          actions={
            <>
              {hiddenCount > 0 && (
                <Button
                  onClick={onShowHidden}
                >{`Show ${formatCount(hiddenCount, 'hidden file', 'hidden files')}`}</Button>
              )}
              {canWrite && (
                <Button variant="primary" icon={Upload} onClick={onUpload}>
                  Upload files
                </Button>
              )}
            </>
          }
        >
          {canWrite
            ? 'Drop files or folders here, or choose them.'
            : 'You may look here, and not change anything.'}
        </EmptyState>
      )}
    </div>
  );
}

export function Summary(props: {
  state: {
    readonly isReading: boolean;
    readonly rows: readonly Row[];
    readonly error: FolderState['error'];
    readonly path: FolderState['path'];
    readonly isWritable: boolean;
  };
  shownCount: number;
  chosen: readonly Row[];
}) {
  const { state, shownCount, chosen } = props;
  const count = formatCount(shownCount, 'entry', 'entries');
  const more = state.rows.length - shownCount;
  const chosenBytes = chosen.reduce((sum, { entry, isFolder }) => sum + (isFolder ? 0 : entry.sizeBytes), 0);
  return (
    <p
      role="status"
      className="tabular flex h-6 shrink-0 items-center gap-3 border-t border-line px-3 text-meta text-muted"
    >
      <span>
        {/* Of what could not be read nobody knows how many there are. */}
        {state.error !== null && state.rows.length === 0
          ? ''
          : state.isReading && state.rows.length > 0
            ? `${count} so far, reading on…`
            : count}
        {!state.isReading && more > 0 && `, ${new Intl.NumberFormat('en').format(more)} not shown`}
      </span>
      {state.path !== null && state.error === null && !state.isReading && !state.isWritable && (
        <span>read only</span>
      )}
      {chosen.length > 0 && (
        <span>
          {new Intl.NumberFormat('en').format(chosen.length)} chosen
          {chosenBytes > 0 && `, ${formatBytes(chosenBytes)}`}
        </span>
      )}
    </p>
  );
}
