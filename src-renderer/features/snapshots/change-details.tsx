/** One change: what the entry was and what it is, side by side, with what differs marked; and what can be done about it. */
import { ArchiveRestore, Download } from 'lucide-react';
import type { EntryChange, Snapshot, SnapshotEntry } from '#contract/snapshots.ts';
import { Button } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { CopyButton } from '../../components/copy-button.tsx';
import { modeText, octalText } from '../../components/file-mode.ts';
import { formatBytes, formatCount } from '../../components/format.ts';
import { whatWords } from './comparison-rows.ts';
import { EntryName } from './entry-name.tsx';
import { canSave, kindWords } from './entry-words.ts';
import { useEntryActs } from './use-entry-acts.ts';

type What = EntryChange['what'][number];

export interface ChangeDetailsProps {
  readonly change: EntryChange;
  readonly before: Snapshot;
  /** Null: the files now. */
  readonly after: Snapshot | null;
}

const changeWords = { added: 'Added', removed: 'Removed', changed: 'Changed' } as const;

export function ChangeDetails({ change, before, after }: ChangeDetailsProps) {
  const beforeActs = useEntryActs(before);
  const afterActs = useEntryActs(after ?? before);
  const { before: was, after: is } = change;
  const what = change.what.map((one) => whatWords[one]).join(', ');
  return (
    <div className="flex flex-col gap-4">
      <div>
        <h2 className="flex items-start gap-1 font-semibold wrap-anywhere">
          <EntryName name={change.path} className="min-w-0 whitespace-pre-wrap" />
          <CopyButton text={change.path} label="Copy path" isIconOnly />
        </h2>
        <p className="text-muted">
          {changeWords[change.change]}
          {change.change === 'changed' && what !== '' && `: ${what}`}
        </p>
      </div>
      {was !== null && (
        <div className="flex flex-wrap gap-2">
          <Button
            icon={ArchiveRestore}
            onClick={() => beforeActs.putBack([was])}
            disabled={beforeActs.putBackReason !== null}
            reason={beforeActs.putBackReason ?? ''}
          >
            Put back…
          </Button>
        </div>
      )}
      <table className="w-full table-fixed border-collapse text-left text-meta">
        <caption className="sr-only">What it was before and what it is after</caption>
        <thead>
          <tr className="text-muted">
            <th scope="col" className="w-22 py-1 font-normal">
              <span className="sr-only">Fact</span>
            </th>
            <th scope="col" className="px-2 py-1 font-medium">
              Before
            </th>
            <th scope="col" className="px-2 py-1 font-medium">
              After
            </th>
          </tr>
        </thead>
        <tbody>
          {facts(was, is).map((fact) => (
            <tr key={fact.name} className="border-t border-line align-top">
              <th scope="row" className="py-1.5 pr-2 font-normal text-muted">
                {fact.name}
              </th>
              <Cell
                text={fact.was}
                isOther={isOther(change, fact.what)}
                signal="removed"
                isCode={fact.isCode}
              />
              <Cell text={fact.is} isOther={isOther(change, fact.what)} signal="added" isCode={fact.isCode} />
            </tr>
          ))}
          <tr className="border-t border-line align-top">
            <th scope="row" className="py-1.5 pr-2 font-normal text-muted">
              Copy
            </th>
            <td className="px-1 py-1">
              {was !== null && canSave(was) && (
                <Button
                  variant="quiet"
                  icon={Download}
                  onClick={() => beforeActs.save([was])}
                  className="px-1"
                >
                  Save…
                </Button>
              )}
            </td>
            <td className="px-1 py-1">
              {after !== null && is !== null && canSave(is) && (
                <Button variant="quiet" icon={Download} onClick={() => afterActs.save([is])} className="px-1">
                  Save…
                </Button>
              )}
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function isOther({ change, what }: EntryChange, own: What): boolean {
  return change === 'changed' && what.includes(own);
}

function Cell(props: {
  text: string | null;
  isOther: boolean;
  signal: 'added' | 'removed';
  isCode: boolean;
}) {
  const { text, isOther: isMarked, signal, isCode } = props;
  return (
    <td
      className={classNames(
        'px-2 py-1.5 wrap-anywhere',
        isCode && 'font-code',
        isMarked && text !== null && (signal === 'added' ? 'bg-running-soft' : 'bg-failed-soft'),
      )}
    >
      {text ?? <span className="text-muted">–</span>}
    </td>
  );
}

interface FactRow {
  readonly name: string;
  readonly what: What;
  readonly was: string | null;
  readonly is: string | null;
  readonly isCode: boolean;
}

const exact = new Intl.DateTimeFormat('en-GB', {
  ...{ day: 'numeric', month: 'short', year: 'numeric' },
  ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
});

function facts(was: SnapshotEntry | null, is: SnapshotEntry | null): FactRow[] {
  const row = (name: string, what: What, text: (entry: SnapshotEntry) => string | null, isCode = false) => ({
    ...{ name, what, isCode },
    was: was && text(was),
    is: is && text(is),
  });
  const rows = [
    row('Kind', 'kind', ({ kind }) => kindWords[kind]),
    row('Size', 'content', ({ kind, sizeBytes }) =>
      kind === 'file'
        ? sizeBytes < 1024
          ? formatBytes(sizeBytes)
          : `${formatBytes(sizeBytes)} (${formatCount(sizeBytes, 'byte', 'bytes')})`
        : null,
    ),
    row('Changed', 'time', ({ modifiedAtMs }) => exact.format(modifiedAtMs)),
    row('Permissions', 'mode', ({ mode }) => `${modeText(mode)} ${octalText(mode)}`, true),
    row('Owner', 'owner', ({ uid, gid }) => `${uid}:${gid}`, true),
    row('Leads to', 'target', ({ target }) => target, true),
    row('Attributes', 'attributes', ({ hasAttributes }) => (hasAttributes ? 'has some' : null)),
    row('SHA-256', 'content', ({ sha256 }) => sha256, true),
  ];
  return rows.filter((one) => one.was !== null || one.is !== null);
}
