/** The fields of an import: the file, the host, the workspace, the name; for a foreign archive what can be made of it. */
import type { WorkspaceId } from '#contract/ids.ts';
import { Switch } from '../../components/choices.tsx';
import { Field } from '../../components/field.tsx';
import { formatBytes } from '../../components/format.ts';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useHosts, useSnapshotHosts, useWorkspaces } from '../../state/app-context.tsx';
import { hostOptions, isUsable } from './host-choice.ts';
import type { ImportDraft } from './import-draft.ts';

const none = 'none';
const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

type Draft = Omit<ImportDraft, 'file' | 'name'>;

export interface ImportFieldsProps {
  readonly file: File | null;
  readonly draft: Draft;
  readonly name: string;
  readonly errors: Readonly<Record<string, string>>;
  readonly isBusy: boolean;
  readonly onFile: (file: File | null) => void;
  readonly onName: (name: string) => void;
  readonly onWorkspace: (id: WorkspaceId | null) => void;
  readonly onChange: (change: Partial<Draft>) => void;
}

export function ImportFields(props: ImportFieldsProps) {
  const { file, draft, name, errors, isBusy, onFile, onName, onWorkspace, onChange } = props;
  const hosts = useHosts();
  const use = useSnapshotHosts().byId;
  const workspaces = useWorkspaces()
    .items.filter(({ hostId }) => hostId === draft.hostId)
    .sort((a, b) => byName.compare(a.name, b.name));
  const host = hosts.byId.get(draft.hostId ?? '');
  const isForeign = draft.isForeign || errors.image !== undefined || errors.mountPoint !== undefined;
  return (
    <>
      <Field
        label="File"
        error={errors.file ?? errors.sizeBytes}
        help={file === null ? 'A .tar.zst of at most 16 TiB.' : formatBytes(file.size)}
      >
        {(control) => (
          <input
            {...control}
            type="file"
            accept=".zst,.tzst,application/zstd"
            disabled={isBusy}
            onChange={(event) => onFile(event.target.files?.[0] ?? null)}
            className="w-full rounded-md text-muted file:mr-3 file:h-control file:rounded-md file:border file:border-solid file:border-line file:bg-raised file:px-3 file:text-text hover:file:bg-hover aria-invalid:text-failed"
          />
        )}
      </Field>
      <TextField
        label="Name"
        value={name}
        maxLength={80}
        disabled={isBusy}
        error={errors.name ?? null}
        onChange={onName}
      />
      <Select
        label="To"
        value={draft.hostId ?? none}
        disabled={isBusy}
        options={
          hosts.items.length === 0
            ? [{ value: none, label: 'There is no host', isDisabled: true }]
            : hostOptions(hosts.items, use)
        }
        error={
          errors.hostId ?? (host === undefined || isUsable(host) ? null : 'must be a host that is ready')
        }
        onChange={(id) => {
          if (id !== none) onChange({ hostId: id, workspaceId: null });
        }}
      />
      <Select
        label="Workspace"
        value={draft.workspaceId ?? none}
        disabled={isBusy}
        error={errors.workspaceId ?? null}
        help={
          draft.workspaceId === null
            ? 'A new workspace can be made of it.'
            : 'It becomes a snapshot of this workspace, which can be restored to it.'
        }
        options={[
          { value: none, label: 'None yet' },
          ...workspaces.map((workspace) => ({ value: workspace.id, label: workspace.name })),
        ]}
        onChange={(id) => onWorkspace(id === none ? null : id)}
      />
      <Switch
        label="It was not made by Berth"
        help="Then it does not say of which image a workspace can be made."
        isChecked={isForeign}
        disabled={isBusy}
        onChange={(next) => onChange({ isForeign: next })}
      />
      {isForeign && (
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          <TextField
            label="Image"
            isCode
            placeholder="debian:12"
            value={draft.image}
            disabled={isBusy}
            error={errors.image ?? null}
            onChange={(image) => onChange({ image, isForeign: true })}
          />
          <TextField
            label="Its files belong in"
            isCode
            placeholder="/home/dev"
            value={draft.mountPoint}
            disabled={isBusy}
            error={errors.mountPoint ?? null}
            onChange={(mountPoint) => onChange({ mountPoint, isForeign: true })}
          />
        </div>
      )}
    </>
  );
}
