/** Makes Ed25519 key pairs with Node's generator, in the forms of OpenSSH (PROTOCOL.key) and authorized_keys(5). */
import { generateKeyPairSync } from 'node:crypto';
import ssh2 from 'ssh2';
import { Secret } from '../../control-plane/interfaces/secret.ts';
import type { SshKeyMaker } from '../../control-plane/interfaces/ssh-key-maker.ts';
import { fingerprintOfKey } from './known-hosts.ts';
import { sshFormOf, unreadable } from './private-key.ts';

export function createSshKeyMaker(): SshKeyMaker {
  return {
    make() {
      const text = sshFormOf(generateKeyPairSync('ed25519').privateKey, 'that was just made');
      // Read back: what cannot be read must not be given to a machine.
      const { blob, publicKey } = publicHalf(text);
      return { privateKey: new Secret(text), publicKey, fingerprint: fingerprintOfKey(blob) };
    },
    publicKeyOf: (privateKey) => publicHalf(privateKey.reveal()).publicKey,
  };
}

function publicHalf(text: string): { blob: Buffer; publicKey: string } {
  const parsed = ssh2.utils.parseKey(text);
  if (parsed instanceof Error) throw unreadable('of a machine', 'cannot be read.');
  const blob = parsed.getPublicSSH();
  return { blob, publicKey: `${parsed.type} ${blob.toString('base64')}` };
}
