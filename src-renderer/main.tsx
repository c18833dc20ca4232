/**
 * Entry of the page: theme first, so that the first frame has its colours; then the connection and the window, or one of
 * the pages for who is not signed in.
 */
import './theme/theme.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { ShellBridge } from '#contract/shell.ts';
import { AppRoot, createApp } from './app.tsx';
import { followTheme, rememberedTheme } from './theme/theme.ts';
import { connect } from './transport/connect.ts';
import { endSession } from './transport/session-requests.ts';
import { signedOutPaths, signInPath } from './transport/signed-out-paths.ts';

declare global {
  interface Window {
    readonly berthShell?: ShellBridge;
  }
}

followTheme(rememberedTheme());
const root = document.getElementById('root');
if (!root) throw new Error('index.html has no #root');

function showWindow(parent: HTMLElement): void {
  const app = createApp({
    client: connect(),
    shell: window.berthShell ?? null,
    windowId: new URLSearchParams(window.location.search).get('window') ?? 'main',
    storage: window.localStorage,
    signOut: window.berthShell ? null : leave,
  });
  createRoot(parent).render(
    <StrictMode>
      <AppRoot app={app} />
    </StrictMode>,
  );
}

async function leave(): Promise<void> {
  await endSession();
  window.location.replace(signInPath(window.location));
}

// Whoever came by a shared terminal's link, or is not signed in, gets nothing of the window, and nothing is asked for it.
const { pathname } = window.location;
if (pathname === '/shared') void import('./guest.tsx').then(({ showGuestPage }) => showGuestPage(root));
else if (signedOutPaths.has(pathname) && !window.berthShell)
  void import('./sign-in.tsx').then(({ showSignedOutPage }) => showSignedOutPage(root));
else showWindow(root);
