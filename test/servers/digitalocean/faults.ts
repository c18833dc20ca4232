/**
 * What can go wrong at DigitalOcean, switched on by a test. Each fault is used up after `times` (default once), in the
 * order in which they were set; an operation is named as the document names it, or `*` for all.
 */

import type { Json } from './api-document.ts';

/** With the words that people met in the wild. */
export const refusals = {
  limit: 'creating this/these droplet(s) will exceed your droplet limit',
  size: 'Size is not available in this region.',
  'unknown-size': 'You specified an invalid size for Droplet creation.',
  region: 'Region is not available',
  'unknown-region': 'You specified an invalid region for Droplet creation.',
  image: 'You specified an invalid image for Droplet creation.',
  'image-region':
    'The image you specified is not available in the selected region, you can transfer it to this region from the images pages.',
  key: '512190 are invalid key identifiers for Droplet creation.',
  name: 'Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)',
  payment: 'This size is currently restricted please send an additional payment to unlock.',
} as const;
export type Refusal = keyof typeof refusals;

export type HttpFault =
  /** The connection breaks before the request has had any effect. */
  | { readonly kind: 'lose-request' }
  /** The connection breaks once it has had its effect. */
  | { readonly kind: 'lose-reply' }
  /** Answered after so long; the effect is there at once. */
  | { readonly kind: 'delay'; readonly ms: number }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly id: string;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

/** What is strange about a droplet, from its creation on. */
export interface DropletOddity {
  /** It stays `new`, and its action in progress. */
  readonly neverActive?: boolean;
  /** It becomes active, and has no address. */
  readonly neverGetsAddress?: boolean;
  /** Its creation ends as `errored`. */
  readonly createErrors?: boolean;
  /** So many deletions are answered 204 and do nothing. */
  readonly ignoresDeletes?: number;
  /** Of its machine, with `machines: 'real'`. */
  readonly machine?: MachineOddity;
}

export interface MachineOddity {
  /** Nothing listens at port 22 for so long; Infinity: until `letSshAnswer`. */
  readonly sshRefusedMs?: number;
  /** Another host key answers than the one that its user data asked for. */
  readonly hasOtherHostKey?: boolean;
  readonly cloudInitFails?: boolean;
}

export type ResourceKind = 'reserved_ips' | 'snapshots' | 'volumes' | 'volume_snapshots' | 'droplet';

interface Armed<T> {
  readonly fault: T;
  readonly when: (body: Json | undefined) => boolean;
  left: number;
  skip: number;
}
export interface Arming {
  /** How often; default once. */
  readonly times?: number;
  /** How many go well before. */
  readonly skip?: number;
  /** Of requests: those with such a body alone, as of one name. */
  readonly when?: (body: Json | undefined) => boolean;
}

const arm = <T>(fault: T, { times = 1, skip = 0, when = () => true }: Arming): Armed<T> => ({
  ...{ fault, skip, when },
  left: times,
});

function take<T>(list: Armed<T>[] | undefined, body?: Json): T | undefined {
  for (const armed of list ?? []) {
    if (armed.left <= 0 || !armed.when(body)) continue;
    if (armed.skip > 0) {
      armed.skip--;
      return undefined;
    }
    armed.left--;
    return armed.fault;
  }
  return undefined;
}

export class Faults {
  readonly #http = new Map<string, Armed<HttpFault>[]>();
  readonly #actions = new Map<string, Armed<true>[]>();
  readonly #kept = new Map<ResourceKind, Armed<string>[]>();
  readonly #droplets: Armed<DropletOddity>[] = [];
  /** Of its clock against this machine's, in milliseconds: in `Date` and in every instant that it tells. */
  clockSkewMs = 0;
  /** What links to further pages begin with, in place of the double's own address. */
  linksBase: string | undefined;

  on(operation: string, fault: HttpFault, arming: Arming = {}): void {
    this.#http.set(operation, [...(this.#http.get(operation) ?? []), arm(fault, arming)]);
  }
  loseRequest(operation: string, arming?: Arming): void {
    this.on(operation, { kind: 'lose-request' }, arming);
  }
  loseReply(operation: string, arming?: Arming): void {
    this.on(operation, { kind: 'lose-reply' }, arming);
  }
  /** 429, as of the limit for bursts: with `retry-after` in seconds. */
  tooManyRequests(operation: string, retryAfterS: number, arming?: Arming): void {
    const headers = { 'retry-after': String(retryAfterS) };
    const message = 'API Rate limit exceeded.';
    this.on(operation, { kind: 'answer', status: 429, id: 'too_many_requests', message, headers }, arming);
  }
  serverError(operation: string, status = 500, arming?: Arming): void {
    const message = 'Server Error';
    this.on(operation, { kind: 'answer', status, id: 'server_error', message }, arming);
  }
  /** 422 to the creation of a droplet. */
  refuse(refusal: Refusal, arming?: Arming): void {
    const message = refusals[refusal];
    const fault = { kind: 'answer', status: 422, id: 'unprocessable_entity', message } as const;
    this.on('POST /v2/droplets', fault, arming);
  }
  /** The next droplets that are made. */
  droplet(oddity: DropletOddity, arming: Arming = {}): void {
    this.#droplets.push(arm(oddity, arming));
  }
  /** The next action of this type ends as `errored`, without effect. */
  actionErrors(type: string, arming: Arming = {}): void {
    this.#actions.set(type, [...(this.#actions.get(type) ?? []), arm(true as const, arming)]);
  }
  /** In a destruction with associated resources, the next of this kind stays. */
  resourceStays(kind: ResourceKind, message = 'conflict: still in use', arming: Arming = {}): void {
    this.#kept.set(kind, [...(this.#kept.get(kind) ?? []), arm(message, arming)]);
  }
  clear(): void {
    this.#http.clear();
    this.#actions.clear();
    this.#kept.clear();
    this.#droplets.length = 0;
    this.clockSkewMs = 0;
    this.linksBase = undefined;
  }

  // --- for the double itself --------------------------------------------------------------------------------------
  takeHttp(operation: string, body?: Json): HttpFault | undefined {
    return take(this.#http.get(operation), body) ?? take(this.#http.get('*'), body);
  }
  takeDroplet(): DropletOddity {
    return take(this.#droplets) ?? {};
  }
  takeAction(type: string): boolean {
    return take(this.#actions.get(type)) ?? false;
  }
  takeKept(kind: ResourceKind): string | undefined {
    return take(this.#kept.get(kind));
  }
}
