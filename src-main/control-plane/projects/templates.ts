/**
 * Projects to begin with. Pure data. What is said of other people's images is what their own documentation says: ports,
 * variables, users and folders from docs.linuxserver.io and the readme of each image, kasmtech/workspaces-images,
 * coder/code-server (ci/release-image, src/node/routes/login.ts), jupyter-docker-stacks and jupyter_server (security).
 */
import {
  type AppDefinition,
  type ProjectDefinition,
  type ProjectTemplate,
  projectDefaults,
} from '#contract/projects.ts';
import { newestImage } from './recipe-images.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

/** Browsers and desktops: many processes, and tabs that die where /dev/shm is small. */
const desktop = {
  ...projectDefaults,
  environment: [],
  kind: 'desktop',
  limits: { cpus: 2, memoryBytes: 4 * GIB, pids: 4096 },
  sharedMemoryBytes: GIB,
} satisfies Partial<ProjectDefinition>;

/** Images of LinuxServer.io: s6-overlay is process 1 and root, and everything else runs as their user `abc`. */
const linuxServer = {
  mountPoint: '/config',
  profile: 'root-inside',
  start: 'image',
  accessPassword: { variable: 'PASSWORD', delivery: 'file' },
} satisfies Partial<ProjectDefinition>;
const linuxServerNotes = [
  'Its own init runs as root, with six capabilities; the programs run as its user “abc”, and sudo does not work in here.',
  'What is installed as root is lost when the container is made again; files in /config last.',
] as const;

function page(app: Partial<AppDefinition> & Pick<AppDefinition, 'name' | 'port'>): AppDefinition {
  return { protocol: 'http', path: '/', login: { how: 'none' }, isMain: true, ...app };
}

/** Of images of LinuxServer.io with a desktop: HTTP Basic with the user of CUSTOM_USER, which is abc. */
const linuxServerDesktop = page({ name: 'Desktop', port: 3000, login: { how: 'basic', user: 'abc' } });

export const projectTemplates: readonly ProjectTemplate[] = [
  {
    id: 'berth-shell',
    summary: 'A Debian shell with tmux, git and the usual tools',
    homepage: null,
    definition: {
      ...projectDefaults,
      environment: [],
      name: 'Shell',
      image: newestImage('shell'),
      recipe: 'shell',
      kind: 'shell',
    },
    notes: [
      'Berth builds the image on the host, from Debian’s packages; the first time takes a minute or two.',
      'It runs as the user “dev”, who cannot become root. To install packages, choose the profile “root-inside”.',
    ],
  },
  {
    id: 'berth-browser',
    summary: 'Chromium on the host, on a screen in a tab',
    homepage: null,
    definition: {
      ...desktop,
      name: 'Browser',
      image: newestImage('browser'),
      recipe: 'browser',
      apps: [
        page({ name: 'Screen', port: 5900, protocol: 'vnc', soundPort: 4711 }),
        page({ name: 'noVNC', port: 6080, path: '/vnc.html', isMain: false }),
      ],
      accessPassword: { variable: 'VNC_PW', delivery: 'file' },
    },
    notes: [
      'Berth builds the image on the host, from Debian’s packages: about 1 GB, and some minutes the first time.',
      'A viewer of your own, through a forward, has to know VeNCrypt Plain, as TigerVNC’s does; it takes any user name.',
      'Where the host keeps user namespaces from containers, as Docker does, Chromium runs without its own sandbox: the container is the wall.',
      'Sound is off until its speaker is pressed; it takes 1.5 Mbit/s.',
      'Build the image anew from time to time: that is how Chromium is kept up to date.',
    ],
  },
  {
    id: 'linuxserver-webtop',
    summary: 'A whole desktop (XFCE), by LinuxServer.io',
    homepage: 'https://docs.linuxserver.io/images/docker-webtop/',
    definition: {
      ...desktop,
      ...linuxServer,
      name: 'Webtop',
      image: 'lscr.io/linuxserver/webtop:ubuntu-xfce',
      apps: [linuxServerDesktop],
    },
    notes: [
      ...linuxServerNotes,
      'Other desktops have other tags, as ubuntu-kde or alpine-mate. Needs 2 GiB of memory and more.',
    ],
  },
  {
    id: 'linuxserver-chromium',
    summary: 'Chromium with sound, by LinuxServer.io',
    homepage: 'https://docs.linuxserver.io/images/docker-chromium/',
    definition: {
      ...desktop,
      ...linuxServer,
      name: 'Chromium',
      image: 'lscr.io/linuxserver/chromium:latest',
      apps: [linuxServerDesktop],
    },
    notes: [
      ...linuxServerNotes,
      'Under Docker’s seccomp profile its Chromium runs without its own sandbox. Needs 2 GiB of memory and more.',
    ],
  },
  {
    id: 'linuxserver-firefox',
    summary: 'Firefox with sound, by LinuxServer.io',
    homepage: 'https://docs.linuxserver.io/images/docker-firefox/',
    definition: {
      ...desktop,
      ...linuxServer,
      name: 'Firefox',
      image: 'lscr.io/linuxserver/firefox:latest',
      apps: [linuxServerDesktop],
    },
    notes: [...linuxServerNotes, 'Needs 2 GiB of memory and more.'],
  },
  {
    id: 'kasm-chrome',
    summary: 'Google Chrome over KasmVNC, by Kasm Technologies',
    homepage: 'https://hub.docker.com/r/kasmweb/chrome',
    definition: {
      ...desktop,
      name: 'Kasm Chrome',
      image: 'kasmweb/chrome:1.18.0',
      mountPoint: '/home/kasm-user',
      apps: [kasmScreen()],
      accessPassword: { variable: 'VNC_PW', delivery: 'environment' },
    },
    notes: kasmNotes(),
  },
  {
    id: 'kasm-desktop',
    summary: 'An Ubuntu desktop with browsers over KasmVNC, by Kasm Technologies',
    homepage: 'https://hub.docker.com/r/kasmweb/desktop',
    definition: {
      ...desktop,
      name: 'Kasm desktop',
      image: 'kasmweb/desktop:1.18.0',
      mountPoint: '/home/kasm-user',
      apps: [kasmScreen()],
      accessPassword: { variable: 'VNC_PW', delivery: 'environment' },
    },
    notes: kasmNotes(),
  },
  {
    id: 'code-server',
    summary: 'Visual Studio Code in a browser, by Coder',
    homepage: 'https://coder.com/docs/code-server/install#docker',
    definition: {
      ...projectDefaults,
      environment: [],
      name: 'code-server',
      kind: 'desktop',
      image: 'codercom/code-server:latest',
      mountPoint: '/home/coder',
      limits: { cpus: 2, memoryBytes: 4 * GIB, pids: 2048 },
      apps: [page({ name: 'Editor', port: 8080, login: { how: 'form', path: '/login', field: 'password' } })],
      accessPassword: { variable: 'PASSWORD', delivery: 'environment' },
    },
    notes: [
      'It runs as the user “coder”; its sudo does not work in here, so DOCKER_USER has no effect either.',
      'The password is in the container’s environment: whoever may inspect containers on the host can read it.',
    ],
  },
  {
    id: 'linuxserver-code-server',
    summary: 'Visual Studio Code in a browser, by LinuxServer.io',
    homepage: 'https://docs.linuxserver.io/images/docker-code-server/',
    definition: {
      ...projectDefaults,
      ...linuxServer,
      environment: [],
      name: 'code-server (LinuxServer.io)',
      kind: 'desktop',
      image: 'lscr.io/linuxserver/code-server:latest',
      limits: { cpus: 2, memoryBytes: 4 * GIB, pids: 2048 },
      apps: [page({ name: 'Editor', port: 8443, login: { how: 'form', path: '/login', field: 'password' } })],
    },
    notes: [...linuxServerNotes],
  },
  {
    id: 'jupyter',
    summary: 'JupyterLab with Python, by the Jupyter project',
    homepage: 'https://jupyter-docker-stacks.readthedocs.io/',
    definition: {
      ...projectDefaults,
      environment: [],
      name: 'Jupyter',
      kind: 'desktop',
      image: 'quay.io/jupyter/minimal-notebook:latest',
      mountPoint: '/home/jovyan',
      limits: { cpus: 2, memoryBytes: 4 * GIB, pids: 2048 },
      sharedMemoryBytes: 256 * MIB,
      apps: [
        page({
          name: 'JupyterLab',
          port: 8888,
          path: '/lab',
          login: { how: 'header', name: 'Authorization', prefix: 'token ' },
        }),
      ],
      accessPassword: { variable: 'JUPYTER_TOKEN', delivery: 'file' },
    },
    notes: [
      'It runs as the user “jovyan”; GRANT_SUDO and NB_UID need root and have no effect in here.',
      'Other stacks, as scipy-notebook or datascience-notebook, differ in their name alone.',
    ],
  },
];

/** HTTPS with a certificate that it makes itself, HTTP Basic with a fixed user. */
function kasmScreen(): AppDefinition {
  return page({ name: 'Screen', port: 6901, protocol: 'https', login: { how: 'basic', user: 'kasm_user' } });
}

function kasmNotes(): string[] {
  return [
    'Sound, and uploads from its own menu, work within Kasm’s platform alone.',
    'The password is in the container’s environment: whoever may inspect containers on the host can read it.',
    'Needs 2 GiB of memory and more. Tags are versions; look for a newer one now and then.',
  ];
}
