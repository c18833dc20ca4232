/**
 * `berth container …`: the words of older scripts, where a person has one container. `<user>` is a workspace, or a person
 * who has exactly one.
 */
import type { Workspace } from '#contract/workspaces.ts';
import { awaitHost, lookAtHosts } from './await-host.ts';
import { readAll } from './collections.ts';
import { type Answer, type Context, type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { findWorkspace, type Subject } from './find-workspace.ts';
import { followCall } from './follow-operation.ts';
import { createProject } from './project-commands.ts';
import { projectFlags, readProjectFlags } from './project-flags.ts';
import { newName } from './snapshot-flags.ts';
import {
  createWorkspace,
  destroyWorkspace,
  detachFlag,
  hostOrOnly,
  mayDetach,
} from './workspace-life-commands.ts';

/** Undefined where nobody of that name has one. @throws CommandFailure for several */
async function workspaceOf(context: Context, word: string): Promise<Subject | undefined> {
  return await findWorkspace(context, word).catch((error: unknown) => {
    const isUnknown = error instanceof CommandFailure && error.shape?.code === 'not-found';
    if (isUnknown) return undefined;
    throw error;
  });
}

const create: PlaneCommand = {
  name: 'container create',
  words: '<user>',
  wordCount: { min: 1, max: 1 },
  summary: 'Makes a workspace of this name, where there is none yet, and starts it.',
  details: [
    'Needs --image for the first one; the others are made of the same project, which is called default.',
  ],
  flags: { host: { value: 'HOST', help: 'Where; not needed where there is one host.' }, ...projectFlags },
  read: (typed) => {
    const name = newName('The name', typed.words[0] ?? '');
    const wish = readProjectFlags(typed);
    const hostWord = typed.text('host');
    return async (context) => {
      const { client } = context;
      const there = (await readAll(client, 'workspaces.watch')).find((one) => one.name === name);
      if (there !== undefined) return await started(context, there);
      const host = hostOrOnly(hostWord, await readAll(client, 'hosts.watch'));
      await awaitHost(context, host.id);
      const projects = await readAll(client, 'projects.watch');
      const { image } = wish.change;
      const fitting = projects.find(
        (one) =>
          (one.name === defaultProject || one.name === `${defaultProject} ${image}`) &&
          (image === undefined || one.image === image),
      );
      if (fitting === undefined && image === undefined)
        throw new TypedWrong('Say what it is made of: --image IMAGE. The next ones are made of the same.');
      const isTaken = projects.some((one) => one.name === defaultProject);
      const project =
        fitting ??
        (await createProject(
          context,
          isTaken ? `${defaultProject} ${image}`.slice(0, 80) : defaultProject,
          wish,
        ));
      return await createWorkspace(context, { name, project, host, isDetached: false });
    };
  },
};

const defaultProject = 'default';

async function started(context: Context, workspace: Workspace): Promise<Answer> {
  const { id, name, hostId, desired } = workspace;
  await awaitHost(context, hostId);
  if (desired === 'running') return { json: workspace, lines: [`"${name}" is there already: ${id}`] };
  await followCall(context, () => context.client.call('workspaces.start', { id }));
  return { json: workspace, lines: [`"${name}" was there already, and runs.`] };
}

function working(verb: 'start' | 'stop' | 'restart', done: string): PlaneCommand {
  return {
    name: `container ${verb}`,
    words: '<user>',
    wordCount: { min: 1, max: 1 },
    summary: `Does what berth workspace ${verb} does, to the one workspace of a person.`,
    flags: { detach: detachFlag },
    read: (typed) => {
      const [word = ''] = typed.words;
      return async (context) => {
        const isDetached = mayDetach(context, typed.has('detach'));
        const { id, name, hostId } = await findWorkspace(context, word);
        await awaitHost(context, hostId);
        const call = () => context.client.call(`workspaces.${verb}`, { id });
        const operation = isDetached ? await call() : await followCall(context, call);
        return { json: operation, lines: [isDetached ? `${verb}: "${name}"` : `"${name}" ${done}`] };
      };
    },
  };
}

const status: PlaneCommand = {
  name: 'container status',
  words: '<user>',
  wordCount: { min: 1, max: 1 },
  summary: 'Prints the state in one word: running, stopped, …, or none where there is no container.',
  flags: {},
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const subject = await workspaceOf(context, word);
      if (subject === undefined || subject.workspace === null)
        return { json: { state: null }, lines: ['none'], exitCode: 1 };
      await lookAtHosts(context, [subject.hostId]);
      const now =
        (await readAll(context.client, 'workspaces.watch')).find(({ id }) => id === subject.id) ??
        subject.workspace;
      return { json: now, lines: [now.state], ...(now.state === 'running' ? {} : { exitCode: 1 }) };
    };
  },
};

const remove: PlaneCommand = {
  name: 'container remove',
  aliases: ['container rm'],
  words: '<user>',
  wordCount: { min: 1, max: 1 },
  summary: 'Destroys the one workspace of a person; its files stay as a kept volume unless told otherwise.',
  flags: { 'delete-files': { help: 'Deletes its files, too, for good.' }, detach: detachFlag, yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const isDetached = mayDetach(context, typed.has('detach'));
      const subject = await findWorkspace(context, word);
      await awaitHost(context, subject.hostId);
      const keepVolume = !typed.has('delete-files');
      return await destroyWorkspace(context, subject, { keepVolume, isYes: typed.has('yes'), isDetached });
    };
  },
};

export const containerCommands: readonly PlaneCommand[] = [
  create,
  working('start', 'runs.'),
  working('stop', 'is stopped.'),
  working('restart', 'runs again.'),
  status,
  remove,
];
