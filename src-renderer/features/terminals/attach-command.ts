/**
 * The command that joins a kept terminal from any shell on this person's computer: tmux on the host, by way of OpenSSH
 * where the host is far. Guarantees that a POSIX shell reads every word as it stands here, whatever names hold. Pure, but
 * for the row of the command table.
 */
import type { Host, SshDefinition, SshHop } from '#contract/hosts.ts';
import type { Terminal } from '#contract/terminals.ts';
import type { AppState, Command } from '../../state/commands.ts';
import { copyText } from './copy.ts';

/** Null where it ends with its connection, or its host is not known any more. */
export function attachCommandOf(
  terminal: Pick<Terminal, 'attachCommand'>,
  host: Pick<Host, 'definition'> | undefined,
): string | null {
  if (terminal.attachCommand === null || host === undefined) return null;
  const { definition } = host;
  // The shell there may be zsh, to which a word that begins with `=` is the name of a program.
  const there = terminal.attachCommand.split(' ').map(shellWord).join(' ');
  if (definition.kind === 'local') return there;
  return ['ssh', '-t', ...wayTo(definition), there].map(shellWord).join(' ');
}

/** The arguments of ssh(1) that lead where the definition does. */
function wayTo({ configName, address, port, user, jumps }: SshDefinition): string[] {
  const name = configName ?? bare(address ?? '');
  const destination = user === null ? name : `${user}@${name}`;
  return [
    ...(jumps.length > 0 ? ['-J', jumps.map(jumpWord).join(',')] : []),
    // Under a configured name 22 may be what the person set against the configuration.
    ...(port !== null && (port !== 22 || configName !== null) ? ['-p', String(port)] : []),
    ...(configName !== null && address !== null ? ['-o', `HostName=${bare(address)}`] : []),
    ...(destination.startsWith('-') ? ['--'] : []),
    destination,
  ];
}

function jumpWord({ user, address, port }: SshHop): string {
  const host = bare(address);
  return `${user}@${host.includes(':') ? `[${host}]` : host}${port === 22 ? '' : `:${port}`}`;
}

/** An IPv6 address stands in brackets in URLs, and not in what ssh(1) takes as a destination. */
function bare(address: string): string {
  return /^\[.*\]$/.test(address) ? address.slice(1, -1) : address;
}

/** One word of a shell, quoted only where it must be, in the way that is easiest to read. */
export function shellWord(text: string): string {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(text)) return text;
  if (!text.includes("'")) return `'${text}'`;
  if (!/["$`\\!]/.test(text)) return `"${text}"`;
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function hostOf({ target }: Terminal, state: AppState): Host | undefined {
  const id = target.kind === 'host' ? target.hostId : state.workspaces.get(target.workspaceId)?.hostId;
  return id === undefined ? undefined : state.hosts.get(id);
}

function commandIn(state: AppState): string | null {
  const terminal = state.subject?.kind === 'terminal' ? state.terminals.get(state.subject.id) : undefined;
  if (terminal === undefined || terminal.state.phase === 'ended') return null;
  return attachCommandOf(terminal, hostOf(terminal, state));
}

export const attachCommands: readonly Command[] = [
  {
    id: 'terminal.copy-attach',
    label: 'Copy attach command',
    description: 'Copies what joins this terminal from any shell; Ctrl+B, then D leaves it again.',
    menu: 'Terminal',
    group: 2,
    on: 'terminal',
    keywords: 'tmux ssh join session',
    isEnabled: (state) => commandIn(state) !== null,
    run: async (context) => {
      const command = commandIn(context.state);
      if (command === null) return;
      const isCopied = await copyText({ plain: command });
      context.notices.show(
        isCopied
          ? { level: 'done', title: 'Attach command copied', body: command }
          : { level: 'warning', title: 'The browser refused to copy', body: command },
      );
    },
  },
];
