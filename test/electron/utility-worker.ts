/** The inside of the stand-in's utility process: gives the program its `process.parentPort`, then runs it. */
import { EventEmitter } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { MessagePortMain } from './message-port-main.ts';

const outside = parentPort;
if (outside === null) throw new Error('this file runs as a worker');

class ParentPort extends EventEmitter {
  postMessage(message: unknown): void {
    outside?.postMessage(message);
  }
}
const inside = new ParentPort();
outside.on('message', ({ message, ports }: { message: unknown; ports: MessagePort[] }) => {
  inside.emit('message', { data: message, ports: ports.map((port) => new MessagePortMain(port)) });
});
Object.assign(process, { parentPort: inside });
await import((workerData as { url: string }).url);
