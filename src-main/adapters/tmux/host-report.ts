/** The first line of terminal-host.sh: what the host offers, or why it cannot keep terminals. */
import { BerthError } from '#contract/berth-error.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { HostProcess } from '../../control-plane/interfaces/host-connection.ts';

export interface HostReport {
  readonly version: string;
  /** The recorder's path; its folder holds the records. */
  readonly recorder: string;
  readonly engineProgram: string | undefined;
  /** Gets what follows the line. */
  onRest(listener: (bytes: Uint8Array) => void): void;
}

const maxGreetingBytes = 65_536;
/** A login's own greeting may come before, also on the same line. */
const reportLine = /berth-(terminals|none)\b.*$/;

/** Throws timed-out, connection-lost. */
export function hostReport(
  process: HostProcess,
  clock: Clock,
  timeoutMs: number,
): Promise<HostReport | { readonly reason: string }> {
  return new Promise((resolve, reject) => {
    let held = Buffer.alloc(0);
    let isDone = false;
    let rest: ((bytes: Uint8Array) => void) | undefined;
    const early: Uint8Array[] = [];
    const stopTimer = clock.after(timeoutMs, () => {
      process.release();
      reject(new BerthError('timed-out', 'The host does not say whether it can keep terminals.'));
    });
    process.onOutput((bytes) => {
      if (isDone) {
        if (rest) rest(bytes);
        else early.push(bytes);
        return;
      }
      held = Buffer.concat([held, bytes]).subarray(-maxGreetingBytes);
      for (;;) {
        const end = held.indexOf(0x0a);
        if (end < 0) return;
        const [line] = reportLine.exec(held.toString('utf8', 0, end).trim()) ?? [];
        held = held.subarray(end + 1);
        if (line === undefined) continue;
        isDone = true;
        stopTimer();
        if (held.length > 0) early.push(held);
        const reason = reasonOf(line);
        if (reason !== undefined) {
          process.release();
          resolve({ reason });
          return;
        }
        resolve({
          version: field(line, 'version'),
          recorder: field(line, 'recorder'),
          engineProgram: field(line, 'docker') || undefined,
          onRest(listener) {
            rest = listener;
            for (const piece of early.splice(0)) listener(piece);
          },
        });
        return;
      }
    });
    process.onEnd(({ error }) => {
      stopTimer();
      if (!isDone) reject(error ?? new BerthError('connection-lost', 'The host ended the program.'));
    });
  });
}

function field(line: string, name: string): string {
  return new RegExp(` ${name}=(\\S*)`).exec(line)?.[1] ?? '';
}

function reasonOf(line: string): string | undefined {
  const [kind, reason = '', subject = ''] = line.split(' ');
  if (kind !== 'berth-none') return undefined;
  switch (reason) {
    case 'tmux-missing':
      return 'tmux is not installed on its host. The doctor says how to install it.';
    case 'tmux-old':
      return `tmux ${subject} on its host is older than 3.2. The doctor says how to upgrade it.`;
    case 'no-punch-hole':
      return `The file system of ${subject} on its host cannot give parts of a file back, which keeping output needs.`;
    case 'program-old':
      return `${subject} on its host lacks what keeping output needs. The doctor says what to install.`;
    case 'program-missing':
      return `${subject} is not installed on its host. The doctor says how to install it.`;
    case 'folder':
      return `The folder ${subject} on its host cannot be used.`;
    default:
      return 'Its host has no /proc to look after terminals with.';
  }
}
