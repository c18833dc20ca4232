/** `berth workspace …`: making, starting, stopping, watching and destroying them. */
import type { Operation } from '#contract/operations.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { Host } from '#contract/hosts.ts';
import type { Project } from '#contract/projects.ts';
import { formatBytes, formatDuration, formatInstant } from './amounts.ts';
import { awaitHost, lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import { type Answer, type Context, type Flag, type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { findWorkspace, pickHost, presentWorkspace, type Subject } from './find-workspace.ts';
import { followCall, followOperation } from './follow-operation.ts';
import { createProject, pickProject } from './project-commands.ts';
import { projectFlags, readProjectFlags } from './project-flags.ts';
import { agreed, readyWorkspace } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';
import { writeOut } from './write-out.ts';

export const detachFlag: Flag = { short: 'd', help: 'Does not wait until it is done.' };

/** The host that is meant, or the only one. @throws CommandFailure */
export function hostOrOnly(word: string | undefined, hosts: readonly Host[]): Host {
  if (word !== undefined) return pickHost(word, hosts);
  const [only, ...others] = hosts;
  if (only === undefined) throw new CommandFailure('There is no host. Add one: berth host add <address>');
  if (others.length === 0) return only;
  throw new CommandFailure(
    ['There are several hosts. Say which: --host HOST', ...hosts.map(({ name }) => `  ${name}`)].join('\n'),
  );
}

export interface NewWorkspace {
  readonly name: string;
  readonly project: Project;
  readonly host: Host;
  readonly isDetached: boolean;
}

/** In a plane of our own nobody would go on with it: there it is waited for. */
export function mayDetach({ isOwnPlane }: Context, isAsked: boolean): boolean {
  if (isAsked && isOwnPlane)
    throw new CommandFailure(
      'There is no Berth that would go on with it. Start one (berth serve), or leave --detach out.',
    );
  return isAsked;
}

export async function createWorkspace(context: Context, wish: NewWorkspace): Promise<Answer> {
  const { client } = context;
  const { name, project, host } = wish;
  await awaitHost(context, host.id);
  const begin = async () => {
    const made = await client.call('workspaces.create', {
      name,
      projectId: project.id,
      hostId: host.id,
      volumeName: null,
    });
    return { operation: made.operation, result: made.workspace };
  };
  if (wish.isDetached) {
    const { operation, result } = await begin();
    return { json: { workspace: result, operation }, lines: [`Making "${name}": ${result.id}`] };
  }
  const made = await followOperation(context, begin);
  const now = (await readAll(client, 'workspaces.watch')).find(({ id }) => id === made.id) ?? made;
  return { json: now, lines: [`Made "${name}" on "${host.name}": ${now.id}`] };
}

const create: PlaneCommand = {
  name: 'workspace create',
  words: '<name>',
  wordCount: { min: 1, max: 1 },
  summary: 'Makes a workspace of a project, and starts it.',
  details: [
    'With --image and no --project, a project of the same name is made for it; the other flags describe that.',
  ],
  flags: {
    project: { value: 'PROJECT', help: 'What it is made of.' },
    host: { value: 'HOST', help: 'Where; not needed where there is one host.' },
    detach: detachFlag,
    ...projectFlags,
  },
  read: (typed) => {
    const name = newName('The name', typed.words[0] ?? '');
    const projectWord = typed.text('project');
    const wish = readProjectFlags(typed);
    if ((projectWord === undefined) === (wish.change.image === undefined))
      throw new TypedWrong('Say what it is made of: --project PROJECT, or --image IMAGE. One of them.');
    const hostWord = typed.text('host');
    return async (context) => {
      const { client } = context;
      const host = hostOrOnly(hostWord, await readAll(client, 'hosts.watch'));
      const isDetached = mayDetach(context, typed.has('detach'));
      if (projectWord !== undefined) {
        const project = pickProject(projectWord, await readAll(client, 'projects.watch'));
        return await createWorkspace(context, { name, project, host, isDetached });
      }
      await awaitHost(context, host.id);
      const project = await createProject(context, name, wish);
      return await createWorkspace(context, { name, project, host, isDetached }).catch(
        async (error: unknown) => {
          await client.call('projects.remove', { id: project.id }).catch(() => undefined);
          throw error;
        },
      );
    };
  },
};

function working(given: {
  readonly verb: 'start' | 'stop' | 'restart';
  readonly summary: string;
  readonly done: string;
}): PlaneCommand {
  const method = `workspaces.${given.verb}` as const;
  return {
    name: `workspace ${given.verb}`,
    words: '<workspace>…',
    wordCount: { min: 1, max: 100 },
    summary: given.summary,
    flags: { detach: detachFlag },
    read: (typed) => async (context) => {
      const isDetached = mayDetach(context, typed.has('detach'));
      const ended: Operation[] = [];
      const lines: string[] = [];
      for (const word of typed.words) {
        const { id, name } = await readyWorkspace(context, word);
        const call = () => context.client.call(method, { id });
        ended.push(isDetached ? await call() : await followCall(context, call));
        lines.push(isDetached ? `${given.verb}: "${name}"` : `"${name}" ${given.done}`);
      }
      return { json: ended.length === 1 ? ended[0] : ended, lines };
    },
  };
}

const status: PlaneCommand = {
  name: 'workspace status',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Shows how a workspace is; exits with 1 when it is not running.',
  flags: {},
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const subject = await findWorkspace(context, word);
      await lookAtHosts(context, [subject.hostId]);
      const { hostName } = subject;
      const all = await readAll(context.client, 'workspaces.watch');
      const one = all.find(({ id }) => id === subject.id) ?? presentWorkspace(subject);
      return {
        json: { ...one, hostName },
        lines: describe(one, hostName),
        ...(one.state === 'running' ? {} : { exitCode: 1 }),
      };
    };
  },
};

function describe(one: Workspace, hostName: string): string[] {
  const { limits, problem, startedAt, lastKnown, note } = one;
  const rows = [
    ['Name', one.name],
    ['Id', one.id],
    ['State', one.state],
    ...(one.state === 'unknown' && lastKnown !== null
      ? [['Last known', `${lastKnown.state}, ${formatInstant(lastKnown.at)}`]]
      : []),
    ...(one.state === 'running' && startedAt !== null
      ? [['Running for', formatDuration(Date.now() - Date.parse(startedAt))]]
      : []),
    ['Host', hostName],
    ['Project', one.projectName],
    ['Image', one.image],
    ['Mount point', one.mountPoint],
    ['Processors', limits.cpus === null ? 'no limit' : String(limits.cpus)],
    ['Memory', limits.memoryBytes === null ? 'no limit' : formatBytes(limits.memoryBytes)],
    ['Made', formatInstant(one.createdAt)],
    ...(problem === null ? [] : [['Problem', problem.message]]),
    ...(note ? [['Note', note]] : []),
  ];
  return formatTable({ headings: ['WHAT', 'VALUE'], rows });
}

const rename: PlaneCommand = {
  name: 'workspace rename',
  words: '<workspace> <new name>',
  wordCount: { min: 2, max: 2 },
  summary: 'Gives a workspace another name; nothing restarts.',
  flags: {},
  read: (typed) => {
    const [word = '', nameWord = ''] = typed.words;
    const name = newName('The name', nameWord);
    return async (context) => {
      const subject = await readyWorkspace(context, word);
      const changed = await context.client.call('workspaces.rename', { id: subject.id, name });
      return { json: changed, lines: [`"${subject.name}" is called "${changed.name}" now.`] };
    };
  },
};

const remove: PlaneCommand = {
  name: 'workspace remove',
  aliases: ['workspace rm', 'workspace destroy'],
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Destroys a workspace; its files stay as a kept volume unless told otherwise.',
  flags: {
    'delete-files': { help: 'Deletes its files, too, for good.' },
    detach: detachFlag,
    yes: yesFlag,
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    const keepVolume = !typed.has('delete-files');
    return async (context) => {
      const isDetached = mayDetach(context, typed.has('detach'));
      const subject = await findWorkspace(context, word);
      const { state } = presentWorkspace(subject);
      if (state === 'missing') return await forget(context, subject, typed.has('yes'));
      await awaitHost(context, subject.hostId);
      return await destroyWorkspace(context, subject, { keepVolume, isYes: typed.has('yes'), isDetached });
    };
  },
};

async function forget(context: Context, { id, name }: Subject, isYes: boolean): Promise<Answer> {
  await agreed(context, {
    lines: [`"${name}" is not on its host any more. Berth forgets it; its snapshots stay.`],
    question: 'Forget it?',
    isYes,
  });
  await context.client.call('workspaces.forget', { id });
  return { json: { id }, lines: [`Forgot "${name}".`] };
}

export async function destroyWorkspace(
  context: Context,
  { id, name }: Subject,
  how: { readonly keepVolume: boolean; readonly isYes: boolean; readonly isDetached: boolean },
): Promise<Answer> {
  const { client } = context;
  const { keepVolume } = how;
  const plan = await client.call('workspaces.destroyPlan', { id, keepVolume });
  await agreed(context, {
    lines: [
      ...plan.deletes.map(({ what, detail }) => `Deletes ${what}: ${detail}`),
      ...plan.keeps.map(({ what, detail }) => `Keeps ${what}: ${detail}`),
    ],
    question: `Destroy "${name}"?`,
    isYes: how.isYes,
  });
  const call = () => client.call('workspaces.destroy', { id, keepVolume });
  const operation = how.isDetached ? await call() : await followCall(context, call);
  return { json: operation, lines: [how.isDetached ? `destroy: "${name}"` : `Destroyed "${name}".`] };
}

const logs: PlaneCommand = {
  name: 'workspace logs',
  words: '<workspace>',
  wordCount: { min: 1, max: 1 },
  summary: 'Prints what the first process of a workspace wrote.',
  flags: {
    follow: { short: 'f', help: 'Goes on with what comes, until Ctrl+C.' },
    tail: { value: 'LINES', short: 'n', help: 'So many lines of the end. Else 1000.' },
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    const tailText = typed.text('tail') ?? '1000';
    const tailLines = Number(tailText);
    if (!/^\d{1,6}$/.test(tailText) || tailLines > 100_000)
      throw new TypedWrong(`--tail: "${tailText}" is none of 0 to 100000.`);
    return async (context) => {
      const { id } = await readyWorkspace(context, word);
      const isFollowed = typed.has('follow');
      const stream = context.client.bytes('workspaces.logs', { id, tailLines, isFollowed });
      const { output } = context.terminal;
      let unwritten = 0;
      let onWritten = () => {};
      stream.onBytes((bytes, done) => {
        unwritten += 1;
        writeOut(output, bytes, () => {
          done();
          unwritten -= 1;
          if (unwritten === 0) onWritten();
        });
      });
      await context.interrupts.during(
        () => stream.close(),
        () => stream.ended,
      );
      if (unwritten > 0) await new Promise<void>((resolve) => (onWritten = resolve));
      return { json: null, lines: [], isTold: true };
    };
  },
};

export const workspaceLifeCommands: readonly PlaneCommand[] = [
  create,
  working({ verb: 'start', summary: 'Starts workspaces.', done: 'runs.' }),
  working({ verb: 'stop', summary: 'Stops workspaces: SIGTERM, then SIGKILL.', done: 'is stopped.' }),
  working({ verb: 'restart', summary: 'Stops and starts workspaces.', done: 'runs again.' }),
  status,
  rename,
  remove,
  logs,
];
