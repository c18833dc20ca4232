/** A screen through its life: steps, the password's way, a desktop that starts, losses, rest. noVNC is stood in for. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BerthError } from '#contract/berth-error.ts';
import type { ScreenChannel } from '#renderer/features/screens/screen-channel.ts';
import { restAfterMs, startingForMs } from '#renderer/features/screens/screen-retries.ts';
import {
  answerWithinMs,
  screenDefaults,
  ScreenSession,
  type RemoteScreen,
} from '#renderer/features/screens/screen-session.ts';
import { planeStream } from './plane-stream.ts';

class StandInScreen extends EventTarget implements RemoteScreen {
  background = '';
  clipViewport = true;
  compressionLevel = -1;
  qualityLevel = -1;
  resizeSession = false;
  scaleViewport = false;
  viewOnly = false;
  readonly calls: unknown[] = [];
  readonly channel: ScreenChannel;
  constructor(channel: ScreenChannel) {
    super();
    this.channel = channel;
    channel.onclose = () => this.tell('disconnect');
  }
  tell(name: string, detail: object = {}) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
  approveServer() {
    this.calls.push('approve');
  }
  clipboardPasteFrom() {}
  disconnect() {
    this.calls.push('disconnect');
    this.channel.close();
  }
  focus() {}
  sendCredentials(credentials: object) {
    this.calls.push(credentials);
  }
  sendCtrlAltDel() {}
  sendKey() {}
  toBlob() {}
}

const secret = 'kR7-secret';
let screens: StandInScreen[] = [];
let planes: ReturnType<typeof planeStream>[] = [];
let password: () => Promise<string | null>;
let session: ScreenSession;

beforeEach(() => {
  vi.useFakeTimers();
  screens = [];
  planes = [];
  password = async () => secret;
  session = new ScreenSession({
    holder: {} as HTMLElement,
    options: screenDefaults,
    load: async () =>
      class extends StandInScreen {
        constructor(_target: HTMLElement, channel: object) {
          super(channel as ScreenChannel);
          screens.push(this);
        }
      },
    dial: () => {
      const plane = planeStream();
      planes.push(plane);
      return plane.stream;
    },
    readPassword: () => password(),
    userName: null,
    onClipboard: () => undefined,
  });
});
afterEach(() => {
  session.close();
  vi.useRealTimers();
});

const state = () => session.store.getState().state;
const settle = () => vi.advanceTimersByTimeAsync(0);
async function connected() {
  session.setReachable(true);
  session.setLookedAt(true);
  await settle();
  planes.at(-1)?.say('RFB 003.008\n');
  await settle();
  screens.at(-1)?.tell('connect');
}

describe('connecting', () => {
  it('goes step by step, and gives noVNC nothing before the server has spoken', async () => {
    expect(state()).toEqual({ phase: 'away' });
    session.setReachable(true);
    expect(state()).toEqual({ phase: 'connecting', step: 'loading' });
    await settle();
    expect(state()).toEqual({ phase: 'connecting', step: 'reaching' });
    expect(screens).toHaveLength(0);
    planes[0]?.say('RFB 003.008\n');
    await settle();
    expect(state()).toEqual({ phase: 'connecting', step: 'signing-in' });
    screens[0]?.tell('connect');
    expect(state()).toEqual({ phase: 'connected' });
    expect(session.screen).toBe(screens[0]);
  });

  it('puts the password in, and what pages are drawn from never has it', async () => {
    session.setReachable(true);
    await settle();
    planes[0]?.say('RFB 003.008\n');
    await settle();
    screens[0]?.tell('credentialsrequired', { types: ['password'] });
    await settle();
    expect(screens[0]?.calls).toEqual([{ password: secret }]);
    expect(state()).toEqual({ phase: 'connecting', step: 'drawing' });
    screens[0]?.tell('connect');
    expect(JSON.stringify(session.store.getState())).not.toContain(secret);
  });

  it('asks the person where Berth has none, uses it again after a loss, and forgets what was wrong', async () => {
    password = async () => null;
    session.setReachable(true);
    await settle();
    planes[0]?.say('RFB 003.008\n');
    await settle();
    screens[0]?.tell('credentialsrequired', { types: ['password'] });
    await settle();
    expect(state()).toEqual({ phase: 'asking' });
    expect(planes[0]?.isClosed()).toBe(true);
    session.signInWith('typed');
    await settle();
    planes[1]?.say('RFB 003.008\n');
    await settle();
    screens[1]?.tell('credentialsrequired', { types: ['password'] });
    await settle();
    expect(screens[1]?.calls).toEqual([{ password: 'typed' }]);
    screens[1]?.tell('securityfailure', { status: 1, reason: 'Authentication failed' });
    planes[1]?.sayEnd();
    await settle();
    expect(state()).toEqual({ phase: 'refused', reason: 'Authentication failed' });
    // Tried again only by a person: a VNC server locks everybody out after a few.
    await vi.advanceTimersByTimeAsync(startingForMs);
    expect(planes).toHaveLength(2);
    session.tryAgain();
    await settle();
    planes[2]?.say('RFB 003.008\n');
    await settle();
    screens[2]?.tell('credentialsrequired', { types: ['password'] });
    await settle();
    expect(state()).toEqual({ phase: 'asking' });
  });

  it('says so when the password cannot be read', async () => {
    password = () => Promise.reject(new BerthError('credential.vault-locked', 'The vault is locked.'));
    session.setReachable(true);
    await settle();
    planes[0]?.say('RFB 003.008\n');
    await settle();
    screens[0]?.tell('credentialsrequired', { types: ['password'] });
    await settle();
    expect(state()).toMatchObject({ phase: 'failed', error: { code: 'credential.vault-locked' } });
  });

  it('gives up on a port that says nothing', async () => {
    session.setReachable(true);
    await vi.advanceTimersByTimeAsync(answerWithinMs);
    expect(state()).toMatchObject({ phase: 'failed', error: { code: 'conflict' } });
    expect(planes[0]?.isClosed()).toBe(true);
  });

  it('says that what answers is no VNC', async () => {
    session.setReachable(true);
    await settle();
    planes[0]?.say('HTTP/1.1 400 Bad Request\r\n');
    await settle();
    screens[0]?.tell('disconnect');
    expect(state()).toMatchObject({ phase: 'failed', error: { code: 'conflict' } });
  });
});

describe('a desktop that is still starting', () => {
  const refuse = () =>
    planes.at(-1)?.fail(new BerthError('workspace.port-refused', 'Nothing listens on port 5900.'));

  it('is tried again for a minute, and its picture comes by itself', async () => {
    session.setReachable(true);
    await settle();
    refuse();
    await settle();
    expect(state()).toMatchObject({ phase: 'starting' });
    await vi.advanceTimersByTimeAsync(1_500);
    expect(planes).toHaveLength(2);
    // Not back to its first step, which would flicker.
    expect(state()).toMatchObject({ phase: 'starting' });
    planes[1]?.say('RFB 003.008\n');
    await settle();
    screens[0]?.tell('connect');
    expect(state()).toEqual({ phase: 'connected' });
  });

  it('fails with its own words after that', async () => {
    session.setReachable(true);
    for (let tries = 0; tries < 60 && state().phase !== 'failed'; tries += 1) {
      await settle();
      refuse();
      await vi.advanceTimersByTimeAsync(1_500);
    }
    expect(planes.length).toBeGreaterThan(30);
    expect(state()).toMatchObject({ phase: 'failed', error: { code: 'workspace.port-refused' } });
  });
});

describe('a way that is cut', () => {
  it('comes back by itself, at growing distances', async () => {
    await connected();
    const dials = [planes.length];
    for (const waitMs of [1_000, 2_000, 4_000]) {
      planes.at(-1)?.fail(new BerthError('connection-lost', 'The host went away.'));
      await settle();
      expect(state().phase).toBe('lost');
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(planes).toHaveLength(dials.at(-1) ?? 0);
      await vi.advanceTimersByTimeAsync(1);
      dials.push(planes.length);
    }
    expect(dials).toEqual([1, 2, 3, 4]);
    planes.at(-1)?.say('RFB 003.008\n');
    await settle();
    screens.at(-1)?.tell('connect');
    expect(state()).toEqual({ phase: 'connected' });
  });

  it('rests while the host is away, and connects at once when it is back', async () => {
    await connected();
    session.setReachable(false);
    expect(state()).toEqual({ phase: 'away' });
    expect(screens[0]?.calls).toContain('disconnect');
    expect(planes[0]?.isClosed()).toBe(true);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(planes).toHaveLength(1);
    session.setReachable(true);
    await settle();
    expect(planes).toHaveLength(2);
  });

  it('drops what an earlier attempt brings late', async () => {
    await connected();
    session.tryAgain();
    screens[0]?.tell('disconnect');
    await settle();
    expect(state()).toEqual({ phase: 'connecting', step: 'reaching' });
    planes[0]?.say('late');
    expect(planes).toHaveLength(2);
  });
});

describe('a screen that nobody looks at', () => {
  it('is let go after a minute and comes back when it is looked at', async () => {
    await connected();
    session.setLookedAt(false);
    await vi.advanceTimersByTimeAsync(restAfterMs - 1);
    expect(state()).toEqual({ phase: 'connected' });
    await vi.advanceTimersByTimeAsync(1);
    expect(state()).toEqual({ phase: 'resting' });
    expect(planes[0]?.isClosed()).toBe(true);
    session.setLookedAt(true);
    await settle();
    expect(planes).toHaveLength(2);
  });

  it('stays when it is looked at again in time', async () => {
    await connected();
    session.setLookedAt(false);
    await vi.advanceTimersByTimeAsync(restAfterMs - 1);
    session.setLookedAt(true);
    await vi.advanceTimersByTimeAsync(restAfterMs);
    expect(state()).toEqual({ phase: 'connected' });
  });
});

describe('options', () => {
  it('hold for the screen that is there and for the next', async () => {
    await connected();
    expect(screens[0]).toMatchObject({ resizeSession: true, scaleViewport: true, viewOnly: false });
    session.setOptions({ sizing: 'real', quality: 'low', isViewOnly: true });
    const wanted = {
      resizeSession: false,
      scaleViewport: false,
      viewOnly: true,
      qualityLevel: 2,
      compressionLevel: 8,
    };
    expect(screens[0]).toMatchObject(wanted);
    session.tryAgain();
    await settle();
    planes[1]?.say('RFB 003.008\n');
    await settle();
    expect(screens[1]).toMatchObject(wanted);
  });
});
