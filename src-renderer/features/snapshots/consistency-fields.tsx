/** How a workspace is read for a snapshot, and the commands around it: for one snapshot, or for a workspace's rules. */
import type { ReactNode } from 'react';
import type { Consistency, Snapshot } from '#contract/snapshots.ts';
import { RadioGroup } from '../../components/choices.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { formatDuration } from '../../components/format.ts';
import { TextArea } from '../../components/text-field.tsx';

/** How long the workspace stood still for the newest snapshot that paused it. Null: none did yet. */
export function lastFrozenMs(snapshots: readonly Snapshot[], workspaceId: string): number | null {
  let newest: Snapshot | undefined;
  for (const snapshot of snapshots)
    if (
      snapshot.workspaceId === workspaceId &&
      snapshot.frozenMs !== null &&
      (newest === undefined || snapshot.createdAt > newest.createdAt)
    )
      newest = snapshot;
  return newest?.frozenMs ?? null;
}

export function frozenWords(ms: number | null): string {
  if (ms === null) return 'how long that is, the first one shows';
  if (ms < 50) return 'last time under 0.1\u00a0s';
  return `last time ${ms < 60_000 ? `${(ms / 1000).toFixed(1)}\u00a0s` : formatDuration(ms)}`;
}

export function ConsistencyChoice(props: {
  readonly value: Consistency;
  readonly frozenMs: number | null;
  readonly onChange: (value: Consistency) => void;
}) {
  const { value, frozenMs, onChange } = props;
  return (
    <RadioGroup
      label="While it is read, the workspace"
      value={value}
      onChange={onChange}
      options={[
        {
          value: 'paused',
          label: 'Pauses',
          help: `Stands still for as long as reading takes (${frozenWords(frozenMs)}); then everything goes on. Its files fit together as after a power cut.`,
        },
        {
          value: 'stopped',
          label: 'Stops',
          help: 'Its programs and terminals end first, and it is started again afterwards. Every file is as its program left it.',
        },
        {
          value: 'live',
          label: 'Goes on',
          help: 'Nothing waits. Files that change while they are read may not fit together; the snapshot says so.',
        },
      ]}
    />
  );
}

export interface Hooks {
  readonly before: string;
  readonly after: string;
}

/** Null for a command that is not there. */
export function hookInput({ before, after }: Hooks): {
  readonly beforeCommand: string | null;
  readonly afterCommand: string | null;
} {
  const text = (value: string) => (value.trim() === '' ? null : value.trim());
  return { beforeCommand: text(before), afterCommand: text(after) };
}

export function HookFields(props: {
  readonly hooks: Hooks;
  readonly errors: Readonly<Record<string, string>>;
  readonly onChange: (change: Partial<Hooks>) => void;
}) {
  const { hooks, errors, onChange } = props;
  return (
    <div className="flex flex-col gap-3">
      <TextArea
        label="Command before"
        isOptional
        isCode
        rows={2}
        help="Runs in the workspace by its own user, to write out what only memory has. If it fails, no snapshot is taken."
        placeholder="pg_dump app > ~/app.sql"
        value={hooks.before}
        error={errors.beforeCommand ?? null}
        onChange={(before) => onChange({ before })}
      />
      <TextArea
        label="Command after"
        isOptional
        isCode
        rows={2}
        help="Runs when the workspace goes on, if the first one ran."
        value={hooks.after}
        error={errors.afterCommand ?? null}
        onChange={(after) => onChange({ after })}
      />
    </div>
  );
}

/** Folded unless there is something in it that matters. */
export function AdvancedPart({ isOpen, children }: { isOpen: boolean; children: ReactNode }) {
  return (
    <Disclosure key={String(isOpen)} label="Advanced" isOpenAtFirst={isOpen}>
      <div className="flex flex-col gap-3">{children}</div>
    </Disclosure>
  );
}
