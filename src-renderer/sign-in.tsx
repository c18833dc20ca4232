/**
 * The pages for who is not signed in: nothing of the window is made, and no connection is opened. A token in the address
 * goes from there at once, so that neither the history nor a screenshot keeps it.
 */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { TooltipProvider } from './components/tooltip.tsx';
import { SignedOutPage } from './features/sign-in/signed-out-page.tsx';
import { readFragment, type SignedOut } from './features/sign-in/signed-out.ts';
import { providerPath, sessionRequests } from './transport/session-requests.ts';
import { placeAfterSignIn } from './transport/signed-out-paths.ts';

export function showSignedOutPage(root: HTMLElement): void {
  const { location, history } = window;
  const next = placeAfterSignIn(location.search, location.origin);
  const place: SignedOut = {
    path: location.pathname,
    ...readFragment(location.hash.slice(1)),
    requests: sessionRequests,
    hrefOf: (path) => (next === '/' ? path : `${path}?next=${encodeURIComponent(next)}`),
    providerHref: (id) => providerPath(id, next),
    // In the place of this page: going back must not come to a form that is done with.
    enter: () => location.replace(next),
  };
  history.replaceState(null, '', `${location.pathname}${location.search}`);
  // Another link, opened in this very tab.
  window.addEventListener('hashchange', () => location.reload());
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <TooltipProvider>
          <SignedOutPage place={place} />
        </TooltipProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
