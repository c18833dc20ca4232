/** Codes of an authenticator app: TOTP (RFC 6238) with SHA-1, six digits and steps of 30 seconds, as all apps know it. */
import type { Secret } from './secret.ts';

export interface OneTimeCodes {
  /** 160 bits in base 32 (RFC 4226, section 4, requirement 6). */
  newSecret(): Secret;
  /** For the app: an otpauth URI (Key Uri Format), and the same as an SVG of a QR code. */
  enrolment(secret: Secret, accountName: string): { readonly uri: string; readonly image: string };
  /** The step (30 seconds since 1970) that the code belongs to: this one, or one beside it. Null: it is wrong. */
  stepOf(secret: Secret, code: string, nowMs: number): number | null;
}
