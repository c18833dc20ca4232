/** The fields of a repository's place: each kind has its own. */
import { TextArea, TextField } from '../../components/text-field.tsx';
import type { PlaceDraft } from './place-words.ts';

export interface PlaceFieldsProps {
  readonly place: PlaceDraft;
  /** By field, as `place.path`. */
  readonly errors: Readonly<Record<string, string>>;
  readonly onChange: (change: Partial<PlaceDraft>) => void;
}

export function PlaceFields({ place, errors, onChange }: PlaceFieldsProps) {
  const text = (
    field: keyof Omit<PlaceDraft, 'kind'>,
    more: { label: string; placeholder?: string; help?: string; isOptional?: boolean },
  ) => (
    <TextField
      {...more}
      isCode
      value={place[field]}
      error={errors[`place.${field}`] ?? null}
      onChange={(value) => onChange({ [field]: value })}
    />
  );
  switch (place.kind) {
    case 'folder':
      return text('path', {
        label: 'Folder',
        placeholder: '/mnt/backup/berth',
        help: 'On the host. It is made if it is not there; it should be on another disk.',
      });
    case 'sftp':
      return (
        <>
          <div className="grid grid-cols-[1fr_88px] gap-3 max-sm:grid-cols-1">
            {text('host', { label: 'Server', placeholder: 'nas.example' })}
            {text('port', { label: 'Port', placeholder: '22' })}
          </div>
          {text('user', { label: 'User', placeholder: 'backup' })}
          {text('path', { label: 'Folder', placeholder: 'berth' })}
          <TextArea
            label="Host key"
            isCode
            rows={2}
            placeholder="nas.example ssh-ed25519 AAAA…"
            help="A line of known_hosts for the server, so that no other can stand in for it. ssh-keyscan prints it."
            value={place.hostKey}
            error={errors['place.hostKey'] ?? null}
            onChange={(hostKey) => onChange({ hostKey })}
          />
        </>
      );
    case 'rest':
      return (
        <>
          {text('url', { label: 'Address', placeholder: 'https://backup.example/api-server' })}
          {text('user', { label: 'User', isOptional: true })}
        </>
      );
    case 's3':
      return (
        <>
          {text('endpoint', { label: 'Endpoint', placeholder: 'https://fra1.digitaloceanspaces.com' })}
          <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
            {text('bucket', { label: 'Bucket', placeholder: 'berth' })}
            {text('prefix', { label: 'Folder in it', isOptional: true })}
            {text('region', { label: 'Region', isOptional: true, placeholder: 'fra1' })}
            {text('accessKeyId', { label: 'Access key' })}
          </div>
        </>
      );
    default:
      return place.kind satisfies never;
  }
}
