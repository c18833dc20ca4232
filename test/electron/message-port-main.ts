/** Electron's MessagePortMain and MessageChannelMain over Node's: the same events, and nothing flows before `start`. */
import { EventEmitter } from 'node:events';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

export class MessagePortMain extends EventEmitter {
  /** For the stand-in alone, which transfers it to a worker. */
  readonly raw: MessagePort;
  #isStarted = false;

  constructor(raw: MessagePort) {
    super();
    this.raw = raw;
    raw.on('close', () => this.emit('close'));
  }
  postMessage(message: unknown): void {
    this.raw.postMessage(message);
  }
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.raw.on('message', (data) => this.emit('message', { data, ports: [] }));
  }
  close(): void {
    this.raw.close();
  }
}

export class MessageChannelMain {
  readonly port1: MessagePortMain;
  readonly port2: MessagePortMain;
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.port1 = new MessagePortMain(port1);
    this.port2 = new MessagePortMain(port2);
  }
}
