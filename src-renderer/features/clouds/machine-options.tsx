/** The parts of a new machine's form that have an answer already: extras, who may reach it, when it ends, what if not. */
import type { ReactNode } from 'react';
import type { EndAction } from '#contract/machines.ts';
import { Checkbox, RadioGroup } from '../../components/choices.tsx';
import { Section } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import type { AccessChoice, DraftErrors, MachineDraft, OnTrouble } from './machine-draft.ts';

interface PartProps {
  readonly draft: MachineDraft;
  readonly errors: DraftErrors;
  readonly onChange: (change: Partial<MachineDraft>) => void;
}

export function ExtraFields({ draft, errors, backupShare, onChange }: PartProps & { backupShare: number }) {
  return (
    <Section title="Extras">
      <div className="grid grid-cols-2 items-start gap-x-6 max-sm:grid-cols-1">
        <Checkbox
          label={`Backups (+${Math.round(backupShare * 100)}\u00a0%)`}
          help="The provider keeps copies of the whole disk. The price below has them in it."
          isChecked={draft.hasBackups}
          onChange={(hasBackups) => onChange({ hasBackups })}
        />
        <Checkbox
          label="IPv6"
          help="An address of its own, besides the one of IPv4."
          isChecked={draft.hasIpv6}
          onChange={(hasIpv6) => onChange({ hasIpv6 })}
        />
        <Checkbox
          label="Monitoring"
          help="The provider’s own agent, for graphs there. It costs nothing."
          isChecked={draft.hasMonitoring}
          onChange={(hasMonitoring) => onChange({ hasMonitoring })}
        />
      </div>
      <TextField
        label="Tags"
        isOptional
        isCode
        help="Between spaces, for your own order at the provider."
        placeholder="team:api trial"
        value={draft.tags}
        error={errors.tags ?? null}
        onChange={(tags) => onChange({ tags })}
      />
    </Section>
  );
}

export function AccessFields({ draft, errors, onChange }: PartProps) {
  return (
    <Section title="SSH">
      <RadioGroup<AccessChoice>
        label="Who may reach its SSH server"
        isLabelHidden
        value={draft.access}
        options={[
          {
            value: 'mine',
            label: 'From this Berth’s address only',
            help: 'A firewall of the provider lets in the address that Berth comes from, and no other. It can be changed later.',
          },
          { value: 'anywhere', label: 'From anywhere', help: 'Keys only: passwords are off in any case.' },
          {
            value: 'addresses',
            label: 'From these addresses only',
            help: 'And no others, whatever the machine itself listens on.',
          },
        ]}
        onChange={(access) => onChange({ access })}
      />
      {draft.access === 'addresses' && (
        <TextField
          label="Addresses"
          isCode
          help="Addresses or ranges, between spaces. Berth’s own must be among them."
          placeholder="203.0.113.7 2001:db8::/32"
          value={draft.addresses}
          error={errors.addresses ?? null}
          onChange={(addresses) => onChange({ addresses })}
        />
      )}
    </Section>
  );
}

const endActions: readonly { value: EndAction; label: string }[] = [
  { value: 'destroy', label: 'destroy it' },
  { value: 'hibernate', label: 'put it to sleep' },
];
const idleTimes = [
  { value: 'never', label: 'Never' },
  { value: '30', label: '30 minutes' },
  { value: '60', label: '1 hour' },
  { value: '120', label: '2 hours' },
  { value: '240', label: '4 hours' },
  { value: '480', label: '8 hours' },
  { value: '1440', label: '1 day' },
  { value: '4320', label: '3 days' },
  { value: '10080', label: '7 days' },
] as const;

export function EndFields({ draft, errors, onChange }: PartProps) {
  return (
    <Section title="Ends by itself">
      <Pair>
        <Select
          label="After so long without work"
          value={draft.idleMinutes}
          options={idleTimes}
          error={errors.idleMinutes ?? null}
          onChange={(idleMinutes) => onChange({ idleMinutes })}
        />
        {draft.idleMinutes !== 'never' && (
          <Select
            label="Then"
            value={draft.idleAction}
            options={endActions}
            onChange={(idleAction) => onChange({ idleAction })}
          />
        )}
      </Pair>
      <Checkbox
        label="At a time"
        help="Whatever is done on it then."
        isChecked={draft.isEndingAt}
        onChange={(isEndingAt) => onChange({ isEndingAt })}
      />
      {draft.isEndingAt && (
        <Pair>
          <TextField
            label="Day and time"
            type="datetime-local"
            help="In the time of this computer."
            value={draft.endsAt}
            error={errors.endsAt ?? null}
            onChange={(endsAt) => onChange({ endsAt })}
          />
          <Select
            label="Then"
            value={draft.atAction}
            options={endActions}
            onChange={(atAction) => onChange({ atAction })}
          />
        </Pair>
      )}
      {(draft.isEndingAt || draft.idleMinutes !== 'never') && (
        <p className="text-meta text-muted">
          Only while some Berth runs that knows it. Asleep, its workspaces are kept and can be woken.
        </p>
      )}
    </Section>
  );
}

function Pair({ children }: { children: ReactNode }) {
  return <div className="grid grid-cols-2 items-start gap-x-4 gap-y-3 max-sm:grid-cols-1">{children}</div>;
}

export function TroubleFields({ draft, machineWord, onChange }: PartProps & { machineWord: string }) {
  return (
    <Section title="If its making stops half-way">
      <RadioGroup<OnTrouble>
        label="If its making stops half-way"
        isLabelHidden
        value={draft.onTrouble}
        options={[
          { value: 'ask', label: 'Ask me', help: 'Wait longer, try again, keep it or destroy it.' },
          {
            value: 'keep',
            label: 'Keep it',
            help: `The ${machineWord} stays, costs, and can be finished later.`,
          },
          { value: 'destroy', label: 'Destroy it', help: 'Nothing stays and nothing goes on costing.' },
        ]}
        onChange={(onTrouble) => onChange({ onTrouble })}
      />
    </Section>
  );
}
