/** Who did what, when and from where, the newest first. For owners. */
import { CircleAlert, CircleCheck, RefreshCw, ScrollText } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { type ErrorCode, errorCodes } from '#contract/error-codes.ts';
import type { UserId } from '#contract/ids.ts';
import type { AuditEntry } from '#contract/users.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Select } from '../../components/select.tsx';
import { useClient, useUsers } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { createAuditLog } from './audit-log.ts';
import { actionWords, auditKinds, byWords } from './audit-words.ts';

type Kind = (typeof auditKinds)[number]['value'];

export default function AuditPage(_props: ViewProps<'audit'>) {
  const client = useClient();
  const users = useUsers();
  const log = useMemo(() => createAuditLog(client), [client]);
  const { entries, hasMore, isReading, error } = useStore(log.store);
  const [userId, setUserId] = useState<UserId | ''>('');
  const [kind, setKind] = useState<Kind>('');
  useEffect(() => {
    log.show({ userId: userId === '' ? null : userId, action: kind === '' ? null : kind });
    return log.close;
  }, [log, userId, kind]);

  const people = [
    { value: '' as const, label: 'Everybody' },
    ...users.items.map(({ id, name }) => ({ value: id, label: name })),
  ];
  return (
    <Page
      title="Audit log"
      lead="Who did what, when and from where. Never what was typed."
      actions={
        <Button
          icon={RefreshCw}
          isBusy={isReading && entries === null}
          onClick={() =>
            log.show({ userId: userId === '' ? null : userId, action: kind === '' ? null : kind })
          }
        >
          Read again
        </Button>
      }
    >
      <div className="grid grid-cols-2 gap-4 max-sm:grid-cols-1">
        <Select<UserId | ''> label="Person" value={userId} options={people} onChange={setUserId} />
        <Select<Kind> label="Kind" value={kind} options={auditKinds} onChange={setKind} />
      </div>
      {entries === null && error === null && <LoadingRows label="Reading the audit log" rows={6} />}
      {entries !== null && entries.length === 0 && (
        <EmptyState icon={ScrollText} title="Nothing was written down">
          {userId === '' && kind === ''
            ? 'Every sign-in and everything that changes something gets a line here.'
            : 'No line fits what you chose.'}
        </EmptyState>
      )}
      {entries !== null && entries.length > 0 && (
        <Card>
          <ul aria-label="Audit log" className="m-0 list-none divide-y divide-line p-0">
            {entries.map((entry) => (
              <Line key={entry.number} entry={entry} />
            ))}
          </ul>
        </Card>
      )}
      {error !== null && (
        <ErrorNote
          title="The audit log could not be read"
          error={error}
          actions={<Button onClick={log.readMore}>Read again</Button>}
        />
      )}
      {hasMore && error === null && (
        <div className="flex justify-center">
          <Button isBusy={isReading} onClick={log.readMore}>
            Load more
          </Button>
        </div>
      )}
    </Page>
  );
}

function Line({ entry }: { entry: AuditEntry }) {
  const isDone = entry.outcome === 'done';
  const Icon = isDone ? CircleCheck : CircleAlert;
  const where = [byWords[entry.by], entry.address === null ? '' : `from ${entry.address}`].filter(Boolean);
  return (
    <li className="flex items-start gap-x-3 px-4 py-2">
      <Icon
        aria-hidden
        size={15}
        className={`mt-0.5 shrink-0 ${isDone ? 'text-running' : 'text-attention'}`}
      />
      <div className="min-w-0 flex-1">
        <p className="wrap-anywhere" title={entry.action}>
          <span className="font-medium" dir="auto">
            {entry.userName === '' ? 'Somebody unknown' : entry.userName}
          </span>{' '}
          {actionWords(entry.action)}
          {!isDone && <span className="text-attention"> – {outcomeWords(entry.outcome)}</span>}
        </p>
        <p className="text-meta text-muted wrap-anywhere">
          {entry.subject !== null && (
            <>
              <span className="font-code">{entry.subject}</span>
              {where.length > 0 && ' · '}
            </>
          )}
          {where.join(' ')}
          <span className="sr-only">{isDone ? ', done' : ', not done'}</span>
        </p>
      </div>
      <RelativeTime at={entry.at} className="shrink-0 text-meta whitespace-nowrap text-muted" />
    </li>
  );
}

function outcomeWords(outcome: string): string {
  const known: string | undefined =
    outcome in errorCodes ? errorCodes[outcome as ErrorCode].title : undefined;
  return `did not work: ${(known ?? outcome).toLowerCase()}`;
}
