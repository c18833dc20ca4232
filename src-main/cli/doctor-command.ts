/** `berth doctor`: whether this computer and this Berth have what they need, and what each host's own doctor finds. */
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Finding } from '#contract/hosts.ts';
import type { Client } from '#renderer/transport/client.ts';
import { formatBytes } from './amounts.ts';
import { lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import type { Answer, Context, LocalCommand, LocalContext } from './command.ts';
import { describeFindings, isSerious, readFindings } from './findings.ts';
import type { PlaneAccess } from './plane-access.ts';

/** Below this, the database may not be written any more soon. */
const leastFreeBytes = 512 * 1024 * 1024;
const keychainTimeoutMs = 5_000;

type OwnFinding = Pick<Finding, 'check' | 'level' | 'title' | 'detail' | 'fix'>;

const doctor: LocalCommand = {
  name: 'doctor',
  words: '',
  wordCount: { min: 0, max: 0 },
  summary:
    'Looks at this computer, its data, its keychain and every host; exits with 1 when something serious is wrong.',
  flags: {
    all: { help: 'Shows what is well, too.' },
    'no-hosts': { help: 'Leaves hosts out.' },
  },
  readLocal: (typed) => async (context) => {
    const isAll = typed.has('all');
    const here = context.place.server === undefined ? await lookAtData(context.place.dataFolder) : [];
    const isMissing = here.some(({ check, level }) => check === 'data-folder' && level === 'problem');
    const plane = isMissing ? undefined : await opened(context, here);
    try {
      if (plane !== undefined) await lookAtPlane(plane, here);
      const hosts = plane === undefined || typed.has('no-hosts') ? [] : await lookAtEachHost(context, plane);
      return answer(here, hosts, { isAll, columns: context.terminal.columns });
    } finally {
      await plane?.close(context.interrupts.left);
    }
  },
};

interface HostFindings {
  readonly hostName: string;
  readonly findings: readonly Finding[];
}

function answer(
  here: readonly OwnFinding[],
  hosts: readonly HostFindings[],
  how: { readonly isAll: boolean; readonly columns: number | undefined },
): Answer {
  const own = here.map((finding) => ({ ...finding, why: '', command: null }));
  const all = [...own, ...hosts.flatMap(({ findings }) => findings)];
  return {
    json: { here: own, hosts },
    lines: [
      'Here',
      ...describeFindings(own, how),
      ...hosts.flatMap(({ hostName, findings }) => [
        '',
        `Host "${hostName}"`,
        ...describeFindings(findings, how),
      ]),
    ],
    ...(all.some(isSerious) ? { exitCode: 1 } : {}),
  };
}

async function lookAtData(dataFolder: string): Promise<OwnFinding[]> {
  const found: OwnFinding[] = [];
  const facts = await stat(dataFolder).catch(() => undefined);
  if (facts === undefined) {
    found.push({
      check: 'data-folder',
      level: 'problem',
      title: 'Data folder',
      detail: `There is none at ${dataFolder}.`,
      fix: 'berth serve',
    });
    return found;
  }
  const isPrivate = process.platform === 'win32' || (facts.mode & 0o077) === 0;
  const isWritable = await access(dataFolder, constants.W_OK).then(
    () => true,
    () => false,
  );
  found.push({
    check: 'data-folder',
    level: isWritable ? (isPrivate ? 'ok' : 'warning') : 'problem',
    title: 'Data folder',
    detail: isWritable
      ? `${dataFolder} ${isPrivate ? 'is this user’s alone.' : 'can be read by others.'}`
      : `${dataFolder} cannot be written.`,
    fix:
      isWritable && isPrivate
        ? null
        : isWritable
          ? `chmod 700 ${dataFolder}`
          : `Make ${dataFolder} writable for this user.`,
  });
  const disk = await statfs(dataFolder).catch(() => statfs(dirname(dataFolder)));
  const freeBytes = disk.bavail * disk.bsize;
  found.push({
    check: 'disk',
    level: freeBytes < leastFreeBytes ? 'problem' : 'ok',
    title: 'Free space',
    detail: `${formatBytes(freeBytes)} are free where the data is.`,
    fix: freeBytes < leastFreeBytes ? 'Free some space there: the database must be written.' : null,
  });
  return found;
}

async function opened(context: LocalContext, found: OwnFinding[]): Promise<PlaneAccess | undefined> {
  const what = { check: 'plane', title: 'Berth' };
  try {
    const plane = await context.openPlane();
    const where = context.place.server;
    found.push({
      ...what,
      level: 'ok',
      detail:
        where !== undefined
          ? `${where} answers.`
          : plane.isOwnPlane
            ? 'None runs; one was started for this.'
            : 'One runs and answers.',
      fix: null,
    });
    return plane;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    found.push({ ...what, level: 'problem', detail: message.split('\n')[0] ?? '', fix: null });
    return undefined;
  }
}

async function lookAtPlane({ client }: PlaneAccess, found: OwnFinding[]): Promise<void> {
  const about = await client.call('about.get', {});
  found.push({
    check: 'database',
    level: about.isReadOnly ? 'problem' : 'ok',
    title: 'Database',
    detail: about.isReadOnly
      ? 'It was written by a newer Berth, and is only read.'
      : `It is written by this Berth (${about.version}).`,
    fix: about.isReadOnly ? 'Use the newer Berth.' : null,
  });
  if (about.scopes.includes('credentials.read')) found.push(await lookAtKeychain(client));
}

async function lookAtKeychain(client: Client): Promise<OwnFinding> {
  const what = { check: 'keychain', title: 'Keychain' };
  for await (const { state, name, detail } of client.stream(
    'credentials.store',
    {},
    { signal: AbortSignal.timeout(keychainTimeoutMs) },
  ))
    return state === 'ready'
      ? { ...what, level: 'ok', detail: `Secrets are kept in: ${name}.`, fix: null }
      : {
          ...what,
          level: 'warning',
          detail: `${name}: ${detail}`,
          fix: 'Unlock it, or make a vault in Berth’s settings. Until then no password or key can be kept.',
        };
  return { ...what, level: 'warning', detail: 'It did not say how it is.', fix: null };
}

async function lookAtEachHost(
  local: LocalContext,
  { client, isOwnPlane, isRemote = false }: PlaneAccess,
): Promise<HostFindings[]> {
  const context: Context = { ...local, client, isOwnPlane, isRemote };
  await lookAtHosts(context);
  const hosts = await readAll(client, 'hosts.watch');
  return await Promise.all(
    hosts.map(async ({ id, name, state, desired }): Promise<HostFindings> => {
      try {
        if (state.phase === 'ready') return { hostName: name, findings: await readFindings(context, id) };
        const isMeant = desired === 'disconnected';
        const why = state.phase === 'failed' || state.phase === 'lost' ? state.error.message : '';
        return {
          hostName: name,
          findings: [
            away(isMeant, isMeant ? 'It is disconnected on purpose.' : `It is not connected. ${why}`.trim()),
          ],
        };
      } catch (error) {
        return {
          hostName: name,
          findings: [away(false, error instanceof Error ? error.message : String(error))],
        };
      }
    }),
  );
}

function away(isMeant: boolean, detail: string): Finding {
  return {
    check: 'connection',
    level: isMeant ? 'note' : 'problem',
    title: 'Connection',
    detail,
    why: '',
    fix: null,
    command: null,
  };
}

export const doctorCommands: readonly LocalCommand[] = [doctor];
