/** Adds a repository: where it is, its secret, and its key, which is shown this once and can be written down. */
import { useRef, useState } from 'react';
import type { HostId } from '#contract/ids.ts';
import type { Repository } from '#contract/repositories.ts';
import { Button } from '../../components/button.tsx';
import { Checkbox, RadioGroup, Switch } from '../../components/choices.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { Select } from '../../components/select.tsx';
import { PasswordField, TextArea, TextField } from '../../components/text-field.tsx';
import { useClient, useConfirm, useHosts, useSnapshotHosts } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { FailureNote } from './failure-note.tsx';
import { hostOptions, isUsable } from './host-choice.ts';
import { PlaceFields } from './place-fields.tsx';
import { newPlace, placeKinds, readPlace, secretWords } from './place-words.ts';
import { useAct } from '../../state/use-act.ts';

interface Added {
  readonly repository: Repository;
  readonly key: string;
}

const noErrors = {};
const shown = /^(name|hostId|key|secret|place(\..*)?)$/;

export function AddRepositoryDialog({ hostId, onClose }: { hostId: HostId | null; onClose: () => void }) {
  const [added, setAdded] = useState<Added | null>(null);
  return added === null ? (
    <AddForm hostId={hostId} onAdded={setAdded} onClose={onClose} />
  ) : (
    <KeyOnce added={added} onClose={onClose} />
  );
}

function AddForm(props: { hostId: HostId | null; onAdded: (added: Added) => void; onClose: () => void }) {
  const { onAdded, onClose } = props;
  const client = useClient();
  const hosts = useHosts();
  const use = useSnapshotHosts().byId;
  const [hostId, setHostId] = useState<HostId | null>(
    () => props.hostId ?? hosts.items.find(isUsable)?.id ?? hosts.items[0]?.id ?? null,
  );
  const [name, setName] = useState('');
  const [place, setPlace] = useState(newPlace);
  const [isThere, setThere] = useState(false);
  const [key, setKey] = useState('');
  const [secret, setSecret] = useState('');
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>(noErrors);
  const form = useRef<HTMLFormElement>(null);
  const act = useAct();
  useFirstInvalid(form, refused);
  const host = hosts.byId.get(hostId ?? '');
  const isReady = host !== undefined && isUsable(host);
  const words = secretWords(place.kind);
  const own = atField(act.error?.code, act.error?.message ?? '');
  const errors = { ...fieldErrors(act.error), ...own, ...refused };
  const beside =
    Object.keys(own).length > 0 ? null : errorBesideFields(act.error, (field) => shown.test(field));

  const add = () => {
    const read = readPlace(place);
    const wrong: Record<string, string> = { ...('errors' in read ? read.errors : {}) };
    if (name.trim() === '') wrong.name = 'must not be empty';
    if (isThere && key.trim().length < 8) wrong.key = 'must have at least 8 characters';
    if ((place.kind === 'sftp' || place.kind === 's3') && secret.trim() === '')
      wrong.secret = 'must not be empty';
    if ('errors' in read || hostId === null || Object.keys(wrong).length > 0) return setRefused(wrong);
    setRefused(noErrors);
    void act.run(async () => {
      const made = await client.call('repositories.add', {
        name: name.trim(),
        hostId,
        place: read.place,
        key: isThere ? key.trim() : null,
        secret: words === null || secret === '' ? null : secret,
      });
      if (isThere) onClose();
      else onAdded(made);
    });
  };

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title="Add a repository"
      description="The host’s restic writes there, encrypted with a key that stays in the keychain of this Berth."
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-repository"
            variant="primary"
            isBusy={act.isBusy}
            disabled={!isReady}
            reason="Choose a host that is ready"
          >
            {isThere ? 'Open repository' : 'Make repository'}
          </Button>
        </>
      }
    >
      <form
        id="berth-repository"
        ref={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) add();
        }}
      >
        <TextField label="Name" value={name} error={errors.name ?? null} maxLength={80} onChange={setName} />
        {hostId !== null && (
          <Select
            label="Used from"
            value={hostId}
            options={hostOptions(hosts.items, use)}
            error={errors.hostId ?? (isReady ? null : 'must be a host that is ready')}
            help="Snapshots of workspaces on this host can go there."
            onChange={setHostId}
          />
        )}
        <RadioGroup
          label="It is"
          value={place.kind}
          options={placeKinds}
          onChange={(kind) => {
            setPlace({ ...place, kind });
            setRefused(noErrors);
          }}
        />
        <PlaceFields
          place={place}
          errors={errors}
          onChange={(change) => {
            setPlace((now) => ({ ...now, ...change }));
            setRefused(noErrors);
          }}
        />
        {words !== null &&
          (place.kind === 'sftp' ? (
            <TextArea
              label={words.label}
              help={words.help}
              isCode
              rows={4}
              placeholder="-----BEGIN OPENSSH PRIVATE KEY-----"
              value={secret}
              error={errors.secret ?? null}
              onChange={setSecret}
            />
          ) : (
            <PasswordField
              label={words.label}
              help={words.help}
              isOptional={place.kind === 'rest'}
              value={secret}
              error={errors.secret ?? null}
              onChange={setSecret}
            />
          ))}
        <Switch
          label="There is a repository already"
          help="Then it is opened with its key. Otherwise Berth makes one, with a key of its own."
          isChecked={isThere}
          onChange={setThere}
        />
        {isThere && (
          <PasswordField label="Its key" value={key} error={errors.key ?? null} onChange={setKey} />
        )}
        {beside !== null && <FailureNote title="The repository was not added" error={beside} />}
      </form>
    </Dialog>
  );
}

/** Failures whose cause is one field stand there. */
function atField(code: string | undefined, message: string): Readonly<Record<string, string>> {
  if (code === 'repository.name-taken') return { name: message };
  if (code === 'repository.wrong-key') return { key: message };
  return {};
}

function KeyOnce({ added: { repository, key }, onClose }: { added: Added; onClose: () => void }) {
  const confirm = useConfirm();
  const [isKept, setKept] = useState(false);
  const close = async () => {
    const isAgreed =
      isKept ||
      (await confirm({
        title: 'Close without keeping the key?',
        body: 'It is not shown again. This Berth goes on using the repository; without its keychain nobody can.',
        action: 'Close',
        isDangerous: true,
      }));
    if (isAgreed) onClose();
  };
  return (
    <Dialog
      isOpen
      staysOnOutsidePress
      onClose={() => void close()}
      title={`The key of ${repository.name}`}
      description="It is shown this once. Berth keeps it in the keychain of this computer and uses it from there."
      footer={
        <>
          <CopyButton text={key} label="Copy key" />
          <Button variant="primary" disabled={!isKept} reason="Keep the key first" onClick={onClose}>
            Done
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <CodeBlock label="Key" text={key} />
        <p>
          Without this key nothing in the repository can be read, by anybody: if this computer and its
          keychain are lost, so are the snapshots. Keep a copy somewhere else.
        </p>
        <Checkbox label="I have kept the key" isChecked={isKept} onChange={setKept} />
      </div>
    </Dialog>
  );
}
