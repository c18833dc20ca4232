/** Who may reach a machine's SSH server: the provider's firewall in front of it. */
import { useState } from 'react';
import type { Machine, SshAccess } from '#contract/machines.ts';
import { RadioGroup } from '../../components/choices.tsx';
import { TextArea } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import { MachineForm } from './machine-form.tsx';

type From = SshAccess['from'];

/** One address a line, or between commas or spaces. */
export function readAddresses(text: string): string[] {
  return text.split(/[\s,;]+/).filter((word) => word !== '');
}

export function SshAccessDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const now = machine.sshAccess;
  const [from, setFrom] = useState<From>(now?.from ?? 'mine');
  const [text, setText] = useState(now?.from === 'addresses' ? now.addresses.join('\n') : '');
  const act = useAct();
  const addresses = readAddresses(text);
  const wrong = Object.entries(fieldErrors(act.error)).find(([field]) => field.startsWith('sshAccess'));
  return (
    <MachineForm
      title={`Who may reach ${machine.name} over SSH`}
      verb="Change access"
      failure="The access was not changed"
      missing={from === 'addresses' && addresses.length === 0 ? 'Give an address first' : null}
      act={act}
      isFailureShown={wrong !== undefined && from === 'addresses'}
      onSubmit={async () => {
        const sshAccess: SshAccess = from === 'addresses' ? { from, addresses } : { from };
        await client.call('machines.setSshAccess', { id: machine.id, sshAccess });
      }}
      onClose={onClose}
    >
      <RadioGroup<From>
        label="From where"
        value={from}
        onChange={(next) => {
          setFrom(next);
          act.forget();
        }}
        options={[
          {
            value: 'mine',
            label: 'From my address',
            help: 'The one that this Berth comes from, as the machine sees it. Where it changes, come back here.',
          },
          {
            value: 'addresses',
            label: 'From these addresses',
            help: 'Addresses or networks, as 203.0.113.7 or 2001:db8::/32.',
          },
          { value: 'anywhere', label: 'From anywhere', help: 'Its key is all that protects it then.' },
        ]}
      />
      {from === 'addresses' && (
        <TextArea
          label="Addresses"
          help="One a line. Without the one that this Berth comes from, Berth cannot reach it either."
          value={text}
          error={wrong === undefined ? null : 'must be addresses or networks, at most 50'}
          rows={3}
          isCode
          onChange={(next) => {
            setText(next);
            act.forget();
          }}
        />
      )}
    </MachineForm>
  );
}
