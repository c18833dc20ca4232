import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SshDefinition } from '#contract/hosts.ts';
import { settingsDefaults } from '#contract/settings.ts';
import { attachCommandOf, attachCommands, shellWord } from '#renderer/features/terminals/attach-command.ts';
import type { AppState } from '#renderer/state/commands.ts';
import { initialView } from '#renderer/state/view-state.ts';
import { host, ready, terminal, workspace } from '../../scenes.ts';

const attachCommand = 'tmux -u -L berth attach -t =term_1';
const there = `"tmux -u -L berth attach -t '=term_1'"`;
const definition: SshDefinition = {
  kind: 'ssh',
  configName: null,
  address: 'atlas.example',
  port: 22,
  user: 'dev',
  auth: { method: 'automatic' },
  jumps: [],
  engineSocket: null,
};
const commandFor = (change: Partial<SshDefinition>) =>
  attachCommandOf({ attachCommand }, { definition: { ...definition, ...change } });

describe('the command that joins a terminal', () => {
  it('is that of tmux on this computer', () => {
    expect(attachCommandOf({ attachCommand }, { definition: { kind: 'local', socketPath: null } })).toBe(
      "tmux -u -L berth attach -t '=term_1'",
    );
  });

  it.each<[string, Partial<SshDefinition>, string]>([
    ['a host', {}, `dev@atlas.example ${there}`],
    ['another port', { port: 2222 }, `-p 2222 dev@atlas.example ${there}`],
    ['an IPv6 address', { address: '[2001:db8::1]' }, `dev@2001:db8::1 ${there}`],
    [
      'a name of the configuration',
      { configName: 'atlas', address: null, port: null, user: null },
      `atlas ${there}`,
    ],
    [
      'one that the person set something against',
      { configName: 'atlas', address: '10.0.0.1', port: 22, user: 'root' },
      `-p 22 -o HostName=10.0.0.1 root@atlas ${there}`,
    ],
    [
      'hosts in between',
      {
        jumps: [
          { address: 'gate.example', port: 22, user: 'a', auth: { method: 'automatic' } },
          { address: '::1', port: 2200, user: 'b', auth: { method: 'automatic' } },
        ],
      },
      `-J 'a@gate.example,b@[::1]:2200' dev@atlas.example ${there}`,
    ],
    ['a user of a domain', { user: 'CORP\\dev' }, `'CORP\\dev@atlas.example' ${there}`],
    [
      'a name that looks like an option',
      { configName: '-oProxyCommand=x', user: null, port: null, address: null },
      `-- -oProxyCommand=x ${there}`,
    ],
    [
      'a name that a shell would run',
      { configName: '$(reboot)', user: null, port: null, address: null },
      `'$(reboot)' ${there}`,
    ],
  ])('leads to %s', (_what, change, expected) => {
    expect(commandFor(change)).toBe(`ssh -t ${expected}`);
  });

  it('reaches the program as it is, through the shell here and the shell there', () => {
    // In the place of ssh: it hands its last argument to a shell of the host, as sshd does.
    const script = `ssh() { for last; do :; done; sh -c "tmux() { printf '%s|' \\"\\$@\\"; }; $last"; }; ${commandFor({})}`;
    for (const shell of ['sh', 'bash']) {
      const { stdout, stderr } = spawnSync(shell, ['-c', script], { encoding: 'utf8' });
      expect([stdout, stderr]).toEqual(['-u|-L|berth|attach|-t|=term_1|', '']);
    }
  });

  it('quotes every word so that a shell reads it as it stands', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary-ascii', minLength: 1 }), { minLength: 1, maxLength: 40 }),
        (words) => {
          const given = words.map((word) => word.replaceAll('\0', ''));
          const script = `printf '%s\\0' ${given.map(shellWord).join(' ')}`;
          const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
          expect(stdout).toBe(given.map((word) => `${word}\0`).join(''));
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('the row of the palette', () => {
  const [row] = attachCommands;
  const shown = terminal(1, 'bash', 1);
  const stateWith = (change: Partial<typeof shown>): AppState => {
    const subject = { ...shown, ...change };
    return {
      about: null,
      connection: { phase: 'open' },
      settings: settingsDefaults,
      machines: new Map(),
      hosts: new Map([[host(1, 'atlas', ready(1)).id as string, host(1, 'atlas', ready(1))]]),
      projects: new Map(),
      workspaces: new Map([
        [workspace(1, 'api', 1, 'running').id as string, workspace(1, 'api', 1, 'running')],
      ]),
      terminals: new Map([[subject.id as string, subject]]),
      forwards: new Map(),
      operations: new Map(),
      hostLeases: new Map(),
      lifecycles: new Map(),
      snapshots: new Map(),
      restoreUndos: new Map(),
      view: { ...initialView(), overlay: null, paletteText: '', isDrawerOpen: false, renamingId: null },
      subject: { kind: 'terminal', id: subject.id },
    };
  };

  it('is there for a terminal that is kept, in a workspace or on a host, also while it is away', () => {
    expect(row?.isEnabled(stateWith({}))).toBe(true);
    expect(row?.isEnabled(stateWith({ target: { kind: 'host', hostId: host(1, 'a', ready(1)).id } }))).toBe(
      true,
    );
    const lost = { phase: 'lost', at: shown.openedAt, unconfirmedBytes: 0 } as const;
    expect(row?.isEnabled(stateWith({ state: lost }))).toBe(true);
  });

  it('is not there for one that ends with its connection, has ended, or whose host is gone', () => {
    expect(row?.isEnabled(stateWith({ attachCommand: null }))).toBe(false);
    const ended = { phase: 'ended', at: shown.openedAt, exitCode: 0, error: null } as const;
    expect(row?.isEnabled(stateWith({ state: ended }))).toBe(false);
    expect(row?.isEnabled(stateWith({ target: { kind: 'host', hostId: host(2, 'b', ready(1)).id } }))).toBe(
      false,
    );
    expect(row?.isEnabled({ ...stateWith({}), subject: null })).toBe(false);
  });
});
