/**
 * Decides whether a host key is trusted: the pinned fingerprints alone where there are some; else Berth's own known hosts, the person's and the system's
 * files, and then the person. Guarantees: only an explicit yes trusts a key; an error while looking refuses; a changed key
 * is never a question. Keys that were refused are remembered (in memory) so that the person can replace them deliberately.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { Ask } from '../../control-plane/interfaces/host-connector.ts';
import {
  authoritiesFor,
  fingerprintOfKey,
  judgeHostKey,
  keyTypeOf,
  type KnownHostsFile,
  type KnownHostsLine,
  knownKeyTypes,
  namesOf,
} from './known-hosts.ts';
import type { KnownHostsStore } from './known-hosts-store.ts';
import type { Hop } from './target.ts';

/** Keys that are known by other means than an address. */
export interface PinnedHostKeys {
  /** `SHA256:…`; the server must show one of them. Never empty. */
  readonly fingerprints: readonly string[];
  /** What the server is asked for first: it has keys of other types, too. */
  readonly keyTypes: readonly string[];
}

export interface HostKeyCheckDeps {
  readonly store: KnownHostsStore;
}

interface RefusedKey {
  readonly key: Buffer;
  readonly name: string;
  readonly wasFingerprint: string;
}

/** Refused keys kept for `replace`; more hosts than this with changed keys at a time is not a case for one-click cures. */
const MAX_REFUSED = 64;

export class HostKeyCheck {
  readonly #deps: HostKeyCheckDeps;
  readonly #refused = new Map<string, RefusedKey>();

  constructor(deps: HostKeyCheckDeps) {
    this.#deps = deps;
  }

  /** Types of the keys that are known of this hop, to ask the server for them first. */
  async knownTypes(hop: Hop): Promise<string[]> {
    return knownKeyTypes(lookupOf(hop), await this.#groups(hop));
  }

  /**
   * Returns when the key is trusted.
   * @throws host.key-unknown (declined), host.key-changed, host.key-revoked, question.expired, cancelled, store.unwritable
   */
  async verify(hop: Hop, key: Buffer, how: { ask: Ask; pinned?: PinnedHostKeys | undefined }): Promise<void> {
    const fingerprint = fingerprintOfKey(key);
    const keyType = keyTypeOf(key) ?? 'unknown';
    if (how.pinned !== undefined) {
      if (how.pinned.fingerprints.includes(fingerprint)) return;
      throw otherThanPinned(hop, how.pinned, { is: fingerprint, keyType });
    }
    const shown = { ...lookupOf(hop), key };
    const groups = await this.#groups(hop);
    const verdict = judgeHostKey(shown, groups);
    if (verdict.kind === 'revoked') throw revoked(hop, fingerprint, keyType, verdict.by);
    if (verdict.kind === 'trusted') return;
    const [name] = namesOf(shown);
    if (verdict.kind === 'changed') {
      const was = fingerprintOfKey(verdict.was.key);
      this.#remember(fingerprint, { key: Buffer.from(key), name, wasFingerprint: was });
      const { file, line } = verdict.was;
      throw changed(hop, { was, is: fingerprint, keyType, file, line });
    }
    const [authority] = authoritiesFor(shown, groups);
    const isTrusted = await how.ask({
      kind: 'host-key',
      subject: hop.name,
      keyType,
      fingerprint,
      alsoKnownAs: verdict.alsoKnownAs,
      ...(authority === undefined ? {} : { note: certificateNote(authority) }),
    });
    if (isTrusted !== true)
      throw new BerthError(
        'host.key-unknown',
        `The host key of ${hop.name} was not accepted. Compare ${fingerprint} with what the server's owner says, and accept it if they agree.`,
        { details: { hop: hop.name, address: hop.address, port: hop.port, is: fingerprint, keyType } },
      );
    await this.#deps.store.add(name, key);
  }

  /**
   * Trusts `newFingerprint` in place of `oldFingerprint` for one of these hops.
   * @throws conflict when another key is known by now, or the new one was not shown since Berth started
   */
  async replace(
    hops: readonly Hop[],
    change: { oldFingerprint: string; newFingerprint: string },
  ): Promise<void> {
    const refused = this.#refused.get(change.newFingerprint);
    const hop = refused && hops.find((candidate) => namesOf(lookupOf(candidate))[0] === refused.name);
    if (!refused || !hop)
      throw new BerthError(
        'conflict',
        'The host has not shown this key since Berth started. Connect again, compare the fingerprints and then replace.',
        { details: { newFingerprint: change.newFingerprint } },
      );
    const verdict = judgeHostKey({ ...lookupOf(hop), key: refused.key }, await this.#groups(hop));
    if (verdict.kind === 'trusted') return;
    if (verdict.kind === 'revoked')
      throw revoked(hop, change.newFingerprint, keyTypeOf(refused.key) ?? 'unknown', verdict.by);
    const known = verdict.kind === 'changed' ? fingerprintOfKey(verdict.was.key) : undefined;
    if (known !== change.oldFingerprint)
      throw new BerthError(
        'conflict',
        'What is known of this host has changed in the meantime. Connect again and compare the fingerprints.',
        { details: { known: known ?? null, oldFingerprint: change.oldFingerprint } },
      );
    await this.#deps.store.replace(refused.name, refused.key);
    this.#refused.delete(change.newFingerprint);
  }

  /** Berth's own file decides before the others. */
  async #groups(hop: Hop): Promise<[KnownHostsFile[], KnownHostsFile[]]> {
    const { userKnownHostsFiles, globalKnownHostsFiles } = hop.config;
    const own = await this.#deps.store.readOwn();
    return [[own], await this.#deps.store.readOthers([...userKnownHostsFiles, ...globalKnownHostsFiles])];
  }

  #remember(fingerprint: string, refused: RefusedKey): void {
    this.#refused.delete(fingerprint);
    this.#refused.set(fingerprint, refused);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > MAX_REFUSED && oldest !== undefined) this.#refused.delete(oldest);
  }
}

/** ssh2 negotiates no host certificates, so the authority's word cannot be had: the person must know that it was not asked. */
function certificateNote({ file, line }: KnownHostsLine): string {
  return `Your known hosts (${file}, line ${line}) name a certificate authority for this host. Berth cannot check certificates yet, so the authority does not vouch for this key: compare it yourself.`;
}

/** HostKeyAlias takes the place of address and port (ssh_config(5)); one that is no plain name is not followed. */
function lookupOf(hop: Hop): { host: string; port: number; isPortPartOfName: boolean } {
  const alias = hop.config.hostKeyAlias;
  if (alias !== undefined && /^[A-Za-z0-9_.:[\]-]+$/.test(alias))
    return { host: alias, port: hop.port, isPortPartOfName: false };
  return { host: hop.address, port: hop.port, isPortPartOfName: true };
}

function changed(
  hop: Hop,
  facts: { was: string; is: string; keyType: string; file: string; line: number },
): BerthError {
  return new BerthError(
    'host.key-changed',
    `The host key of ${hop.name} has changed: it was ${facts.was}, it is ${facts.is}. Either the machine was rebuilt, or someone is between you and it. Berth does not connect until you replace the key deliberately.`,
    { details: { hop: hop.name, address: hop.address, port: hop.port, ...facts } },
  );
}

function otherThanPinned(
  hop: Hop,
  { fingerprints }: PinnedHostKeys,
  shown: { is: string; keyType: string },
): BerthError {
  const was = fingerprints.join(' or ');
  return new BerthError(
    'host.key-changed',
    `${hop.name} does not show the host key that Berth knows this machine by: it must be ${was}, it is ${shown.is}. Either its address belongs to another machine by now, or someone is between you and it. Berth does not connect.`,
    {
      details: {
        hop: hop.name,
        address: hop.address,
        port: hop.port,
        was,
        ...shown,
        file: 'pinned',
        line: 0,
      },
    },
  );
}

function revoked(hop: Hop, is: string, keyType: string, by: KnownHostsLine): BerthError {
  return new BerthError(
    'host.key-revoked',
    `The host key of ${hop.name} (${is}) is marked as revoked in ${by.file}, line ${by.line}. Give the server a new key; Berth does not connect with this one.`,
    {
      details: {
        hop: hop.name,
        address: hop.address,
        port: hop.port,
        is,
        keyType,
        file: by.file,
        line: by.line,
      },
    },
  );
}
