/** One-time codes with otpauth, and their QR codes with uqr. See the interface for the parameters. */
import { Secret as CodeSecret, TOTP } from 'otpauth';
import { renderSVG } from 'uqr';
import type { OneTimeCodes } from '../../control-plane/interfaces/one-time-codes.ts';
import { Secret } from '../../control-plane/interfaces/secret.ts';

const issuer = 'Berth';
const secretBytes = 20;
const stepSeconds = 30;
const parameters = { algorithm: 'SHA1', digits: 6, period: stepSeconds } as const;

export function createTotpCodes(): OneTimeCodes {
  return {
    newSecret: () => new Secret(new CodeSecret({ size: secretBytes }).base32),

    enrolment(secret, accountName) {
      const uri = new TOTP({ ...parameters, issuer, label: accountName, secret: secret.reveal() }).toString();
      return { uri, image: renderSVG(uri, { ecc: 'M', border: 4 }) };
    },

    stepOf(secret, code, nowMs) {
      if (!/^\d{6}$/.test(code)) return null;
      const totp = new TOTP({ ...parameters, secret: secret.reveal() });
      const distance = totp.validate({ token: code, timestamp: nowMs, window: 1 });
      return distance === null ? null : Math.floor(nowMs / 1000 / stepSeconds) + distance;
    },
  };
}
