/**
 * Sessions on hosts that are the test: they outlive every way to them, print, end and are taken away at its word. One
 * FakeSessions is one host; each way to it is a FakeMultiplexer.
 */
import { BerthError } from '#contract/berth-error.ts';
import type {
  AttachedSession,
  CapturedScreen,
  MultiplexedPty,
  Multiplexer,
  SessionInfo,
  SessionPlace,
  SessionSpec,
} from '#main/control-plane/interfaces/multiplexer.ts';
import { FakePty } from './fake-pty.ts';

export class FakeMultiplexedPty extends FakePty implements MultiplexedPty {
  place: SessionPlace;
  unconfirmedBytes = 0;
  isReleased = false;
  readonly session: FakeSession;

  constructor(session: FakeSession, place: SessionPlace) {
    super();
    this.session = session;
    this.place = place;
  }
  override print(output: string | Uint8Array): void {
    const bytes = typeof output === 'string' ? Buffer.from(output) : output;
    this.place = { ...this.place, offset: this.place.offset + bytes.length };
    super.print(bytes);
  }
  measure(): Promise<{ streamMs: number; behindBytes: number }> {
    return Promise.resolve({ streamMs: 5, behindBytes: 7 });
  }
  release(): void {
    this.isReleased = true;
  }
  override kill(): Promise<void> {
    this.session.host.sessions.delete(this.session.id);
    return super.kill();
  }
}

export interface FakeSession {
  readonly id: string;
  readonly host: FakeSessions;
  readonly note: string;
  readonly size: { cols: number; rows: number };
  isEnded: boolean;
  /** The way to it that was opened last. */
  pty: FakeMultiplexedPty | undefined;
}

export class FakeSessions {
  readonly sessions = new Map<string, FakeSession>();
  /** What was asked of any way, in order. */
  readonly asked: string[] = [];
  /** Where each attachment was to go on. */
  readonly places: (SessionPlace | undefined)[] = [];
  /** Set: what is given to whoever attaches, in place of going on. */
  captured: CapturedScreen | null = null;
  /** Called before each attachment comes back; what it throws is what attaching throws. */
  onAttach: (id: string) => Promise<void> | void = () => {};
  #ways = new Set<FakeMultiplexer>();

  add(id: string, note: string): FakeSession {
    const size = { cols: 80, rows: 24 };
    const session: FakeSession = { id, host: this, note, size, isEnded: false, pty: undefined };
    this.sessions.set(id, session);
    return session;
  }
  way(): FakeMultiplexer {
    const way = new FakeMultiplexer(this);
    this.#ways.add(way);
    return way;
  }
  /** The connection is gone: each way is cut. */
  cut(error: unknown = new BerthError('connection-lost', 'The connection was lost.')): void {
    for (const { pty } of this.sessions.values()) pty?.end(null, error);
    for (const way of this.#ways) way.lose(error);
    this.#ways.clear();
  }
}

export class FakeMultiplexer implements Multiplexer {
  readonly version = '3.4';
  readonly engineProgram = '/usr/bin/docker';
  readonly host: FakeSessions;
  isClosed = false;
  readonly #lostListeners: ((error: unknown) => void)[] = [];

  constructor(host: FakeSessions) {
    this.host = host;
  }

  sessions(prefix: string): Promise<SessionInfo[]> {
    this.host.asked.push(`sessions ${prefix}`);
    return Promise.resolve(
      [...this.host.sessions.values()]
        .filter(({ id }) => id.startsWith(prefix))
        .map(({ id, note, size, isEnded }) => ({ id, note, size, isEnded })),
    );
  }
  open({ id, note }: SessionSpec): Promise<FakeMultiplexedPty> {
    this.host.asked.push(`open ${id}`);
    const session = this.host.add(id, note);
    session.pty = new FakeMultiplexedPty(session, { generation: 1, offset: 0 });
    return Promise.resolve(session.pty);
  }
  async attach(id: string, from: SessionPlace | undefined): Promise<AttachedSession> {
    this.host.asked.push(`attach ${id}`);
    this.host.places.push(from);
    await this.host.onAttach(id);
    const session = this.host.sessions.get(id);
    if (session === undefined) throw new BerthError('terminal.ended', 'It is not there.');
    const { captured } = this.host;
    session.pty = new FakeMultiplexedPty(session, from ?? { generation: 2, offset: 0 });
    return { pty: session.pty, captured };
  }
  end(id: string): Promise<void> {
    this.host.asked.push(`end ${id}`);
    this.host.sessions.delete(id);
    return Promise.resolve();
  }
  onLost(listener: (error: unknown) => void): void {
    this.#lostListeners.push(listener);
  }
  onSlow(): void {
    // It answers at once.
  }
  close(): void {
    this.isClosed = true;
  }
  lose(error: unknown): void {
    if (!this.isClosed) for (const listener of this.#lostListeners.splice(0)) listener(error);
  }
}
