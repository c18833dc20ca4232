/** A real ssh-agent(1) with given keys, in a folder of its own. Ends with stop(), or with the test process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureRequirements } from './requirements.ts';
import { runChecked } from './run-process.ts';
import { stopProcess } from './stop-process.ts';
import { waitUntil } from './wait-until.ts';

export interface SshAgent extends AsyncDisposable {
  /** For `SSH_AUTH_SOCK` or IdentityAgent. */
  readonly socketPath: string;
  readonly agentPid: number;
  readonly env: { readonly SSH_AUTH_SOCK: string };
  /** Adds a private key file (mode 0600). */
  add(keyPath: string, options?: { passphrase?: string }): Promise<void>;
  /** Fingerprints (`SHA256:…`) in the order in which the agent offers them. */
  fingerprints(): Promise<string[]>;
  /** ssh-add -x: the agent answers as if it had no keys, until unlock. */
  lock(passphrase: string): Promise<void>;
  unlock(passphrase: string): Promise<void>;
  stop(): Promise<void>;
}

export async function startSshAgent(keyPaths: readonly string[] = []): Promise<SshAgent> {
  await ensureRequirements(['ssh-keys']);
  const folder = await mkdtemp(join(tmpdir(), 'berth-agent-'));
  const socketPath = join(folder, 'agent.sock');
  // The agent ends when the pipe from us closes, however we end. (ssh-agent is set-group-id, which switches off the
  // kernel's own death signal; by itself it looks for its command's end every ten seconds only.)
  const lifeline = 'echo "$SSH_AGENT_PID"; cat >/dev/null; kill "$SSH_AGENT_PID"; rm -rf -- "$1"';
  const command = ['sh', '-c', lifeline, 'sh', folder];
  const child = spawn('ssh-agent', ['-a', socketPath, ...command], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [pidLine] = (await once(child.stdout, 'data')) as [Buffer];
  const agentPid = Number(pidLine.toString());
  await waitUntil(() => access(socketPath).then(() => true), { what: 'ssh-agent listens' });
  let stopped = false;
  const env = { SSH_AUTH_SOCK: socketPath };
  // ssh-add asks for passphrases through a program, again and again until it likes the answer: this one answers from the
  // environment, but only as often as a person would.
  const askPath = join(folder, 'ask');
  const countPath = join(folder, 'asked');
  const ask = `#!/bin/sh
echo >>"$BERTH_TEST_ASKED"
[ "$(wc -l <"$BERTH_TEST_ASKED")" -le "$BERTH_TEST_ANSWERS" ] || exit 1
printf "%s\\n" "$BERTH_TEST_PASSPHRASE"
`;
  await writeFile(askPath, ask, { mode: 0o700 });

  const sshAdd = async (args: string[], passphrase = '', answers = 1) => {
    await rm(countPath, { force: true });
    return runChecked(['ssh-add', ...args], {
      env: {
        ...process.env,
        ...env,
        SSH_ASKPASS: askPath,
        SSH_ASKPASS_REQUIRE: 'force',
        BERTH_TEST_PASSPHRASE: passphrase,
        BERTH_TEST_ASKED: countPath,
        BERTH_TEST_ANSWERS: String(answers),
      },
    });
  };

  const agent: SshAgent = {
    socketPath,
    agentPid,
    env,
    async add(keyPath, { passphrase } = {}) {
      await sshAdd(['-q', keyPath], passphrase);
    },
    async fingerprints() {
      const lines = await sshAdd(['-l']).catch((error: unknown) => {
        if (String(error).includes('no identities')) return '';
        throw error;
      });
      return lines.split('\n').flatMap((line) => line.split(' ')[1] ?? []);
    },
    async lock(passphrase) {
      // Asked twice: once more to be sure.
      await sshAdd(['-x'], passphrase, 2);
    },
    async unlock(passphrase) {
      await sshAdd(['-X'], passphrase);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
  for (const keyPath of keyPaths) await agent.add(keyPath);
  return agent;

  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    // Not by the command's end: the agent looks for that only every ten seconds.
    process.kill(agentPid, 'SIGTERM');
    await stopProcess(child);
    await rm(folder, { recursive: true, force: true });
  }
}
