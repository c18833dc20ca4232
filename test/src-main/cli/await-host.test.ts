import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '#contract/hosts.ts';
import type { QuestionId } from '#contract/ids.ts';
import { awaitHost, lookAtHosts } from '#main/cli/await-host.ts';
import type { Context } from '#main/cli/command.ts';
import { createInterrupts } from '#main/cli/interrupts.ts';
import { connectLocalSocket } from '#main/server/local-socket.ts';
import { type ConnectedClient, createClient } from '#renderer/transport/client.ts';
import { CommandPlane, hostId, hostOf, workspaceOf } from '#test/harness/command-plane.ts';

const questionId: QuestionId = 'q_00000000000000000000';
let plane: CommandPlane;
let client: ConnectedClient;
let notes: string[];

beforeEach(async () => {
  plane = await CommandPlane.start(() => ({
    'questions.watch': async function* () {
      const base = { id: questionId, hostId: hostId(1), subject: 'dev@atlas:22' };
      const at = { askedAt: '2026-01-01T00:00:00.000Z', expiresAt: '2026-01-01T00:01:00.000Z' };
      const key = {
        kind: 'host-key' as const,
        keyType: 'ssh-ed25519',
        fingerprint: 'SHA256:x',
        alsoKnownAs: [],
      };
      yield { type: 'all' as const, revision: 0, items: [{ ...base, ...at, ...key }] };
    },
  }));
  const connection = await connectLocalSocket(plane.folder);
  if (connection === undefined) throw new Error('nobody there');
  client = createClient(connection);
  notes = [];
});
afterEach(async () => {
  client.close();
  await plane.close();
});

function context(isOwnPlane: boolean): Context {
  const terminal = {
    print: () => undefined,
    note: (line: string) => void notes.push(line),
    isWatched: false,
    status: () => undefined,
    columns: undefined,
    confirm: async () => false,
    canAsk: false,
    ask: async () => undefined,
    input: process.stdin,
    output: process.stdout,
    error: process.stderr,
  };
  return {
    client,
    isOwnPlane,
    isRemote: false,
    terminal,
    interrupts: createInterrupts(() => undefined),
    isJson: false,
  };
}
const at = '2026-01-01T00:00:00.000Z';
const put = (over: Partial<Host>) => plane.hosts.put(hostOf(1, { name: 'atlas', ...over }));
const snapshotsAre = (state: 'ready' | 'reading') =>
  plane.snapshotHosts.put({
    id: hostId(1),
    state,
    problem: null,
    folder: null,
    usedBytes: null,
    freeBytes: null,
    totalBytes: null,
  });

describe('waiting for a host', () => {
  it('is over when it is connected and has told what it has', async () => {
    put({});
    plane.workspaces.put(workspaceOf(1, { state: 'unknown' }));
    let isReady = false;
    const waiting = awaitHost(context(true), hostId(1), 5_000).then(() => {
      isReady = true;
    });
    plane.workspaces.put(workspaceOf(1));
    snapshotsAre('reading');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isReady).toBe(false);
    snapshotsAre('ready');
    await waiting;
    expect(notes).toEqual([]);
  });

  it('gives up, and says what the last attempt met', async () => {
    const error = { code: 'host.unreachable' as const, message: 'Nothing answers at atlas.', details: {} };
    put({
      state: { phase: 'lost', sinceAt: at, attempt: 3, retryAt: null, isWaitingForNetwork: false, error },
    });
    await expect(awaitHost(context(true), hostId(1), 100)).rejects.toThrow(
      /not connected within .*Nothing answers/,
    );
    put({ state: { phase: 'connecting', step: 'dialling', attempt: 1, hop: null } });
    await expect(awaitHost(context(true), hostId(1), 100)).rejects.toThrow('Is it up');
    expect(notes).toEqual(['Waiting for the host "atlas".', 'Waiting for the host "atlas".']);
  });

  it('ends at a question that nobody can answer here, with what to do', async () => {
    put({ state: { phase: 'needs-you', questionId } });
    await expect(awaitHost(context(true), hostId(1), 5_000)).rejects.toThrow(
      /"atlas" shows a key that is not trusted yet.*berth serve.*check the key/,
    );
    // Where a window may answer it, it is waited for.
    const waiting = awaitHost(context(false), hostId(1), 5_000);
    await expect.poll(() => notes).toHaveLength(1);
    put({});
    await waiting;
    expect(notes).toEqual(['The host "atlas" waits for an answer in Berth\'s window.']);
  });

  it.each<[string, Partial<Host>, string]>([
    [
      'failed for good',
      {
        state: {
          phase: 'failed',
          atAt: at,
          error: { code: 'host.auth-failed', message: 'Refused.', details: {} },
        },
      },
      'cannot be connected: Refused.',
    ],
    ['left alone on purpose', { desired: 'disconnected', state: { phase: 'disconnected' } }, 'on purpose'],
    [
      'without an engine',
      { state: { phase: 'ready', sinceAt: at, roundTripMs: null, engineRoute: 'none', engineError: null } },
      'no container engine',
    ],
  ])('ends at a host that is %s', async (_what, over, message) => {
    put(over);
    await expect(awaitHost(context(true), hostId(1), 5_000)).rejects.toThrow(message);
  });

  it('ends at a host that is gone', async () => {
    await expect(awaitHost(context(true), hostId(7), 5_000)).rejects.toThrow('was removed');
  });

  it('is no failure for a list: what is away is said', async () => {
    put({
      state: {
        phase: 'failed',
        atAt: at,
        error: { code: 'host.auth-failed', message: 'Refused.', details: {} },
      },
    });
    await lookAtHosts(context(false));
    expect(notes).toEqual([]);
    await lookAtHosts(context(true));
    expect(notes).toEqual([
      'What is shown of the host "atlas" is the last that was known. The host "atlas" cannot be connected: Refused.',
    ]);
  });
});
