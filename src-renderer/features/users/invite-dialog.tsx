/** Makes an account for somebody. Where no e-mail can be sent, it shows the link to pass on, this once. */
import { useMemo, useState } from 'react';
import type { OutputOf } from '#contract/index.ts';
import type { Role } from '#contract/scopes.ts';
import { Button } from '../../components/button.tsx';
import { RadioGroup } from '../../components/choices.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useNotices } from '../../state/app-context.tsx';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { FormDialog } from '../../components/form-dialog.tsx';
import { roleWords } from './role-words.ts';

type Invited = OutputOf<'users.invite'>;
const shown = new Set(['email', 'name']);

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const client = useClient();
  const notices = useNotices();
  const act = useAct();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('member');
  const [link, setLink] = useState<{ readonly user: Invited['user']; readonly link: string } | null>(null);
  const isTaken = act.error?.code === 'user.email-taken';
  const errors = useMemo(
    (): Readonly<Record<string, string>> =>
      act.error?.code === 'user.email-taken' ? { email: act.error.message } : fieldErrors(act.error),
    [act.error],
  );

  if (link !== null) return <LinkDialog {...link} onClose={onClose} />;
  return (
    <FormDialog
      title="Invite somebody"
      description="They get a link with which they choose a password. The limits are those of everybody; you can change them afterwards."
      action="Invite"
      isReady={email.trim() !== ''}
      reason="Type an e-mail first"
      isBusy={act.isBusy}
      fieldErrors={errors}
      failureTitle="Nobody was invited"
      failure={isTaken ? null : errorBesideFields(act.error, (field) => shown.has(field))}
      onClose={onClose}
      onSubmit={() =>
        void act.run(async () => {
          const made = await client.call('users.invite', {
            email,
            name: name.trim() === '' ? null : name,
            role,
          });
          if (made.link !== null) return setLink({ user: made.user, link: made.link });
          notices.show({
            level: 'done',
            title: `An invitation is on its way to ${made.user.email ?? email}`,
          });
          onClose();
        })
      }
    >
      <TextField
        label="E-mail"
        type="email"
        inputMode="email"
        autoCapitalize="off"
        spellCheck={false}
        value={email}
        error={errors.email}
        onChange={setEmail}
      />
      <TextField label="Name" isOptional value={name} error={errors.name} onChange={setName} />
      <RadioGroup<Role>
        label="Role"
        value={role}
        onChange={setRole}
        options={(['member', 'viewer', 'owner'] as const).map((value) => ({
          value,
          label: roleWords[value].name,
          help: roleWords[value].help,
        }))}
      />
    </FormDialog>
  );
}

interface LinkDialogProps {
  readonly user: Invited['user'];
  readonly link: string;
  readonly onClose: () => void;
}

function LinkDialog({ user, link, onClose }: LinkDialogProps) {
  return (
    <Dialog
      isOpen
      onClose={onClose}
      staysOnOutsidePress
      title={`Pass this link on to ${user.name}`}
      description="This Berth sends no e-mail, so the link goes by your hand. It is shown this once, and works once."
      footer={
        <Button variant="primary" onClick={onClose}>
          I have copied it
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <CodeBlock text={link} label="Link" />
        <p className="text-meta text-muted">
          Whoever opens it first chooses the password of {user.email ?? 'the account'}: send it to nobody
          else.
        </p>
      </div>
    </Dialog>
  );
}
