/** Gives a workspace a password, or another one. It holds from the next start or restart on. */
import { useState } from 'react';
import { AccessPasswordText, type Workspace } from '#contract/workspaces.ts';
import { AccessPassword } from '#contract/projects.ts';
import { RadioGroup } from '../../components/choices.tsx';
import { FormDialog } from '../../components/form-dialog.tsx';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { commandContext, useApp, useClient, useNotices } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';

export function PasswordDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const app = useApp();
  const client = useClient();
  const notices = useNotices();
  const { isBusy, error, run } = useAct();
  const [whose, setWhose] = useState<'made' | 'own'>('made');
  const [value, setValue] = useState('');
  const [variable, setVariable] = useState(workspace.accessPassword?.variable ?? 'PASSWORD');
  const [delivery, setDelivery] = useState<AccessPassword['delivery']>(
    workspace.accessPassword?.delivery ?? 'file',
  );
  const wrongValue =
    whose === 'own' && value !== '' ? AccessPasswordText.safeParse(value).error?.issues[0]?.message : null;
  const wrongVariable = AccessPassword.shape.variable.safeParse(variable).error?.issues[0]?.message;
  const rules = fieldErrors(error);
  const isReady = !wrongValue && wrongVariable === undefined && (whose === 'made' || value !== '');
  const isRunning = workspace.state === 'running';
  const change = () =>
    run(async () => {
      await client.call('workspaces.changePassword', {
        id: workspace.id,
        value: whose === 'made' ? null : value,
        variable,
        delivery,
      });
      onClose();
      notices.show({
        level: 'done',
        title: `“${workspace.name}” has another password`,
        body: isRunning
          ? 'Its programs have the old one until it is restarted.'
          : 'It holds from its next start on.',
        ...(isRunning
          ? {
              action: {
                label: 'Restart workspace',
                run: () =>
                  commandContext(app).runCommand('workspace.restart', {
                    kind: 'workspace',
                    id: workspace.id,
                  }),
              },
            }
          : {}),
      });
    });
  return (
    <FormDialog
      title={`Password of ${workspace.name}`}
      description="It holds from the next start or restart on, which then makes the container again. The files stay."
      action="Change password"
      isReady={isReady}
      reason="Something is missing or wrong above"
      isBusy={isBusy}
      fieldErrors={rules}
      failureTitle="The password was not changed"
      failure={error?.code === 'invalid-input' && Object.keys(rules).length > 0 ? null : error}
      onSubmit={() => void change()}
      onClose={onClose}
    >
      <RadioGroup
        label="The new password"
        value={whose}
        options={[
          { value: 'made', label: 'Berth makes one', help: 'Long and random. You never need to type it.' },
          { value: 'own', label: 'One of your own' },
        ]}
        onChange={setWhose}
      />
      {whose === 'own' && (
        <PasswordField
          label="Password"
          value={value}
          error={wrongValue ?? rules.value ?? null}
          onChange={setValue}
        />
      )}
      <TextField
        label="Variable"
        isCode
        help="As the image names it: PASSWORD, VNC_PW, POSTGRES_PASSWORD."
        value={variable}
        error={wrongVariable ?? rules.variable ?? null}
        onChange={setVariable}
      />
      <RadioGroup
        label="How its programs get it"
        value={delivery}
        options={[
          {
            value: 'file',
            label: 'In a file',
            help: `Readable by the workspace’s own user; ${variable}_FILE says where.`,
          },
          {
            value: 'environment',
            label: 'In the environment',
            help: 'Readable by whoever can inspect the container.',
          },
        ]}
        onChange={setDelivery}
      />
    </FormDialog>
  );
}
