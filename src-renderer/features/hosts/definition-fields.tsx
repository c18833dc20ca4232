/** The fields of an SSH host: the usual three in sight, the rest folded away. Used to add and to edit. */
import { Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import type { SshDefinition, SshHop } from '#contract/hosts.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { Card } from '../../components/page.tsx';
import { TextField } from '../../components/text-field.tsx';
import { AuthFields } from './auth-fields.tsx';
import { hostAddress } from './host-words.ts';

export interface DefinitionFieldsProps {
  readonly definition: SshDefinition;
  readonly onChange: (definition: SshDefinition) => void;
  readonly errors: Readonly<Record<string, string>>;
}

export function DefinitionFields({ definition, onChange, errors }: DefinitionFieldsProps) {
  const change = (part: Partial<SshDefinition>) => onChange({ ...definition, ...part });
  const fromConfig = definition.configName !== null;
  const openings = useOpenings(
    Object.keys(errors).some((field) => /^definition\.(jumps|engineSocket)/.test(field)),
  );
  return (
    <div className="flex flex-col gap-3">
      <div className="grid grid-cols-[1fr_88px] gap-3 max-sm:grid-cols-1">
        <TextField
          label="Address"
          isCode
          isOptional={fromConfig}
          placeholder={fromConfig ? 'as the SSH configuration says' : 'server.example'}
          value={definition.address ?? ''}
          error={errors['definition.address'] ?? null}
          onChange={(address) => change({ address: address.trim() === '' ? null : address.trim() })}
        />
        <TextField
          label="Port"
          isCode
          inputMode="numeric"
          placeholder={fromConfig ? 'auto' : '22'}
          value={definition.port === null ? '' : String(definition.port)}
          error={errors['definition.port'] ?? null}
          onChange={(port) => change({ port: portOf(port) })}
        />
      </div>
      <TextField
        label="User"
        isCode
        isOptional={fromConfig}
        placeholder={fromConfig ? 'as the SSH configuration says' : ''}
        value={definition.user ?? ''}
        error={errors['definition.user'] ?? null}
        onChange={(user) => change({ user: user.trim() === '' ? null : user.trim() })}
      />
      <AuthFields
        auth={definition.auth}
        subject={hostAddress(definition)}
        errors={below(errors, 'definition.auth.')}
        onChange={(auth) => change({ auth })}
      />
      <Disclosure
        key={openings}
        label="Jump hosts and engine socket"
        isOpenAtFirst={openings > 0 || definition.jumps.length > 0 || definition.engineSocket !== null}
      >
        <div className="flex flex-col gap-3">
          {definition.jumps.map((jump, index) => (
            <Jump
              // biome-ignore lint/suspicious/noArrayIndexKey: a hop is its place in the row
              key={index}
              number={index + 1}
              jump={jump}
              errors={below(errors, `definition.jumps.${index}.`)}
              onChange={(next) => change({ jumps: definition.jumps.with(index, next) })}
              onRemove={() => change({ jumps: definition.jumps.toSpliced(index, 1) })}
            />
          ))}
          <div>
            <Button
              icon={Plus}
              disabled={definition.jumps.length >= 8}
              reason="At most eight hops"
              onClick={() => change({ jumps: [...definition.jumps, newJump()] })}
            >
              Add jump host
            </Button>
          </div>
          <TextField
            label="Engine socket"
            isOptional
            isCode
            placeholder="/var/run/docker.sock"
            help="Empty looks for the usual ones: Docker, rootless Docker, Podman."
            value={definition.engineSocket ?? ''}
            error={errors['definition.engineSocket'] ?? null}
            onChange={(path) => change({ engineSocket: path.trim() === '' ? null : path.trim() })}
          />
        </div>
      </Disclosure>
    </div>
  );
}

/**
 * How often something folded away turned out to be wrong: a key that opens it anew. It stays when the mistake goes, since
 * the person is typing in there.
 */
function useOpenings(isWrong: boolean): number {
  const [seen, setSeen] = useState({ isWrong, count: isWrong ? 1 : 0 });
  if (seen.isWrong !== isWrong) setSeen({ isWrong, count: seen.count + (isWrong ? 1 : 0) });
  return seen.count;
}

/** The errors of what lies under `prefix`, by the rest of their names. */
function below(errors: Readonly<Record<string, string>>, prefix: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(errors).flatMap(([field, message]) =>
      field.startsWith(prefix) ? [[field.slice(prefix.length), message] as const] : [],
    ),
  );
}

/** Whether an error of this field of `hosts.add`, `hosts.edit` or `hosts.test` has its place among these fields. */
export function showsField(field: string): boolean {
  return /^(name|definition\.((jumps\.\d+\.)?(address|port|user|auth\.(key|source\.path))|engineSocket|socketPath))$/.test(
    field,
  );
}

function newJump(): SshHop {
  return { address: '', port: 22, user: '', auth: { method: 'automatic' } };
}

function Jump(props: {
  readonly number: number;
  readonly jump: SshHop;
  /** By field of the hop. */
  readonly errors: Readonly<Record<string, string>>;
  readonly onChange: (jump: SshHop) => void;
  readonly onRemove: () => void;
}) {
  const { number, jump, errors, onChange, onRemove } = props;
  return (
    <Card className="flex flex-col gap-3 p-3">
      <div className="flex items-center justify-between">
        <h3 className="font-medium">Hop {number}</h3>
        <IconButton label={`Remove hop ${number}`} icon={Trash2} size="small" onClick={onRemove} />
      </div>
      <div className="grid grid-cols-[1fr_1fr_88px] gap-3 max-sm:grid-cols-1">
        <TextField
          label="Address"
          isCode
          value={jump.address}
          error={errors.address ?? null}
          onChange={(address) => onChange({ ...jump, address: address.trim() })}
        />
        <TextField
          label="User"
          isCode
          value={jump.user}
          error={errors.user ?? null}
          onChange={(user) => onChange({ ...jump, user: user.trim() })}
        />
        <TextField
          label="Port"
          isCode
          inputMode="numeric"
          placeholder="22"
          value={String(jump.port)}
          error={errors.port ?? null}
          onChange={(port) => onChange({ ...jump, port: portOf(port) ?? 22 })}
        />
      </div>
      <AuthFields
        auth={jump.auth}
        subject={`${jump.user}@${jump.address}`}
        errors={below(errors, 'auth.')}
        onChange={(auth) => onChange({ ...jump, auth })}
      />
    </Card>
  );
}

function portOf(text: string): number | null {
  const digits = text.replace(/\D/g, '');
  return digits === '' ? null : Number(digits.slice(0, 6));
}
