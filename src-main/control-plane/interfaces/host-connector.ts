/**
 * Makes connections. Everything that needs a decision or a secret comes through the two functions it is given: the
 * adapter opens no dialog and knows no store.
 */
import type { ConnectStep, HostCandidate, HostDefinition, SshDefinition } from '#contract/hosts.ts';
import type { CredentialId } from '#contract/ids.ts';
import type { HostConnection } from './host-connection.ts';
import type { Secret } from './secret.ts';

export interface HostKeyQuestion {
  readonly kind: 'host-key';
  readonly subject: string;
  readonly keyType: string;
  readonly fingerprint: string;
  readonly alsoKnownAs: readonly string[];
  /** What else to know before trusting it, in a sentence or two. */
  readonly note?: string;
}
export interface PasswordQuestion {
  readonly kind: 'password';
  readonly subject: string;
  readonly wasWrong: boolean;
}
export interface PassphraseQuestion {
  readonly kind: 'passphrase';
  readonly subject: string;
  readonly keyName: string;
  readonly wasWrong: boolean;
}
export interface KeyboardInteractiveQuestion {
  readonly kind: 'keyboard-interactive';
  readonly subject: string;
  readonly title: string;
  readonly instructions: string;
  readonly prompts: readonly { readonly text: string; readonly isShown: boolean }[];
}

/** Asks the person; rejects with question.expired or cancelled. `undefined` = declined. */
export interface Ask {
  (question: HostKeyQuestion): Promise<boolean | undefined>;
  (question: PasswordQuestion | PassphraseQuestion): Promise<Secret | undefined>;
  (question: KeyboardInteractiveQuestion): Promise<readonly Secret[] | undefined>;
}

export interface ConnectOptions {
  readonly signal: AbortSignal;
  readonly ask: Ask;
  /** Undefined: not there (then the person is asked). Throws when the store cannot be used. */
  readonly secretOf: (id: CredentialId) => Promise<Secret | undefined>;
  readonly onStep: (step: ConnectStep, hop: string | null) => void;
  /**
   * Fingerprints (`SHA256:…`) of which the target must show one, where Berth knows them by other means than its address: it
   * made the machine. Files of known hosts are neither read nor written then, and nobody is asked: an address that belonged
   * to another machine before neither alarms nor vouches. Absent or empty: the files decide.
   */
  readonly pinnedFingerprints?: readonly string[];
}

export interface InterpretedTarget {
  readonly name: string;
  readonly definition: SshDefinition;
  readonly effective: { label: string; value: string; source: string }[];
}

export interface HostConnector {
  /** Throws host.*, credential.*, question.expired, timed-out, cancelled. The failing hop is in `details.hop`. */
  connect(definition: HostDefinition, options: ConnectOptions): Promise<HostConnection>;
  /** Reads `user@host:port`, a configured name or a pasted `ssh …` command. */
  interpret(text: string): Promise<InterpretedTarget>;
  candidates(): Promise<{
    candidates: HostCandidate[];
    agent: { socketPath: string; keys: { comment: string; type: string; fingerprint: string }[] } | null;
    warnings: string[];
  }>;
  /** Replaces what Berth's own known hosts say of this definition's target; throws conflict if the old one differs. */
  replaceHostKey(
    definition: HostDefinition,
    change: { oldFingerprint: string; newFingerprint: string },
  ): Promise<void>;
}
