/** The window as a guest of a shared terminal gets it: the page behind its link, and nothing of the app around it. */
import { CSPProvider } from '@base-ui/react/csp-provider';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { TooltipProvider } from './components/tooltip.tsx';
import { GuestPage } from './features/terminals/guest-page.tsx';
import { beginVisit } from './features/terminals/guest-visit.ts';
import { connectShared, enterShare } from './transport/guest-connection.ts';

export function showGuestPage(root: HTMLElement): void {
  const { location, history } = window;
  const visit = beginVisit({
    fragment: location.hash.slice(1),
    enter: enterShare,
    // A name in place of the secret: enough to come back with the cookie after a reload, and no use to anybody else.
    onEntered: (shareId) => history.replaceState(null, '', `${location.pathname}#${shareId}`),
    connect: connectShared,
  });
  // Another link, opened in this very tab.
  window.addEventListener('hashchange', () => location.reload());
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <TooltipProvider>
          <GuestPage visit={visit} />
        </TooltipProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
