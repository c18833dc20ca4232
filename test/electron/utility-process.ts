/** utilityProcess.fork as a worker thread: its own heap and event loop, ports by transfer, an exit of its own. */
import { EventEmitter } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { journal } from './journal.ts';
import type { MessagePortMain } from './message-port-main.ts';

class UtilityProcess extends EventEmitter {
  readonly #worker: Worker;

  constructor(modulePath: string, args: readonly string[]) {
    super();
    const options = { argv: [...args], workerData: { url: pathToFileURL(modulePath).href } };
    this.#worker = new Worker(new URL('./utility-worker.ts', import.meta.url), options);
    this.#worker.on('online', () => {
      journal({ what: 'plane-started' });
      this.emit('spawn');
    });
    this.#worker.on('message', (message) => this.emit('message', message));
    this.#worker.on('error', (error) =>
      process.stderr.write(`the utility process threw: ${String(error)}\n`),
    );
    this.#worker.on('exit', (code) => {
      journal({ what: 'plane-ended', code });
      this.emit('exit', code);
    });
  }
  postMessage(message: unknown, ports: MessagePortMain[] = []): void {
    const raw = ports.map((port) => port.raw);
    this.#worker.postMessage({ message, ports: raw }, raw);
  }
  kill(): boolean {
    void this.#worker.terminate();
    return true;
  }
}

let last: UtilityProcess | undefined;

export const utilityProcess = {
  fork: (modulePath: string, args: readonly string[] = []) => {
    last = new UtilityProcess(modulePath, args);
    return last;
  },
};

export function killLastProcess(): void {
  last?.kill();
}
