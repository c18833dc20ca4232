/**
 * Between the window and the page: hands on the one message port, and exposes the shell bridge. Runs sandboxed; built as
 * .cjs. Decides nothing: the main process checks every request and its sender.
 */
import { contextBridge, ipcRenderer } from 'electron';
import type { ShellBridge, ShellEvent } from './contract/shell.ts';

const listeners: ((event: ShellEvent) => void)[] = [];
// What the shell says before the page listens, as the deep link that started the app, waits for its first listener.
let early: ShellEvent[] = [];
ipcRenderer.on('berth:event', (_event, value: ShellEvent) => {
  if (listeners.length === 0) early.push(value);
  for (const listener of listeners) listener(value);
});

// The page asks when it is ready to listen; so a port is never sent to nobody, also after a reload.
window.addEventListener('message', ({ source, data }) => {
  if (source === window && data === 'berth:want-port') ipcRenderer.send('berth:want-port');
});
ipcRenderer.on('berth:port', ({ ports }) => {
  window.postMessage('berth:port', window.location.origin, [...ports]);
});

const bridge: ShellBridge = {
  platform: process.platform as ShellBridge['platform'],
  request: (name, input) => ipcRenderer.invoke('berth:request', name, input),
  onEvent: (listener) => {
    listeners.push(listener);
    for (const event of early) listener(event);
    early = [];
  },
};
contextBridge.exposeInMainWorld('berthShell', bridge);
