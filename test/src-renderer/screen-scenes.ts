/** Workspaces with screens and apps, projects of that kind, and templates, for pictures. */
import type { ProjectDefinition, ProjectTemplate } from '#contract/projects.ts';
import type { Workspace } from '#contract/workspaces.ts';
import { host, project, ready, type Scene, workspace } from './scenes.ts';
import type { ScreenConduct } from './screen-replies.ts';
import { soundPort } from './sound-replies.ts';

const screen = {
  name: 'Screen',
  port: 5900,
  protocol: 'vnc',
  path: '/',
  login: { how: 'none' },
  isMain: true,
  soundPort,
} as const;
const lab = {
  name: 'JupyterLab',
  port: 8888,
  protocol: 'http',
  path: '/lab',
  login: { how: 'header', name: 'Authorization', prefix: 'token ' },
  isMain: false,
} as const;

function desktop(n: number, name: string, hostN: number, state: Workspace['state']): Workspace {
  return {
    ...workspace(n, name, hostN, state),
    kind: 'desktop',
    image: 'ghcr.io/berth/browser:1',
    apps: [{ ...screen }, { ...lab }],
    accessPassword: { variable: 'VNC_PW', delivery: 'file' },
  };
}

const browser: ProjectDefinition = {
  ...project,
  name: 'Browser',
  description: 'A browser of its own, to look at things with.',
  image: 'ghcr.io/berth/browser:1',
  kind: 'desktop',
  apps: [{ ...screen }],
  sharedMemoryBytes: 1024 ** 3,
  accessPassword: { variable: 'VNC_PW', delivery: 'file' },
  recipe: 'browser',
};

const templates: readonly ProjectTemplate[] = [
  {
    id: 'browser',
    summary: 'Chromium on a screen of its own, from Debian’s packages.',
    definition: browser,
    notes: [
      'Downloads stay on the workspace’s volume.',
      'It is built on the host, which takes some minutes once.',
    ],
    homepage: null,
  },
  {
    id: 'jupyter',
    summary: 'Notebooks in Python, with the usual scientific packages.',
    definition: {
      ...project,
      name: 'Jupyter',
      image: 'quay.io/jupyter/scipy-notebook:latest',
      mountPoint: '/home/jovyan',
      apps: [{ ...lab, isMain: true }],
      accessPassword: { variable: 'JUPYTER_TOKEN', delivery: 'environment' },
    },
    notes: ['The notebooks in the mount point last; packages that pip installs elsewhere do not.'],
    homepage: 'https://jupyter-docker-stacks.readthedocs.io/',
  },
  {
    id: 'webtop',
    summary: 'A whole Linux desktop with sound, shown by the image itself.',
    definition: {
      ...project,
      name: 'Webtop',
      image: 'lscr.io/linuxserver/webtop:ubuntu-xfce',
      kind: 'desktop',
      mountPoint: '/config',
      profile: 'root-inside',
      start: 'image',
      sharedMemoryBytes: 1024 ** 3,
      apps: [
        {
          name: 'Desktop',
          port: 3000,
          protocol: 'http',
          path: '/',
          login: { how: 'basic', user: 'abc' },
          isMain: true,
        },
      ],
      accessPassword: { variable: 'PASSWORD', delivery: 'file' },
    },
    notes: ['Its own init wants to be the first process.', 'It needs root inside the container.'],
    homepage: 'https://docs.linuxserver.io/images/docker-webtop/',
  },
];

/** What the screen of each does, by the number of its workspace. */
const conducts: readonly (readonly [string, ScreenConduct])[] = [
  ['browser', 'asks'],
  ['refusing', 'refuses'],
  ['starting', 'closed'],
  ['lost', 'cut'],
  ['silent', 'silent'],
];

const workspaces = [
  ...conducts.map(([name], index) => desktop(index + 1, name, 1, 'running')),
  desktop(6, 'stopped', 1, 'stopped'),
  desktop(7, 'away', 2, 'unknown'),
  {
    ...desktop(
      8,
      'a desktop whose name is as long as names of workspaces may ever be, in the end',
      1,
      'running',
    ),
  },
];

export const screenScenes = {
  screens: {
    hosts: [host(1, 'atlas', ready(12)), host(2, 'do-fra1', { phase: 'disconnected' })],
    workspaces,
    projects: [{ ...project, ...browser }],
    templates,
    password: 'kR7-Qm2p-x9Zt-w4Ls',
    screens: new Map(conducts.map(([, conduct], index) => [workspaces[index]?.id ?? '', conduct])),
  },
} satisfies Record<string, Scene>;
