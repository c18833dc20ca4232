/**
 * What must be true of hosts and of a plane whenever nothing is under way, however the work before it ended: the list of
 * snapshots is what the hosts hold and all of it can be read, no workspace stands still, and nothing is left of what was
 * half made.
 */
import type { Host } from '#contract/hosts.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { RemoteHost } from '#test/servers/remote-host.ts';
import { waitUntil } from '#test/servers/wait-until.ts';
import { readFile } from 'node:fs/promises';
import type { TestPlane } from './start-plane.ts';

export interface TestHost {
  readonly remote: RemoteHost;
  readonly host: Host;
}

const STORE = '/var/lib/berth/snapshots';
const program = new URL('../../resources/remote/snapshot-helper.py', import.meta.url).pathname;

export const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const labelled = async ({ remote }: TestHost, what: string[], label: string, format: string) =>
  lines(await remote.docker(...what, '--filter', `label=${label}`, '--format', format)).toSorted();

/**
 * Helpers that are there, but for those of one connection that do not run: a Berth or an engine that dies leaves them, and
 * they are swept by age (helper-sweep.ts).
 */
async function helpersOn({ remote }: TestHost): Promise<string[]> {
  const format = '{{.State}} {{.Names}} {{.Label "dev.berth.helper-attached"}}';
  const all = lines(
    await remote.docker('ps', '--all', '--filter', 'label=dev.berth.helper', '--format', format),
  ).map((line) => line.split(' '));
  const left = all.filter(([state, , attached]) => attached === '' || state === 'running');
  return left.map(([, name]) => name ?? '');
}

/** Everything in the folder of snapshots, hidden or not. */
export async function storeOf({ remote }: TestHost): Promise<string[]> {
  const { stdout } = await remote.run(['ls', '-A', STORE]);
  return lines(stdout).filter((name) => name !== 'lost+found');
}

export function allEnded(plane: TestPlane): Promise<boolean> {
  const find = (all: { endedAt: string | null }[]) =>
    all.every(({ endedAt }) => endedAt !== null) ? true : undefined;
  return plane.until('operations.watch', {}, find, 120_000);
}

/** Waits for the end of every operation, and then for the truth of all the rest. */
export async function expectNothingHalf(plane: TestPlane, hosts: readonly TestHost[]): Promise<void> {
  await allEnded(plane);
  await waitUntil(async () => (await faultsOf(plane, hosts)).length === 0, {
    what: 'everything is whole',
    timeoutMs: 30_000,
    intervalMs: 100,
  }).catch(async () => {
    throw new Error((await faultsOf(plane, hosts)).join('\n'));
  });
  for (const one of hosts) for (const id of await storeOf(one)) await expectVerified(one, id);
}

async function expectVerified({ remote }: TestHost, id: string): Promise<void> {
  const argv = ['python3', '-', 'verify', `--store=${STORE}`, `--id=${id}`];
  const { stdout, exitCode } = await remote.run(argv, { input: await readFile(program) });
  if (exitCode !== 0) throw new Error(`${id} cannot be verified: ${stdout}`);
}

async function faultsOf(plane: TestPlane, hosts: readonly TestHost[]): Promise<string[]> {
  const faults: string[] = [];
  const same = (what: string, found: string[], expected: string[]) => {
    const wish = expected.toSorted();
    if (JSON.stringify(found) !== JSON.stringify(wish))
      faults.push(`${what}: there is [${found.join(', ')}] instead of [${wish.join(', ')}]`);
  };
  const everything = <T>(all: T[]) => all;
  const listed = await plane.until('snapshots.watch', {}, everything);
  const workspaces: Workspace[] = await plane.until('workspaces.watch', {}, everything);
  const undos = await plane.until('snapshots.undos', {}, everything);
  for (const one of hosts) {
    const { id, name } = one.host;
    const mine = workspaces.filter(({ hostId }) => hostId === id);
    const kept = undos.filter(({ hostId }) => hostId === id).map(({ volumeName }) => volumeName);
    const ours = 'dev.berth.managed';
    const workspaceOf = '{{.Label "dev.berth.workspace"}}';
    same(
      `snapshots on ${name}`,
      (await storeOf(one)).toSorted(),
      listed.filter((snapshot) => snapshot.hostId === id).map((snapshot) => snapshot.id),
    );
    same(`helpers on ${name}`, await helpersOn(one), []);
    same(
      `containers on ${name}`,
      await labelled(one, ['ps', '--all'], 'dev.berth.workspace', `${workspaceOf} {{.State}}`),
      mine.map((workspace) => `${workspace.id} ${workspace.desired === 'running' ? 'running' : 'exited'}`),
    );
    same(`volumes on ${name}`, await labelled(one, ['volume', 'ls'], ours, '{{.Name}}'), [
      ...mine.map(({ volumeName }) => volumeName),
      ...kept,
    ]);
    same(
      `networks on ${name}`,
      await labelled(one, ['network', 'ls'], ours, workspaceOf),
      mine.map((workspace) => workspace.id),
    );
  }
  for (const { name, state, desired, operationId, problem } of workspaces)
    if (state !== desired || operationId !== null || problem !== null)
      faults.push(`“${name}” is ${state}, ${operationId ?? 'idle'}, ${problem?.message ?? 'well'}`);
  return faults;
}
