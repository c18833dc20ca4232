/**
 * Shows a link in the person's browser, where there is a display. An argument array, never a shell. The link reaches the
 * argument list of a process of this very user for a moment; its ticket works once.
 */
import { spawn } from 'node:child_process';

/** False when there is nowhere to show it. */
export function openInBrowser(url: string): boolean {
  const [program, ...args] = opener();
  if (program === undefined) return false;
  const child = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
  // No such program: the link has been printed anyway.
  child.on('error', () => undefined);
  child.unref();
  return true;
}

function opener(): string[] {
  if (process.platform === 'darwin') return ['open'];
  // rundll32 takes the URL as it is; `start` would need a shell.
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  const hasDisplay = Boolean(process.env.DISPLAY) || Boolean(process.env.WAYLAND_DISPLAY);
  return hasDisplay ? ['xdg-open'] : [];
}
