/** Makes key pairs for SSH: logins and host keys of machines. */
import type { Secret } from './secret.ts';

export interface SshKeyPair {
  /** OpenSSH's format, without a passphrase. */
  readonly privateKey: Secret;
  /** Type and base64, one line, without a comment. */
  readonly publicKey: string;
  /** `SHA256:…`, as ssh-keygen -l prints it. */
  readonly fingerprint: string;
}

export interface SshKeyMaker {
  /** A new Ed25519 pair (RFC 8709). */
  make(): SshKeyPair;
  /** The public half of a pair that it made, as `publicKey`. Throws credential.unreadable-key. */
  publicKeyOf(privateKey: Secret): string;
}
