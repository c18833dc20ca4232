/**
 * Takes an archive from this computer in: which file, to which host, for which workspace. The file goes up in slices while
 * the dialog stays open; what was cut off is sent again under the same id.
 */
import { useEffect, useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { HostId, SnapshotId, WorkspaceId } from '#contract/ids.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { formatBytes, formatPercent } from '../../components/format.ts';
import { ProgressBar } from '../../components/progress-bar.tsx';
import { useClient, useConfirm, useHosts, useNotices, useViewActions } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { FailureNote } from './failure-note.tsx';
import { isUsable } from './host-choice.ts';
import { type ImportDraft, nameOfFile, newSnapshotId, readImport } from './import-draft.ts';
import { ImportFields } from './import-fields.tsx';
import { sendFile } from '../../state/send-file.ts';
import { useAct } from '../../state/use-act.ts';

const noErrors = {};
const shownFields = ['file', 'hostId', 'workspaceId', 'name', 'image', 'mountPoint', 'sizeBytes'];

const freshId = () => newSnapshotId((bytes) => crypto.getRandomValues(bytes));

/** The member of the archive that was refused, where the plane names one. */
function memberOf({ code, details }: BerthError): string | null {
  if (code !== 'snapshot.unsafe-archive') return null;
  const member = details.member ?? details.entry ?? details.path;
  return typeof member === 'string' ? member : null;
}

export function ImportDialog({ hostId, onClose }: { hostId: HostId | null; onClose: () => void }) {
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const view = useViewActions();
  const hosts = useHosts();
  const first = hostId ?? hosts.items.find(isUsable)?.id ?? null;
  const [file, setFile] = useState<File | null>(null);
  const [draft, setDraft] = useState<Omit<ImportDraft, 'file' | 'name'>>({
    ...{ hostId: first, workspaceId: null, isForeign: false, image: '', mountPoint: '/home/dev' },
  });
  const [typedName, setTypedName] = useState<string | null>(null);
  const [id, setId] = useState<SnapshotId>(freshId);
  const [sentBytes, setSentBytes] = useState<number | null>(null);
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>(noErrors);
  const stop = useRef<AbortController | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const act = useAct();
  useFirstInvalid(form, refused);
  useEffect(() => () => stop.current?.abort(), []);

  const name = typedName ?? (file === null ? '' : nameOfFile(file.name));
  const host = hosts.byId.get(draft.hostId ?? '');
  const error = act.error?.code === 'cancelled' ? null : act.error;
  const told = fieldErrors(error);
  const isTaken = error?.code === 'snapshot.name-taken';
  const errors: Readonly<Record<string, string>> = {
    ...told,
    ...refused,
    ...(isTaken && error !== null ? { name: error.message } : {}),
  };
  const beside = isTaken ? null : errorBesideFields(error, (field) => shownFields.includes(field));

  const change = (part: Partial<typeof draft>) => {
    setDraft((now) => ({ ...now, ...part }));
    setRefused(noErrors);
    // Another place is another import: what was begun in the other one is not this one's.
    if (part.hostId !== undefined) setId(freshId());
  };

  const send = () => {
    const read = readImport({ ...draft, file, name }, id);
    if ('errors' in read) return setRefused(read.errors);
    if (file === null) return;
    setRefused(noErrors);
    void act.run(async () => {
      const own = new AbortController();
      stop.current = own;
      setSentBytes(0);
      try {
        await sendFile(client.bytes('snapshots.import', read.input), {
          file,
          signal: own.signal,
          onSent: setSentBytes,
        });
      } finally {
        stop.current = null;
        setSentBytes(null);
      }
      notices.show({
        level: 'done',
        title: `Imported ${read.input.name}`,
        body: `To ${host?.name ?? 'its host'}.`,
        action: { label: 'Show', run: () => view.open({ type: 'snapshot', snapshotId: id }) },
      });
      onClose();
    });
  };

  const close = async () => {
    if (stop.current === null) return onClose();
    const isAgreed = await confirm({
      title: 'Stop the import?',
      body: 'What has arrived is not a snapshot yet. The file on this computer stays.',
      action: 'Stop the import',
    });
    // It may have ended while this was asked.
    if (!isAgreed || stop.current === null) return;
    stop.current.abort();
    onClose();
  };

  return (
    <Dialog
      isOpen
      staysOnOutsidePress={act.isBusy}
      onClose={() => void close()}
      title="Import a snapshot"
      description="A .tar.zst from this computer: one that Berth exported, or any other that holds files."
      footer={
        <>
          {act.isBusy ? (
            <Button onClick={() => stop.current?.abort()}>Cancel import</Button>
          ) : (
            <Button onClick={onClose}>Close</Button>
          )}
          <Button
            type="submit"
            form="berth-import"
            variant="primary"
            isBusy={act.isBusy}
            disabled={host !== undefined && !isUsable(host)}
            reason="Choose a host that is ready"
          >
            {error?.code === 'connection-lost' ? 'Send again' : 'Import snapshot'}
          </Button>
        </>
      }
    >
      <form
        id="berth-import"
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <ImportFields
          file={file}
          draft={draft}
          name={name}
          errors={errors}
          isBusy={act.isBusy}
          onFile={(chosen) => {
            setFile(chosen);
            setId(freshId());
            setRefused(noErrors);
            act.forget();
          }}
          onName={(next) => {
            setTypedName(next);
            setRefused(noErrors);
          }}
          onWorkspace={(workspaceId: WorkspaceId | null) => change({ workspaceId })}
          onChange={change}
        />
        {act.isBusy && file !== null && (
          <Progress sentBytes={sentBytes ?? 0} sizeBytes={file.size} hostName={host?.name ?? 'its host'} />
        )}
        {act.error?.code === 'cancelled' && (
          <p role="status" className="text-muted">
            The import was stopped. Nothing of it is a snapshot.
          </p>
        )}
        {beside !== null && (
          <FailureNote title="The snapshot was not imported" error={beside}>
            {memberOf(beside) !== null && (
              <p>
                In the archive it is <code className="wrap-anywhere">{memberOf(beside)}</code>. Nothing of the
                archive was unpacked.
              </p>
            )}
            {beside.code === 'connection-lost' && (
              <p>
                The file is still chosen. Send it again: what {host?.name ?? 'the host'} has of it already is
                passed over there.
              </p>
            )}
          </FailureNote>
        )}
      </form>
    </Dialog>
  );
}

function Progress(props: { sentBytes: number; sizeBytes: number; hostName: string }) {
  const { sentBytes, sizeBytes, hostName } = props;
  const part = sizeBytes === 0 ? 0 : sentBytes / sizeBytes;
  const isSent = sentBytes >= sizeBytes;
  const text = isSent
    ? `All is sent; ${hostName} checks the archive.`
    : `${formatPercent(part)}: ${formatBytes(sentBytes)} of ${formatBytes(sizeBytes)} sent.`;
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Newer browsers return a promise here, which an effect must not.
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  return (
    <div ref={box} className="flex flex-col gap-1.5">
      <ProgressBar label="Import" value={isSent ? null : part} text={text} />
      <p role="status" className="tabular text-meta text-muted">
        {text} Keep this window open.
      </p>
    </div>
  );
}
