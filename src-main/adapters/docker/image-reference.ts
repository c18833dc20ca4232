/**
 * Image references as the distribution project writes them (github.com/distribution/reference): what a person types
 * becomes registry, repository, tag and digest, with Docker's defaults. Pure.
 */
import { BerthError } from '#contract/berth-error.ts';

export interface ImageName {
  readonly kind: 'name';
  /** `docker.io`, `registry.example:5000`, `localhost`. */
  readonly registry: string;
  /** `library/debian`, `team/image`. */
  readonly repository: string;
  /** Without tag and digest: `latest`. With a digest alone: null. */
  readonly tag: string | null;
  readonly digest: string | null;
}
/** An image that the host has, by its id: nothing to pull. */
export interface ImageIdentity {
  readonly kind: 'id';
  readonly id: string;
}
export type ParsedReference = ImageName | ImageIdentity;

const DEFAULT_REGISTRY = 'docker.io';
const COMPONENT = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const DOMAIN =
  /^([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$/;
/** The limit of the whole name, registry included, in the reference grammar. */
const MAX_NAME_LENGTH = 255;

/** Throws image.invalid-reference with the reason. */
export function parseImageReference(text: string): ParsedReference {
  const refuse = (why: string): never => {
    throw new BerthError(
      'image.invalid-reference',
      `This is not an image reference: ${why}. It looks like debian:12 or registry.example/team/image:tag.`,
    );
  };
  const reference = text.trim();
  if (reference === '') refuse('it is empty');
  if (/^sha256:[0-9a-f]{12,64}$/.test(reference)) return { kind: 'id', id: reference };
  if (/^[0-9a-f]{64}$/.test(reference)) refuse('64 hexadecimal digits are an id; write sha256: before them');

  const at = reference.indexOf('@');
  const digest = at < 0 ? null : reference.slice(at + 1);
  if (digest !== null && !DIGEST.test(digest))
    refuse('after @ there must be sha256: and 64 hexadecimal digits');
  const beforeDigest = at < 0 ? reference : reference.slice(0, at);

  // A colon after the last slash begins the tag; one before it belongs to the registry's port.
  const colon = beforeDigest.indexOf(':', beforeDigest.lastIndexOf('/') + 1);
  const givenTag = colon < 0 ? null : beforeDigest.slice(colon + 1);
  if (givenTag !== null && !TAG.test(givenTag)) refuse('the part after the colon is not a tag');
  const name = colon < 0 ? beforeDigest : beforeDigest.slice(0, colon);

  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  // Docker's rule: the first part names a registry if it could not be a folder of Docker Hub.
  const hasRegistry =
    first === 'localhost' || first.includes('.') || first.includes(':') || first !== first.toLowerCase();
  const typedRegistry = hasRegistry ? first : DEFAULT_REGISTRY;
  if (!DOMAIN.test(typedRegistry)) refuse('the part before the first slash is not a registry');
  const registry = typedRegistry === 'index.docker.io' ? DEFAULT_REGISTRY : typedRegistry;
  const path = hasRegistry ? name.slice(slash + 1) : name;
  const repository = registry === DEFAULT_REGISTRY && !path.includes('/') ? `library/${path}` : path;
  for (const component of path.split('/')) {
    if (component !== component.toLowerCase()) refuse('the name must be in lower case');
    if (!COMPONENT.test(component)) refuse('the name holds what a name may not hold');
  }
  if (registry.length + 1 + repository.length > MAX_NAME_LENGTH) refuse('the name is too long');
  return { kind: 'name', registry, repository, tag: givenTag ?? (digest === null ? 'latest' : null), digest };
}

/** The full name, without what is a default of the reader: `docker.io/library/debian`. */
export function repositoryOf({ registry, repository }: ImageName): string {
  return `${registry}/${repository}`;
}

/** As people write it: `debian:12`, `registry.example/team/image@sha256:…`. With a digest the tag says nothing more. */
export function familiarReference(reference: ParsedReference): string {
  if (reference.kind === 'id') return reference.id;
  const { tag, digest } = reference;
  const repository = familiarRepository(reference);
  return digest === null ? `${repository}:${tag ?? 'latest'}` : `${repository}@${digest}`;
}

function familiarRepository({ registry, repository }: ImageName): string {
  if (registry !== DEFAULT_REGISTRY) return `${registry}/${repository}`;
  const short = repository.replace(/^library\//, '');
  return short.includes('/') ? repository : short;
}

/**
 * What `POST /images/create` is given. A tag or digest is always there: without one the engine pulls every tag of the
 * repository. A digest wins over a tag, as it does in the Docker CLI.
 */
export function pullParameters(name: ImageName): { fromImage: string; tag: string } {
  return { fromImage: repositoryOf(name), tag: name.digest ?? name.tag ?? 'latest' };
}

/** Of the engine's RepoDigests (`debian@sha256:…`) the digest that belongs to this reference, else the first. */
export function digestFor(reference: ParsedReference, repositoryDigests: readonly string[]): string | null {
  let first: string | null = null;
  for (const text of repositoryDigests) {
    const at = text.indexOf('@');
    if (at < 0) continue;
    const digest = text.slice(at + 1);
    first ??= digest;
    if (reference.kind === 'id') continue;
    try {
      const other = parseImageReference(text);
      if (other.kind === 'name' && repositoryOf(other) === repositoryOf(reference)) return digest;
    } catch {
      // `<none>@sha256:…`: a digest without a name.
    }
  }
  return first;
}
