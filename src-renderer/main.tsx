/** Entry of the page: theme first, so that the first frame has its colours; then the connection; then the window, or a guest's page. */
import './theme/theme.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import type { ShellBridge } from '#contract/shell.ts';
import { AppRoot, createApp } from './app.tsx';
import { followTheme, rememberedTheme } from './theme/theme.ts';
import { connect } from './transport/connect.ts';

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
  });
  createRoot(parent).render(
    <StrictMode>
      <AppRoot app={app} />
    </StrictMode>,
  );
}

// Whoever came by a shared terminal's link is no owner: nothing of the window is made, and nothing is asked for it.
if (window.location.pathname === '/shared')
  void import('./guest.tsx').then(({ showGuestPage }) => showGuestPage(root));
else showWindow(root);
