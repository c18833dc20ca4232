/**
 * Who may import whom: the one table behind architecture.test.ts and .dependency-cruiser.cjs. A room is a folder or a
 * file; the first that fits a path is its room. `may` names rooms (folders end in /) or single files; a room may always
 * import itself. `types`: as `may`, for `import type` alone. `packages`: npm packages, with all their subpaths, and
 * Node's modules; `node:` is all of Node's.
 */
import { readdirSync } from 'node:fs';

export interface Room {
  readonly path: string;
  readonly may: readonly string[];
  readonly types?: readonly string[];
  readonly packages: readonly string[];
}

const contract = 'src-preload/contract/';
const interfaces = 'src-main/control-plane/interfaces/';
const componentKit = ['react', 'react-dom', '@base-ui/react', 'lucide-react', '@tanstack/react-virtual'];
const feature = {
  may: [contract, 'src-renderer/state/', 'src-renderer/components/', 'src-renderer/theme/'],
  types: ['src-renderer/transport/'],
};
const featurePackages = [...componentKit, 'react-resizable-panels', 'zustand', 'zod'];

/** What one feature alone draws with. */
const ownPackages: Readonly<Record<string, readonly string[]>> = {
  terminals: ['@xterm'],
  screens: ['@novnc/novnc'],
  files: ['codemirror', '@codemirror', '@lezer/highlight'],
};

/** Folders of adapters and the library that each is there for. */
const adapterPackages: Readonly<Record<string, readonly string[]>> = {
  accounts: ['nodemailer', 'otpauth', 'uqr', '@zxcvbn-ts/language-common'],
  database: ['pg'],
  digitalocean: [],
  docker: ['dockerode', 'docker-modem'],
  keychain: ['keytar'],
  schedule: ['croner'],
  screen: ['@xterm/headless', '@xterm/addon-unicode-graphemes'],
  ssh: ['ssh2', 'ssh-config'],
  system: ['@lydell/node-pty'],
  tmux: [],
};

export const rooms: readonly Room[] = [
  { path: contract, may: [], packages: ['zod'] },
  { path: 'src-preload/index.ts', may: [], types: [contract], packages: ['electron'] },

  { path: interfaces, may: [contract], packages: ['node:stream'] },
  {
    path: 'src-main/control-plane/',
    may: [contract, interfaces],
    packages: ['zod', 'node:crypto', 'node:path', 'node:stream'],
  },
  ...Object.entries(adapterPackages).map(([name, own]) => ({
    path: `src-main/adapters/${name}/`,
    may: [contract, interfaces],
    packages: ['node:', 'zod', ...own],
  })),
  {
    path: 'src-main/server/',
    may: [
      contract,
      interfaces,
      'src-main/control-plane/dispatcher.ts',
      'src-main/control-plane/handler.ts',
      'src-main/control-plane/caller.ts',
      'src-main/control-plane/account-door.ts',
      'src-main/control-plane/forwards/app-door.ts',
      'src-main/control-plane/forwards/away-page.ts',
      'src-main/ui-files.ts',
    ],
    types: ['src-main/control-plane/plane.ts', 'src-main/config.ts'],
    packages: [
      'node:',
      'hono',
      '@hono/node-server',
      'ws',
      'zod',
      'jose',
      'openid-client',
      'rate-limiter-flexible',
      'swagger-ui-dist',
      'undici',
    ],
  },
  {
    path: 'src-main/desktop/',
    may: [contract, 'src-main/ui-files.ts'],
    packages: ['node:', 'electron', 'electron-store', 'electron-updater'],
  },
  {
    path: 'src-main/compose.ts',
    may: [
      contract,
      'src-main/config.ts',
      'src-main/control-plane/',
      'src-main/adapters/',
      'src-main/server/',
    ],
    packages: ['node:path'],
  },
  {
    path: 'src-main/index.ts',
    may: [contract, 'src-main/desktop/', 'src-main/config.ts'],
    packages: ['electron', 'node:path', 'node:url'],
  },
  // The command line is a client, as the window is one: it has the window's own client, a file that needs nothing of a
  // window, over the near end of the local socket. What it asks of a plane that it starts, headless.ts hands it.
  {
    path: 'src-main/cli/',
    may: [contract, 'src-main/server/local-socket.ts', 'src-renderer/transport/client.ts'],
    packages: ['node:', 'tar-stream'],
  },
  {
    path: 'src-main/headless.ts',
    may: [
      contract,
      'src-main/cli/',
      'src-main/compose.ts',
      'src-main/config.ts',
      'src-main/data-commands.ts',
      'src-main/health-check.ts',
      'src-main/noun-commands.ts',
      'src-main/open-in-browser.ts',
      'src-main/server/',
    ],
    types: ['src-main/control-plane/'],
    packages: ['node:'],
  },
  {
    path: 'src-main/noun-commands.ts',
    may: [
      contract,
      'src-main/cli/',
      'src-main/compose.ts',
      'src-main/config.ts',
      'src-main/server/',
      // What the command line is a client with, over a carrier that it must not know.
      'src-renderer/transport/client.ts',
    ],
    types: ['src-main/control-plane/'],
    packages: ['node:'],
  },
  {
    path: 'src-main/data-commands.ts',
    may: [
      contract,
      'src-main/adapters/database/',
      'src-main/adapters/system/clock.ts',
      'src-main/config.ts',
      'src-main/server/local-socket.ts',
    ],
    types: ['src-main/control-plane/interfaces/'],
    packages: ['node:'],
  },
  {
    path: 'src-main/plane-process.ts',
    may: [
      contract,
      'src-main/compose.ts',
      'src-main/config.ts',
      'src-main/server/apps/local-apps.ts',
      'src-main/server/local-socket.ts',
      'src-main/server/message-port-connection.ts',
    ],
    types: ['src-main/control-plane/', 'src-main/desktop/plane-host.ts'],
    packages: ['node:'],
  },
  // They run before anything is known to be there: only Node itself can be relied on.
  { path: 'src-main/start.ts', may: ['src-main/build-if-stale.ts'], packages: ['node:'] },
  { path: 'src-main/build-if-stale.ts', may: [], packages: ['node:'] },
  {
    path: 'src-main/config.ts',
    may: [contract, 'src-main/control-plane/interfaces/secret.ts', 'src-main/config/'],
    packages: ['node:', 'zod'],
  },
  {
    path: 'src-main/config/',
    may: [contract, 'src-main/control-plane/interfaces/secret.ts'],
    types: ['src-main/config.ts'],
    packages: ['node:', 'zod'],
  },
  { path: 'src-main/ui-files.ts', may: [], packages: ['node:'] },
  { path: 'src-main/open-in-browser.ts', may: [], packages: ['node:'] },
  { path: 'src-main/health-check.ts', may: [], packages: ['node:'] },

  { path: 'src-renderer/theme/', may: [], packages: ['react', '@xterm/xterm', '@fontsource-variable'] },
  { path: 'src-renderer/components/', may: ['src-renderer/theme/'], packages: [...componentKit, 'uplot'] },
  { path: 'src-renderer/transport/', may: [contract], packages: ['zod'] },
  {
    path: 'src-renderer/state/',
    may: [contract, 'src-renderer/transport/'],
    packages: ['react', 'zustand', 'zod', 'lucide-react'],
  },
  // One feature never imports another; the workbench knows their pages by the registry that the app hands it.
  ...readdirSync(new URL('../src-renderer/features/', import.meta.url)).map((name) => ({
    path: `src-renderer/features/${name}/`,
    ...feature,
    packages: [...featurePackages, ...(ownPackages[name] ?? [])],
  })),
  ...[
    'src-renderer/main.tsx',
    'src-renderer/app.tsx',
    'src-renderer/guest.tsx',
    'src-renderer/sign-in.tsx',
  ].map((path) => ({
    path,
    may: [contract, 'src-renderer/'],
    packages: [...componentKit, 'zustand', '@fontsource-variable'],
  })),
];

export function roomOf(path: string): Room | undefined {
  return rooms.find((room) => isIn(room.path, path));
}

/** A folder's path ends in `/` and covers what is below it; a file's covers itself. */
export function isIn(place: string, path: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}

export interface Import {
  /** Path from the root, or a package's specifier. */
  readonly target: string;
  readonly isTypeOnly: boolean;
}

/** What is wrong with an import, or undefined. */
export function objectionTo(from: string, { target, isTypeOnly }: Import): string | undefined {
  const room = roomOf(from);
  if (!room) return `${from} is in no room of the import table`;
  if (!target.startsWith('src-')) {
    const isAllowed = room.packages.some(
      (name) =>
        target === name || target.startsWith(`${name}/`) || (name === 'node:' && target.startsWith('node:')),
    );
    return isAllowed ? undefined : `${from} may not import the package ${target}`;
  }
  if (isHandlers(target) && !joinsNouns(from))
    return `${from} may not import ${target}: only what joins the nouns imports handlers`;
  const allowed = [room.path, ...room.may, ...(isTypeOnly ? (room.types ?? []) : [])];
  return allowed.some((place) => isIn(place, target)) ? undefined : `${from} may not import ${target}`;
}

function isHandlers(path: string): boolean {
  return /^src-main\/control-plane\/.*-handlers\.ts$/.test(path);
}

/** Files directly in control-plane/ join the nouns; a noun's own parts join that noun. */
function joinsNouns(from: string): boolean {
  return /^src-main\/control-plane\/([^/]+|[^/]+\/[^/]+-parts)\.ts$/.test(from);
}
