/** Changes a host's definition. A changed one reconnects; what runs on the host goes on. */
import { useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Host } from '#contract/hosts.ts';
import { Button } from '../../components/button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { useShownFailure } from './shown-failure.ts';
import { DefinitionFields, showsField } from './definition-fields.tsx';
import { failureAtField } from './failure-at-field.ts';

export function EditHostDialog({ host, onClose }: { host: Host; onClose: () => void }) {
  const client = useClient();
  const [name, setName] = useState(host.name);
  const [definition, setDefinition] = useState(host.definition);
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const errors = { ...fieldErrors(error), ...failureAtField(error, definition) };
  const beside =
    Object.keys(failureAtField(error, definition)).length > 0 ? null : errorBesideFields(error, showsField);
  const form = useRef<HTMLDivElement>(null);
  useShownFailure(form, error);
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await client.call('hosts.edit', { id: host.id, name, definition });
      onClose();
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Edit ${host.name}`}
      description="A changed address or sign-in reconnects. What runs on the host goes on."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button variant="primary" isBusy={isBusy} onClick={() => void save()}>
            Save
          </Button>
        </>
      }
    >
      <div ref={form} className="flex flex-col gap-3">
        <TextField label="Name" value={name} error={errors.name ?? null} onChange={setName} />
        {definition.kind === 'ssh' ? (
          <DefinitionFields definition={definition} errors={errors} onChange={setDefinition} />
        ) : (
          <TextField
            label="Engine socket"
            isCode
            isOptional
            help="Empty finds it the way the Docker command line does."
            value={definition.socketPath ?? ''}
            error={errors['definition.socketPath'] ?? null}
            onChange={(path) =>
              setDefinition({ kind: 'local', socketPath: path.trim() === '' ? null : path.trim() })
            }
          />
        )}
        {beside !== null && <ErrorNote title="The host was not changed" error={beside} />}
      </div>
    </Dialog>
  );
}
