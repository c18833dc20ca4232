/**
 * Brings terminals back when their host is: those that run on are attached again, those that are gone are told so, those
 * that were closed meanwhile are ended, and those that nobody remembers are shown. Then it ends what shells that are gone
 * left running in containers. Owns the tries; what a terminal is stays with the service.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { HostId, TerminalId } from '#contract/ids.ts';
import { TerminalTarget } from '#contract/terminals.ts';
import { delay } from '../delay.ts';
import type { HostLink } from '../hosts/host-links.ts';
import type { Clock } from '../interfaces/clock.ts';
import type { ContainerEngine } from '../interfaces/container-engine.ts';
import type { Log } from '../interfaces/log.ts';
import type {
  AttachedSession,
  Multiplexer,
  MultiplexerOffer,
  SessionInfo,
  SessionPlace,
} from '../interfaces/multiplexer.ts';
import { label } from '../workspaces/labels.ts';

/** Waits between tries on a link that lives, in milliseconds; the last one goes on. */
const retryMs = [300, 1_000, 3_000, 10_000];
/** Terminals attached at the same time: each opens a channel, and a far host answers slowly. */
const atOnce = 8;

/** A terminal that outlives its connection and is away. */
export interface AwayTerminal {
  readonly id: TerminalId;
  /** Where its output was left; undefined after a restart. */
  readonly place: SessionPlace | undefined;
  /** It was closed while nobody could end it. */
  readonly isClosing: boolean;
}

export interface TerminalReturnsDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Terminal ids of this Berth begin with it. */
  readonly prefix: string;
  readonly multiplexer: (link: HostLink) => Promise<MultiplexerOffer>;
  readonly awayOn: (hostId: HostId) => readonly AwayTerminal[];
  /** In use, or about to be. */
  readonly isKnown: (id: string) => boolean;
  /** Its shell lives, or may. */
  readonly isAlive: (id: string) => boolean;
  readonly onBack: (id: TerminalId, attached: AttachedSession) => void;
  /** There is no such session any more. */
  readonly onGone: (id: TerminalId, reason: string) => Promise<void> | void;
  readonly onFound: (
    link: HostLink,
    found: { id: string; target: TerminalTarget; info: SessionInfo },
  ) => void;
}

export class TerminalReturns {
  readonly #deps: TerminalReturnsDeps;
  /** Hosts that are being looked after. */
  readonly #running = new Set<HostId>();
  /** The link of whoever asked meanwhile. */
  readonly #next = new Map<HostId, HostLink>();
  readonly #works = new Set<Promise<void>>();
  readonly #closing = new AbortController();

  constructor(deps: TerminalReturnsDeps) {
    this.#deps = deps;
  }

  /** Looks after the terminals of a host that is there; once more if it does so already. */
  welcome(link: HostLink): void {
    const { hostId } = link;
    if (this.#running.has(hostId)) {
      this.#next.set(hostId, link);
      return;
    }
    this.#running.add(hostId);
    const signal = AbortSignal.any([link.signal, this.#closing.signal]);
    const work = this.#welcome({ ...link, signal }).finally(() => {
      this.#running.delete(hostId);
      this.#works.delete(work);
      // The host came back while the tries on its link before were being given up.
      const next = this.#next.get(hostId);
      this.#next.delete(hostId);
      if (next && !next.signal.aborted && !this.#closing.signal.aborted) this.welcome(next);
    });
    this.#works.add(work);
  }

  /** Gives up what is under way; resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#works);
  }

  async #welcome(link: HostLink): Promise<void> {
    const { clock, log } = this.#deps;
    const { hostId, signal } = link;
    for (let tries = 0; !signal.aborted; tries++) {
      this.#next.delete(hostId);
      const isAllBack = await this.#bringBack(link).catch((cause: unknown) => {
        if (!signal.aborted) log.info('terminals of a host are not back yet', { hostId, tries, cause });
        return false;
      });
      if (link.engine && tries === 0 && !signal.aborted) await this.#sweep(link, link.engine);
      const next = this.#next.get(hostId);
      if (next ? next.engine !== link.engine : isAllBack) return;
      await delay(clock, retryMs[Math.min(tries, retryMs.length - 1)] as number, signal).catch(
        () => undefined,
      );
    }
  }

  /** False when one of them has to be tried again. */
  async #bringBack(link: HostLink): Promise<boolean> {
    const { awayOn, multiplexer, isKnown, prefix } = this.#deps;
    const away = awayOn(link.hostId);
    if (away.length === 0 && !(await this.#runningOn(link)).some((id) => !isKnown(id))) return true;
    const offer = await multiplexer(link);
    if (!('multiplexer' in offer)) {
      // A host that cannot begin any, for want of space on its disk perhaps, may have kept those that it has.
      const running = new Set(away.length === 0 ? [] : await this.#runningOn(link));
      for (const { id } of away) if (!running.has(id)) await this.#deps.onGone(id, offer.reason);
      return !away.some(({ id }) => running.has(id));
    }
    const sessions = await offer.multiplexer.sessions(prefix);
    for (const info of sessions) {
      const target = targetOf(info.note);
      if (!isKnown(info.id) && target) this.#deps.onFound(link, { id: info.id, target, info });
    }
    const names = new Set(sessions.map(({ id }) => id));
    const waiting = [...awayOn(link.hostId)];
    let isAllBack = true;
    const work = async () => {
      for (let one = waiting.shift(); one && !link.signal.aborted; one = waiting.shift())
        isAllBack = (await this.#bringOne(offer.multiplexer, one, names.has(one.id), link)) && isAllBack;
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    return isAllBack;
  }

  async #bringOne(
    multiplexer: Multiplexer,
    { id, place, isClosing }: AwayTerminal,
    isThere: boolean,
    link: HostLink,
  ): Promise<boolean> {
    try {
      if (!isThere) {
        await this.#deps.onGone(id, `It does not run on “${link.hostName}” any more.`);
        return true;
      }
      if (isClosing) {
        await multiplexer.end(id);
        await this.#deps.onGone(id, 'It was closed.');
        return true;
      }
      this.#deps.onBack(id, await multiplexer.attach(id, place, link.signal));
      return true;
    } catch (error) {
      if (BerthError.is(error, 'terminal.ended')) {
        await this.#deps.onGone(id, `It does not run on “${link.hostName}” any more.`);
        return true;
      }
      if (!link.signal.aborted)
        this.#deps.log.info('a terminal is not back yet', { terminalId: id, cause: error });
      return false;
    }
  }

  /** Names of the sessions of ours that run there. Asks without starting anything. */
  async #runningOn({ connection, signal }: HostLink): Promise<string[]> {
    const { stdout } = await connection.runScript('terminal-sessions', [], { signal });
    return stdout
      .split('\n')
      .map((name) => name.trim())
      .filter((name) => name.startsWith(this.#deps.prefix));
  }

  async #sweep({ hostId, signal }: HostLink, engine: ContainerEngine): Promise<void> {
    const { isAlive, prefix, log } = this.#deps;
    try {
      for (const container of await engine.listContainers({ [label.managed]: '1' }, signal)) {
        if (container.state !== 'running' || signal.aborted) continue;
        const marked = await engine.listTerminals(container.id);
        const left = marked.filter((id) => id.startsWith(prefix) && !isAlive(id));
        if (left.length === 0) continue;
        const count = await engine.sweepTerminals(container.id, left);
        log.info('ended what lost terminals had left running', { hostId, terminals: left.length, count });
      }
    } catch (cause) {
      if (!signal.aborted) log.warn('leftovers of terminals could not be swept', { hostId, cause });
    }
  }
}

function targetOf(note: string): TerminalTarget | undefined {
  try {
    return TerminalTarget.safeParse(JSON.parse(note)).data;
  } catch {
    return undefined;
  }
}
