/** Which of the pages an address means. */
import { ForgotPage } from './forgot-page.tsx';
import { NewPasswordPage } from './new-password-page.tsx';
import { RegisterPage } from './register-page.tsx';
import { SignInPage } from './sign-in-page.tsx';
import type { SignedOut } from './signed-out.ts';
import { VerifyPage } from './verify-page.tsx';

export function SignedOutPage({ place }: { place: SignedOut }) {
  switch (place.path) {
    case '/register':
      return <RegisterPage place={place} />;
    case '/verify':
      return <VerifyPage place={place} />;
    case '/reset':
    case '/invite':
      return <NewPasswordPage place={place} isInvited={place.path === '/invite'} />;
    case '/forgot':
      return <ForgotPage place={place} />;
    default:
      return <SignInPage place={place} />;
  }
}
