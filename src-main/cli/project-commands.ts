/** `berth project …`: what workspaces are made of. */
import { type Project, projectDefaults } from '#contract/projects.ts';
import { formatBytes, formatInstant } from './amounts.ts';
import { readAll } from './collections.ts';
import { type Context, type PlaneCommand, yesFlag } from './command.ts';
import { CommandFailure, TypedWrong } from './failure.ts';
import { type ProjectWish, projectFlags, readProjectFlags } from './project-flags.ts';
import { agreed } from './snapshot-commands.ts';
import { newName } from './snapshot-flags.ts';
import { formatTable } from './table.ts';

/** By its id or name. @throws CommandFailure */
export function pickProject(word: string, projects: readonly Project[]): Project {
  const found = projects.find(({ id }) => id === word) ?? projects.find(({ name }) => name === word);
  if (found !== undefined) return found;
  throw new CommandFailure(
    projects.length === 0
      ? `There is no project "${word}", nor any other. Make one: berth project create <name> --image IMAGE`
      : [`There is no project "${word}". These are there:`, ...projects.map(({ name }) => `  ${name}`)].join(
          '\n',
        ),
    { code: 'not-found', message: '', details: {} },
  );
}

export async function createProject({ client }: Context, name: string, wish: ProjectWish): Promise<Project> {
  const { image } = wish.change;
  if (image === undefined) throw new TypedWrong('Say what it is made of: --image IMAGE');
  return await client.call('projects.create', {
    ...projectDefaults,
    ...wish.change,
    image,
    name,
    limits: { ...projectDefaults.limits, ...wish.limits },
    environment: (await wish.environment()) ?? [],
  });
}

const create: PlaneCommand = {
  name: 'project create',
  words: '<name>',
  wordCount: { min: 1, max: 1 },
  isBeginning: true,
  summary: 'Makes a project; --image is needed.',
  flags: projectFlags,
  read: (typed) => {
    const name = newName('The name', typed.words[0] ?? '');
    const wish = readProjectFlags(typed);
    if (wish.change.image === undefined) throw new TypedWrong('Say what it is made of: --image IMAGE');
    return async (context) => {
      const project = await createProject(context, name, wish);
      return { json: project, lines: [`Made the project "${project.name}": ${project.id}`] };
    };
  },
};

const list: PlaneCommand = {
  name: 'project list',
  aliases: ['project ls'],
  words: '',
  wordCount: { min: 0, max: 0 },
  summary: 'Lists projects.',
  flags: {},
  read: () => async (context) => {
    const projects = (await readAll(context.client, 'projects.watch')).toSorted((a, b) =>
      a.name.localeCompare(b.name),
    );
    const rows = projects.map(({ name, id, image, limits, profile, changedAt }) => [
      name,
      id,
      limits.cpus === null ? '–' : String(limits.cpus),
      formatBytes(limits.memoryBytes),
      profile,
      formatInstant(changedAt),
      image,
    ]);
    const headings = ['NAME', 'ID', 'CPUS', 'MEMORY', 'PROFILE', 'CHANGED', 'IMAGE'];
    return {
      json: projects,
      lines:
        rows.length === 0
          ? ['There are no projects.']
          : formatTable({ headings, rows, right: [2, 3], columns: context.terminal.columns }),
    };
  },
};

const show: PlaneCommand = {
  name: 'project show',
  words: '<project>',
  wordCount: { min: 1, max: 1 },
  summary: 'Shows a project; the values of its variables with --values alone.',
  flags: { values: { help: 'Shows what its variables hold, which may be secret.' } },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const project = pickProject(word, await readAll(context.client, 'projects.watch'));
      const { limits, environment } = project;
      const hasValues = typed.has('values');
      const rows = [
        ['Name', project.name],
        ['Id', project.id],
        ['Image', project.image],
        ['Processors', limits.cpus === null ? 'no limit' : String(limits.cpus)],
        ['Memory', limits.memoryBytes === null ? 'no limit' : formatBytes(limits.memoryBytes)],
        ['Processes', String(limits.pids)],
        ['Mount point', project.mountPoint],
        ['Profile', project.profile],
        ['Runtime', project.runtime],
        ['Shell', project.shell ?? 'bash, else sh'],
        ['Made', formatInstant(project.createdAt)],
        ['Changed', formatInstant(project.changedAt)],
        ...environment.map(({ name, value }) => ['Variable', hasValues ? `${name}=${value}` : name]),
      ];
      return {
        json: hasValues
          ? project
          : { ...project, environment: environment.map(({ name }) => ({ name, value: null })) },
        lines: formatTable({ headings: ['WHAT', 'VALUE'], rows }),
      };
    };
  },
};

const edit: PlaneCommand = {
  name: 'project edit',
  words: '<project>',
  wordCount: { min: 1, max: 1 },
  summary: 'Changes what is said of a project; workspaces that exist keep what they were made with.',
  details: ['Variables that are given replace all that it has; --clear-env takes all away.'],
  flags: {
    ...projectFlags,
    name: { value: 'NAME', help: 'Another name.' },
    'clear-env': { help: 'Takes its variables away.' },
  },
  read: (typed) => {
    const [word = ''] = typed.words;
    const nameWord = typed.text('name');
    const name = nameWord === undefined ? undefined : newName('The name', nameWord);
    const wish = readProjectFlags(typed);
    return async ({ client }) => {
      const project = pickProject(word, await readAll(client, 'projects.watch'));
      const environment = (await wish.environment()) ?? (typed.has('clear-env') ? [] : undefined);
      const hasLimits = Object.keys(wish.limits).length > 0;
      const changed = await client.call('projects.edit', {
        id: project.id,
        ...wish.change,
        ...(name === undefined ? {} : { name }),
        ...(hasLimits ? { limits: { ...project.limits, ...wish.limits } } : {}),
        ...(environment === undefined ? {} : { environment }),
      });
      return { json: changed, lines: [`Changed the project "${changed.name}".`] };
    };
  },
};

const remove: PlaneCommand = {
  name: 'project remove',
  aliases: ['project rm'],
  words: '<project>',
  wordCount: { min: 1, max: 1 },
  summary: 'Removes a project that no workspace uses.',
  flags: { yes: yesFlag },
  read: (typed) => {
    const [word = ''] = typed.words;
    return async (context) => {
      const project = pickProject(word, await readAll(context.client, 'projects.watch'));
      await agreed(context, {
        lines: [
          `The project "${project.name}" goes, with the values of its ${project.environment.length} variables.`,
        ],
        question: 'Remove it?',
        isYes: typed.has('yes'),
      });
      await context.client.call('projects.remove', { id: project.id });
      return { json: project, lines: [`Removed the project "${project.name}".`] };
    };
  },
};

export const projectCommands: readonly PlaneCommand[] = [create, list, show, edit, remove];
