/** Where a repository is, in one line without any secret, and the fields of a place as they are typed. Pure. */
import { RepositoryPlace } from '#contract/repositories.ts';

export type PlaceKind = RepositoryPlace['kind'];

export const placeKinds: readonly {
  readonly value: PlaceKind;
  readonly label: string;
  readonly help: string;
}[] = [
  { value: 'folder', label: 'A folder on the host', help: 'Another disk, or a share that is mounted there.' },
  { value: 'sftp', label: 'A server over SFTP', help: 'Any server that takes SSH with a key.' },
  { value: 'rest', label: 'A restic REST server', help: 'rest-server, or a service that speaks like it.' },
  { value: 's3', label: 'Object storage (S3)', help: 'DigitalOcean Spaces, AWS, MinIO and their like.' },
];

/** Everything that any kind has, as text; a kind reads its own. */
export interface PlaceDraft {
  readonly kind: PlaceKind;
  readonly path: string;
  readonly user: string;
  readonly host: string;
  readonly port: string;
  readonly hostKey: string;
  readonly url: string;
  readonly endpoint: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly accessKeyId: string;
}

export const newPlace: PlaceDraft = {
  kind: 'folder',
  path: '',
  user: '',
  host: '',
  port: '22',
  hostKey: '',
  url: '',
  endpoint: '',
  bucket: '',
  prefix: '',
  region: '',
  accessKeyId: '',
};

function placeOf(draft: PlaceDraft): Record<string, unknown> {
  const text = (field: keyof PlaceDraft) => draft[field].trim();
  switch (draft.kind) {
    case 'folder':
      return { kind: 'folder', path: text('path') };
    case 'sftp':
      return {
        kind: 'sftp',
        user: text('user'),
        host: text('host'),
        port: /^\d+$/.test(text('port')) ? Number(text('port')) : Number.NaN,
        path: text('path'),
        hostKey: text('hostKey'),
      };
    case 'rest':
      return { kind: 'rest', url: text('url'), user: text('user') };
    case 's3':
      return {
        kind: 's3',
        endpoint: text('endpoint'),
        bucket: text('bucket'),
        prefix: text('prefix'),
        region: text('region'),
        accessKeyId: text('accessKeyId'),
      };
    default:
      return draft.kind satisfies never;
  }
}

const rules: Readonly<Record<string, string>> = {
  port: 'must be a port, 1 to 65535',
  url: 'must be an address as https://backup.example/api-server, without a password in it',
  endpoint: 'must be an address as https://fra1.digitaloceanspaces.com',
  hostKey: 'must be a line of known_hosts',
};

/** Errors by field, as `place.path`, so that they stand where the plane's would. */
export function readPlace(
  draft: PlaceDraft,
): { readonly place: RepositoryPlace } | { readonly errors: Readonly<Record<string, string>> } {
  const parsed = RepositoryPlace.safeParse(placeOf(draft));
  if (parsed.success) return { place: parsed.data };
  return {
    errors: Object.fromEntries(
      parsed.error.issues.map(({ path, message }) => {
        const field = String(path[0] ?? 'kind');
        return [`place.${field}`, rules[field] ?? message];
      }),
    ),
  };
}

/** What the secret of a kind is called; null: it has none. */
export function secretWords(kind: PlaceKind): { readonly label: string; readonly help: string } | null {
  switch (kind) {
    case 'folder':
      return null;
    case 'sftp':
      return { label: 'Private key', help: 'Without a passphrase, since nobody is there to type it.' };
    case 'rest':
      return { label: 'Password', help: 'Empty where the server asks for none.' };
    case 's3':
      return { label: 'Secret access key', help: 'Belongs to the access key above.' };
    default:
      return kind satisfies never;
  }
}

/** Null: whoever looks may not know. */
export function placeWords(place: RepositoryPlace | null): string {
  if (place === null) return 'Where its owner put it';
  switch (place.kind) {
    case 'folder':
      return place.path;
    case 'sftp':
      return `sftp://${place.user}@${place.host}${place.port === 22 ? '' : `:${place.port}`}/${place.path.replace(/^\//, '')}`;
    case 'rest':
      return place.url;
    case 's3':
      return `${place.endpoint.replace(/\/$/, '')}/${[place.bucket, place.prefix].filter(Boolean).join('/')}`;
    default:
      return place satisfies never;
  }
}
