/** A workspace's rules: when snapshots are taken by themselves, how, where to, and which of them stay. */
import { type ReactNode, useRef, useState } from 'react';
import type { RepositoryId } from '#contract/ids.ts';
import { type SnapshotRules, snapshotRulesDefaults, suggestedKeepRule } from '#contract/snapshot-rules.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Select } from '../../components/select.tsx';
import {
  useClient,
  useHost,
  useRepositories,
  useSnapshotRules,
  useSnapshots,
} from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import {
  AdvancedPart,
  ConsistencyChoice,
  HookFields,
  hookInput,
  lastFrozenMs,
} from './consistency-fields.tsx';
import { FailureNote } from './failure-note.tsx';
import { KeepFields } from './keep-fields.tsx';
import { keepDraft, readKeep } from './keep-rule.ts';
import { placeWords } from './place-words.ts';
import { scheduleDraft } from './schedule.ts';
import { readWhen, ScheduleFields, useExplained, type WhenDraft } from './schedule-fields.tsx';
import { useAct } from '../../state/use-act.ts';

export function RulesDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const { status, byId, error, retry } = useSnapshotRules();
  if (status === 'ready')
    return <Form workspace={workspace} rules={byId.get(workspace.id) ?? null} onClose={onClose} />;
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Snapshot rules of ${workspace.name}`}
      footer={<Button onClick={onClose}>Cancel</Button>}
    >
      {status === 'error' && error !== null ? (
        <ErrorNote
          title="The rules could not be read"
          error={error}
          actions={<Button onClick={retry}>Read again</Button>}
        />
      ) : (
        <LoadingRows label="Loading the rules" rows={5} />
      )}
    </Dialog>
  );
}

function ownTimeZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function whenDraft(rules: SnapshotRules | null): WhenDraft {
  return {
    schedule: scheduleDraft(rules?.schedule ?? null),
    timeZone: rules?.timeZone ?? ownTimeZone(),
    isQuiet: rules?.quietHours != null,
    quietFrom: rules?.quietHours?.from ?? '22:00',
    quietTo: rules?.quietHours?.to ?? '06:00',
  };
}

const onHost = 'host';
const noErrors = {};
/** Fields of the plane's input that stand in the form. */
const shown = /^(schedule|timeZone|quietHours|beforeCommand|afterCommand|repositoryId|keep)(\.|$)/;

interface FormProps {
  readonly workspace: Workspace;
  readonly rules: SnapshotRules | null;
  readonly onClose: () => void;
}

function Form({ workspace, rules, onClose }: FormProps) {
  const client = useClient();
  const host = useHost(workspace.hostId);
  const snapshots = useSnapshots();
  const repositories = useRepositories().items.filter(({ hostId }) => hostId === workspace.hostId);
  const before = rules ?? snapshotRulesDefaults;
  const [when, setWhen] = useState<WhenDraft>(() => whenDraft(rules));
  const [consistency, setConsistency] = useState(before.consistency);
  const [hooks, setHooks] = useState({
    before: before.beforeCommand ?? '',
    after: before.afterCommand ?? '',
  });
  const [place, setPlace] = useState<RepositoryId | typeof onHost>(before.repositoryId ?? onHost);
  const [isKeepRule, setKeepRule] = useState(before.keep !== null);
  const [keepTyped, setKeepTyped] = useState(() => keepDraft(before.keep ?? suggestedKeepRule));
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>(noErrors);
  const form = useRef<HTMLFormElement>(null);
  const act = useAct();
  useFirstInvalid(form, refused);

  const read = readWhen(when);
  const explained = useExplained(read.when);
  const keep = readKeep(keepTyped);
  const keepErrors = 'errors' in keep ? keep.errors : {};
  const told = fieldErrors(act.error);
  const beside = errorBesideFields(act.error, (field) => shown.test(field));

  const save = () => {
    const isKeepWrong = isKeepRule && 'errors' in keep;
    if (read.when === null || isKeepWrong) {
      setRefused({ ...read.errors, ...(isKeepWrong ? keep.errors : {}) });
      return;
    }
    // What the plane has already called wrong is not asked for again.
    const wrong = fieldErrors(explained.error);
    if (Object.keys(wrong).length > 0) return setRefused({ ...wrong });
    const { when: ready } = read;
    void act.run(async () => {
      await client.call('snapshotRules.set', {
        id: workspace.id,
        ...ready,
        consistency,
        ...hookInput(hooks),
        repositoryId: place === onHost ? null : place,
        keep: isKeepRule && 'keep' in keep ? keep.keep : null,
      });
      onClose();
    });
  };

  return (
    <Dialog
      isOpen
      width="wide"
      onClose={onClose}
      title={`Snapshot rules of ${workspace.name}`}
      description="When snapshots are taken by themselves, how, and which of them stay."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" form="berth-rules" variant="primary" isBusy={act.isBusy}>
            Save rules
          </Button>
        </>
      }
    >
      <form
        id="berth-rules"
        ref={form}
        className="flex flex-col gap-6"
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
      >
        {rules?.problem != null && (
          <ErrorNote title="The last one that was due was not taken" error={rules.problem} />
        )}
        <Part title="When">
          <ScheduleFields
            draft={when}
            errors={{ ...told, ...read.errors }}
            explained={explained}
            onChange={(change) => setWhen((now) => ({ ...now, ...change }))}
          />
        </Part>
        <Part title="How">
          <ConsistencyChoice
            value={consistency}
            frozenMs={lastFrozenMs(snapshots.items, workspace.id)}
            onChange={setConsistency}
          />
          <Select
            label="Where to"
            value={place}
            error={told.repositoryId ?? null}
            options={[
              { value: onHost, label: `An archive on ${host?.name ?? 'its host'}` },
              ...repositories.map((repository) => ({
                value: repository.id,
                label: `Repository ${repository.name}`,
                detail: placeWords(repository.place),
              })),
            ]}
            onChange={setPlace}
          />
          <AdvancedPart
            isOpen={
              before.beforeCommand !== null ||
              before.afterCommand !== null ||
              told.beforeCommand !== undefined ||
              told.afterCommand !== undefined
            }
          >
            <HookFields
              hooks={hooks}
              errors={told}
              onChange={(change) => setHooks((now) => ({ ...now, ...change }))}
            />
          </AdvancedPart>
        </Part>
        <Part title="What stays">
          <KeepFields
            workspace={workspace}
            isRule={isKeepRule}
            draft={keepTyped}
            errors={keepErrors}
            keep={'keep' in keep ? keep.keep : null}
            onRule={setKeepRule}
            onChange={(change) => setKeepTyped((now) => ({ ...now, ...change }))}
          />
        </Part>
        {beside !== null && <FailureNote title="The rules were not saved" error={beside} />}
      </form>
    </Dialog>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="flex flex-col gap-3">
      <h3 className="border-b border-line pb-1 font-semibold">{title}</h3>
      {children}
    </section>
  );
}
