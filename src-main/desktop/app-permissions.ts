/**
 * What a web app may do beyond a plain page: a few things always, a few that its person is asked about, nothing else. Of its
 * own origin alone, in a frame or not.
 *
 * A yes holds until Berth ends, a no until the app is opened anew; neither is written down.
 */
import type { Session } from 'electron';

type RequestHandler = NonNullable<Parameters<Session['setPermissionRequestHandler']>[0]>;
type CheckHandler = NonNullable<Parameters<Session['setPermissionCheckHandler']>[0]>;
type RequestDetails = Parameters<RequestHandler>[3];

export interface AppPermissions {
  /** Whether it is granted already; of things that are asked about, what was answered. */
  check(permission: string, origin: string | undefined, details: Parameters<CheckHandler>[3]): boolean;
  /** Undefined: the person is to be asked, in these words: "wants to …". */
  request(permission: string, details: RequestDetails): boolean | AppWish;
  answer(wish: AppWish, isYes: boolean): void;
  forgetRefusals(): void;
}

export interface AppWish {
  /** What is remembered of it, each by itself. */
  readonly keys: readonly string[];
  /** Follows "wants to". */
  readonly words: string;
}

const grantedAlways: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'fullscreen']);

/** What people expect a page to ask for, and what it is in words. */
const askedAbout: Readonly<Record<string, string>> = {
  'clipboard-read': 'read what is in your clipboard',
  notifications: 'show notifications',
  pointerLock: 'hold your mouse pointer (Esc gives it back)',
};

export function originOf(url: string | undefined): string | undefined {
  const origin = url === undefined ? undefined : URL.parse(url)?.origin;
  return origin === 'null' ? undefined : origin;
}

export function createAppPermissions(ownOrigin: () => string): AppPermissions {
  const answers = new Map<string, boolean>();
  return {
    check: (permission, origin, details) => {
      if (originOf(origin) !== ownOrigin()) return false;
      if (grantedAlways.has(permission)) return true;
      // A service worker has no page to answer for.
      if (details.requestingUrl === undefined && permission !== 'notifications') return false;
      const { mediaType, filePath, fileAccessType } = details;
      const keys = keysOf(permission, {
        ...(mediaType === 'audio' || mediaType === 'video' ? { mediaTypes: [mediaType] } : {}),
        ...(filePath === undefined ? {} : { filePath }),
        ...(fileAccessType === undefined ? {} : { fileAccessType }),
      });
      return keys.length > 0 && keys.every((key) => answers.get(key) === true);
    },
    request: (permission, details) => {
      if (originOf(details.requestingUrl) !== ownOrigin()) return false;
      if (grantedAlways.has(permission)) return true;
      const facts = details as Facts;
      const keys = keysOf(permission, facts);
      if (keys.length === 0 || keys.some((key) => answers.get(key) === false)) return false;
      if (keys.every((key) => answers.get(key) === true)) return true;
      return { keys, words: wordsOf(permission, facts) };
    },
    answer: ({ keys }, isYes) => {
      for (const key of keys) answers.set(key, isYes);
    },
    forgetRefusals: () => {
      for (const [key, isYes] of answers) if (!isYes) answers.delete(key);
    },
  };
}

interface Facts {
  readonly mediaTypes?: readonly ('video' | 'audio')[];
  readonly filePath?: string;
  readonly fileAccessType?: 'writable' | 'readable';
  readonly isDirectory?: boolean;
}

/** Empty: it is nothing that anybody is asked about. */
function keysOf(permission: string, { mediaTypes = [], filePath, fileAccessType }: Facts): string[] {
  if (Object.hasOwn(askedAbout, permission)) return [permission];
  if (permission === 'media') return mediaTypes.map((type) => `media ${type}`);
  // Of what was chosen in the system's own dialog.
  if (permission === 'fileSystem' && filePath !== undefined)
    return [`fileSystem ${fileAccessType ?? 'readable'} ${filePath}`];
  return [];
}

function wordsOf(permission: string, { mediaTypes = [], filePath, fileAccessType, isDirectory }: Facts) {
  if (permission === 'media')
    return `use your ${[...mediaTypes]
      .sort()
      .reverse()
      .map((type) => (type === 'video' ? 'camera' : 'microphone'))
      .join(' and ')}`;
  if (permission === 'fileSystem')
    return `${fileAccessType === 'writable' ? 'change' : 'read'} ${isDirectory ? 'the files in ' : ''}${filePath ?? ''}`;
  return askedAbout[permission] ?? '';
}
