/**
 * An app in a browser's window of Berth: a frame at the app's own origin, which can do nothing to the page around it. Where
 * the browser does not show it there, the way out is a tab of its own.
 */
import { useEffect, useState } from 'react';
import type { Forward } from '#contract/forwards.ts';
import { Button } from '../../components/button.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useAsked } from '../../state/use-asked.ts';
import { useClient } from '../../state/app-context.tsx';
import { AppFailure } from './app-failure.tsx';
import { forwardName } from './forward-words.ts';

/** Everything that a page of the web may, but to lead away the page that it is shown in. */
const sandbox = [
  ...['allow-scripts', 'allow-same-origin', 'allow-forms', 'allow-modals', 'allow-downloads'],
  ...['allow-popups', 'allow-popups-to-escape-sandbox', 'allow-pointer-lock'],
].join(' ');
const granted = 'clipboard-read; clipboard-write; fullscreen; autoplay';
/** Milliseconds without a loaded page after which the frame is taken for refused: the away page loads in far less. */
const silentAfterMs = 12_000;

export interface AppFrameProps {
  readonly forward: Forward;
  readonly onRetry: () => void;
  readonly onOpenInBrowser: () => void;
}

export function AppFrame({ forward, onRetry, onOpenInBrowser }: AppFrameProps) {
  const client = useClient();
  const name = forwardName(forward);
  // Once for each mount: a link lets in once.
  const { answer, error } = useAsked(forward.id, (signal) =>
    client.call('forwards.open', { id: forward.id, shownIn: 'frame' }, { signal }),
  );
  const [isLoaded, setLoaded] = useState(false);
  const isRefused = useRefusal(answer?.url ?? null, isLoaded);
  const elsewhere = <Button onClick={onOpenInBrowser}>Open in a new tab</Button>;
  if (error !== null)
    return (
      <Frame>
        <AppFailure title={`${name} did not open`} error={error} actions={elsewhere} onRetry={onRetry} />
      </Frame>
    );
  if (isRefused)
    return (
      <Frame>
        <AppFailure
          title={`This browser does not show ${name} inside Berth`}
          message="Browsers that block cookies of framed pages, and pages over plain HTTP in one over HTTPS, cannot. In a tab of its own it works."
          actions={elsewhere}
          onRetry={onRetry}
        />
      </Frame>
    );
  return (
    <Frame>
      {!isLoaded && (
        <div className="absolute inset-x-0 top-0 p-6">
          <LoadingRows label={`Opening ${name}`} />
        </div>
      )}
      {answer !== null && (
        <iframe
          data-autofocus
          title={name}
          src={answer.url}
          sandbox={sandbox}
          allow={granted}
          referrerPolicy="no-referrer"
          onLoad={() => setLoaded(true)}
          className="absolute inset-0 size-full border-0"
        />
      )}
    </Frame>
  );
}

function Frame({ children }: { children: React.ReactNode }) {
  return <div className="relative min-h-0 flex-1 bg-panel">{children}</div>;
}

/** What can be known of a frame at another origin: that it may not be there at all, or that nothing came. */
function useRefusal(url: string | null, isLoaded: boolean): boolean {
  const [isRefused, setRefused] = useState(false);
  useEffect(() => {
    if (url === null) return;
    const { origin, protocol, hostname } = new URL(url);
    // Loopback counts as safe (W3C Secure Contexts 3.1); everything else over plain HTTP is blocked in a page over HTTPS.
    const isMixed =
      window.location.protocol === 'https:' && protocol === 'http:' && !hostname.endsWith('.localhost');
    if (isMixed) return setRefused(true);
    const onViolation = ({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent) => {
      if (effectiveDirective === 'frame-src' && blockedURI.startsWith(origin)) setRefused(true);
    };
    document.addEventListener('securitypolicyviolation', onViolation);
    return () => document.removeEventListener('securitypolicyviolation', onViolation);
  }, [url]);
  useEffect(() => {
    if (url === null || isLoaded) return;
    const timer = setTimeout(() => setRefused(true), silentAfterMs);
    return () => clearTimeout(timer);
  }, [url, isLoaded]);
  return isRefused;
}
