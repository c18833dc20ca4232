/**
 * Shows a sign-in link in the person's browser, where there is a display. The link itself never stands in an argument
 * list, where every user of this computer could read it and be faster: the browser is given a private file that leads
 * on to it.
 */
import { spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Milliseconds that the file stays: a cold browser takes its time. The link works once in any case. */
const KEPT_MS = 60_000;

/** False when there is nowhere to show it. The file is written into `folder`, which only its user can read. */
export function openInBrowser(link: string, folder: string): boolean {
  const [program, ...args] = opener();
  if (program === undefined) return false;
  const file = join(folder, 'sign-in.html');
  const target = link.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const page = `<!doctype html><meta charset="utf-8"><title>Berth</title><meta http-equiv="refresh" content="0; url=${target}">`;
  rmSync(file, { force: true });
  writeFileSync(file, page, { mode: 0o600, flag: 'wx' });
  const forget = () => rmSync(file, { force: true });
  setTimeout(forget, KEPT_MS).unref();
  process.once('exit', forget);
  const child = spawn(program, [...args, pathToFileURL(file).href], { stdio: 'ignore', detached: true });
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
