/** ipcMain: listeners and handlers by channel. A handler's failure reaches the page as its message alone. */
import { EventEmitter } from 'node:events';

interface MainEvent {
  readonly sender: unknown;
  readonly senderFrame: unknown;
}

class IpcMain extends EventEmitter {
  readonly handlers = new Map<string, (event: MainEvent, ...args: unknown[]) => unknown>();
  handle(channel: string, handler: (event: MainEvent, ...args: unknown[]) => unknown): void {
    if (this.handlers.has(channel)) throw new Error(`a second handler for ${channel}`);
    this.handlers.set(channel, handler);
  }
}
export const ipcMain = new IpcMain();

export async function dispatchToMain(
  kind: 'send' | 'invoke',
  channel: string,
  event: MainEvent,
  args: unknown[],
): Promise<unknown> {
  if (kind === 'send') {
    ipcMain.emit(channel, event, ...args);
    return undefined;
  }
  const handler = ipcMain.handlers.get(channel);
  if (handler === undefined) return { error: `No handler registered for '${channel}'` };
  try {
    return { value: await handler(event, ...args) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { error: `Error invoking remote method '${channel}': ${words}` };
  }
}
