/** Terminals in each state that they can be in, for pictures: one to a number, since a tab shows one. */
import type { Terminal } from '#contract/terminals.ts';
import { host, project, ready, type Scene, terminal, workspace } from './scenes.ts';

const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
const idOf = (n: number): Terminal['id'] => `term_${String(n).padStart(20, '0')}`;

/** What each number shows. */
export const terminalStates = {
  live: 1,
  lost: 2,
  refused: 3,
  behind: 4,
  silent: 5,
  back: 6,
  ended: 7,
  gone: 8,
  plain: 9,
  waiting: 10,
} as const;
export const terminalRef = (name: keyof typeof terminalStates) => ({
  type: 'terminal',
  terminalId: idOf(terminalStates[name]),
});

function on(
  name: keyof typeof terminalStates,
  title: string,
  hostN: number,
  more: Partial<Terminal> = {},
): Terminal {
  return {
    ...terminal(terminalStates[name], title, 1),
    target: { kind: 'host', hostId: `host_${String(hostN).padStart(20, '0')}` },
    ...more,
  };
}

const screen = [
  'dev@atlas:~/api$ npm test',
  '\u001b[32m ✓\u001b[39m routes/things.test.ts (48 tests) 412 ms',
  '\u001b[31m ✗\u001b[39m routes/users.test.ts (12 tests, 1 failed) 88 ms',
  '   expected 200, received 404',
  'dev@atlas:~/api$ ',
].join('\r\n');

const states: Scene = {
  hosts: [
    host(1, 'atlas', ready(12)),
    host(2, 'do-fra1', {
      phase: 'lost',
      sinceAt: ago(600),
      attempt: 3,
      retryAt: ago(-24),
      isWaitingForNetwork: false,
      error: { code: 'host.unreachable', message: 'No answer from 203.0.113.7.', details: {} },
    }),
    host(3, 'a-host-with-a-name-of-forty-characters-x', {
      phase: 'lost',
      sinceAt: ago(200_000),
      attempt: 1,
      retryAt: null,
      isWaitingForNetwork: true,
      error: { code: 'host.unreachable', message: 'The network is down.', details: {} },
    }),
  ],
  workspaces: [workspace(1, 'api-server', 1, 'running')],
  projects: [project],
  screen,
  terminals: [
    on('live', 'bash', 1),
    on('lost', 'npm run dev', 2, { state: { phase: 'lost', at: ago(600), unconfirmedBytes: 37 } }),
    on('refused', 'psql', 2, { state: { phase: 'lost', at: ago(600), unconfirmedBytes: 1 } }),
    on('behind', 'make -j16', 1),
    on('silent', 'htop', 1),
    on('back', 'vim src/index.ts', 1, { state: { phase: 'live', reattachedAt: ago(0) } }),
    on('ended', 'python train.py', 1, {
      state: { phase: 'ended', at: ago(60), exitCode: 137, error: null },
    }),
    on('gone', 'tail -f log', 1, {
      state: {
        phase: 'ended',
        at: ago(60),
        exitCode: null,
        error: {
          code: 'terminal.ended',
          message:
            'The shell in “api-server” on “atlas” is gone. It does not run on “a-host-with-a-name-of-forty-characters-x” any more.',
          details: { reason: 'gone' },
        },
      },
    }),
    on('plain', 'bash', 1, {
      lifetime: 'connection',
      lifetimeNote: 'tmux is not installed on its host. The doctor says how to install it.',
      attachCommand: null,
    }),
    on('waiting', 'ssh bastion', 3, {
      state: { phase: 'lost', at: ago(200_000), unconfirmedBytes: 65_536 },
    }),
  ],
  measures: {
    [idOf(terminalStates.live)]: { hostMs: 11, streamMs: 12, behindBytes: 0 },
    [idOf(terminalStates.plain)]: { hostMs: 11, streamMs: null, behindBytes: 0 },
    [idOf(terminalStates.back)]: { hostMs: 11, streamMs: 12, behindBytes: 0 },
    [idOf(terminalStates.behind)]: { hostMs: 11, streamMs: null, behindBytes: 12 * 1024 ** 2 },
    [idOf(terminalStates.silent)]: 'never',
  },
  flooding: [idOf(terminalStates.behind)],
};

export const terminalScenes = {
  terminals: states,
  found: {
    ...states,
    terminals: [
      on('live', 'bash', 1),
      ...(['behind', 'silent', 'back'] as const).map((name) => on(name, 'bash', 1, { isFound: true })),
    ],
  },
} satisfies Record<string, Scene>;
