/**
 * Tells the end of a connection which SSH carries from its being broken off: SSH has one word for both (RFC 4254, 5.3). The
 * host's kernel knows: what the server has ended stays half-open until we end it too (CLOSE-WAIT, RFC 9293, 3.3.2), and what
 * it has reset is gone. Asked only about connections that are still open from here a moment after their other end. In
 * doubt it was an end, as it is for everybody else: where the kernel does not say, where others have such connections to the
 * same port, and where several ended at once in both ways.
 */
import { delay } from '../delay.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { HostConnection } from '../interfaces/host-connection.ts';

/** Most who are told the end do the same at once, and then there is nothing to ask. Milliseconds. */
const settleMs = 5;

export interface HalfEnded {
  /** Ended from here too, or given up. */
  readonly isOver: () => boolean;
}

interface Port {
  /** The server has ended them, and we have not. */
  readonly known: Set<HalfEnded>;
  /** For the next look, which begins when the last one is over. */
  readonly waiting: Set<HalfEnded>;
  looking: Promise<boolean> | undefined;
  next: Promise<boolean> | undefined;
}

export class EndWitness {
  readonly #host: Pick<HostConnection, 'exec'>;
  readonly #address: string;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #ports = new Map<number, Port>();

  /** `address`: IPv4, of the servers. */
  constructor(host: Pick<HostConnection, 'exec'>, address: string, clock: Pick<Clock, 'after'>) {
    this.#host = host;
    this.#address = address;
    this.#clock = clock;
  }

  /** Of a connection to this port whose other end has just ended. Never rejects. */
  async wasReset(port: number, half: HalfEnded): Promise<boolean> {
    await delay(this.#clock, settleMs);
    if (half.isOver()) return false;
    const found = this.#ports.get(port) ?? {
      known: new Set(),
      waiting: new Set(),
      looking: undefined,
      next: undefined,
    };
    this.#ports.set(port, found);
    found.waiting.add(half);
    found.next ??= (async () => {
      await found.looking;
      found.next = undefined;
      found.looking = this.#look(port, found);
      return await found.looking;
    })();
    return await found.next;
  }

  /** Whether all that waited are gone. */
  async #look(port: number, { known, waiting }: Port): Promise<boolean> {
    const asked = [...waiting];
    waiting.clear();
    const count = await this.#halfOpen(port);
    // What was ended meanwhile may have been counted or not: without it there is rather too much than too little.
    for (const half of known) if (half.isOver()) known.delete(half);
    const areGone = count !== undefined && count <= known.size;
    if (!areGone) for (const half of asked) if (!half.isOver()) known.add(half);
    if (known.size === 0 && waiting.size === 0) this.#ports.delete(port);
    return areGone;
  }

  async #halfOpen(port: number): Promise<number | undefined> {
    const bytes = this.#address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
    // As a number in the machine's own order (proc_net_tcp.txt of the kernel).
    const address = `(${[...bytes].reverse().join('')}|${bytes.join('')})`.toUpperCase();
    const place = `${address}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    try {
      const { stdout, exitCode } = await this.#host.exec(['grep', '-cE', ` ${place} 08 `, '/proc/net/tcp']);
      // 1: no line, which is an answer.
      return exitCode === 0 || exitCode === 1 ? numberIn(stdout) : undefined;
    } catch {
      return undefined;
    }
  }
}

function numberIn(text: string): number | undefined {
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}
