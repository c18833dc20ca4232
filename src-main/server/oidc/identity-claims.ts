/** What a provider's claims say about a person (OpenID Connect Core 1.0, 5.1), as the accounts want to know it. */
import { EmailAddress } from '#contract/users.ts';
import type { ProviderIdentity } from '../../control-plane/account-door.ts';

export type Claims = Readonly<Record<string, unknown>>;

/** Characters, as Core 1.0 limits `sub`; other claims by which a person is known are held to the same. */
const maxSubjectCharacters = 255;
const maxNameCharacters = 100;

/** undefined: the claim by which a person is known is not there. */
export function identityOf(issuer: string, claims: Claims, userClaim: string): ProviderIdentity | undefined {
  const subject = claims[userClaim];
  if (typeof subject !== 'string' || subject === '' || subject.length > maxSubjectCharacters)
    return undefined;
  const email = EmailAddress.safeParse(claims.email);
  const names = [claims.name, claims.preferred_username].filter((name) => typeof name === 'string');
  const name = names.map((one) => one.trim().slice(0, maxNameCharacters)).find((one) => one !== '');
  return {
    issuer,
    subject,
    email: email.success ? email.data : null,
    // Cognito writes it as text.
    isEmailVerified: email.success && (claims.email_verified === true || claims.email_verified === 'true'),
    name: name ?? null,
  };
}
