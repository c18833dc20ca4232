/** An app of a project while it is edited: every field as text. Pure. */
import type { AppDefinition, AppLogin } from '#contract/projects.ts';

export interface AppDraft {
  /** Names the row while it is edited. */
  readonly key: string;
  readonly name: string;
  readonly port: string;
  readonly protocol: AppDefinition['protocol'];
  readonly path: string;
  readonly how: AppLogin['how'];
  /** Of basic; of a screen, for servers that ask for a name too. */
  readonly user: string;
  readonly header: string;
  readonly prefix: string;
  readonly formPath: string;
  readonly formField: string;
  readonly isMain: boolean;
  /** Of a screen; empty: it has no sound. */
  readonly soundPort: string;
}

const blank = {
  user: '',
  header: 'Authorization',
  prefix: '',
  formPath: '/login',
  formField: 'password',
  soundPort: '',
} as const;

export function newApp(key: string, isMain: boolean): AppDraft {
  return { key, name: '', port: '', protocol: 'http', path: '/', how: 'none', isMain, ...blank };
}

export function appDraftOf({ login, port, soundPort, ...app }: AppDefinition, index: number): AppDraft {
  const own = loginDraftOf(login);
  const sound = soundPort === undefined ? {} : { soundPort: String(soundPort) };
  return { key: `a${index}`, ...app, port: String(port), how: login.how, ...blank, ...own, ...sound };
}

function loginDraftOf(login: AppLogin): Partial<AppDraft> {
  switch (login.how) {
    case 'none':
      return {};
    case 'basic':
      return { user: login.user };
    case 'header':
      return { header: login.name, prefix: login.prefix };
    case 'form':
      return { formPath: login.path, formField: login.field };
    default:
      return login satisfies never;
  }
}

/** Which field of the draft stands for a field of the definition, for what is wrong with it. */
export function appFieldOf(path: readonly PropertyKey[], how: AppLogin['how']): string {
  const [first, second] = path;
  if (first !== 'login') return String(first ?? 'name');
  if (second === 'user') return 'user';
  if (second === 'name') return 'header';
  if (second === 'field') return 'formField';
  if (second === 'path') return how === 'form' ? 'formPath' : 'path';
  return second === 'prefix' ? 'prefix' : 'how';
}

/** What the draft means; the contract's schema judges it. A port that is no number stays one that it refuses. */
export function readApp(app: AppDraft): unknown {
  const isWeb = app.protocol === 'http' || app.protocol === 'https';
  return {
    name: app.name,
    port: readPort(app.port),
    protocol: app.protocol,
    path: isWeb ? app.path.trim() : '/',
    login: readLogin(app, isWeb),
    isMain: app.isMain,
    ...(app.protocol === 'vnc' && app.soundPort.trim() !== '' ? { soundPort: readPort(app.soundPort) } : {}),
  };
}

function readPort(text: string): number {
  return /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
}

function readLogin(app: AppDraft, isWeb: boolean): unknown {
  // A screen is always signed in to with the password; only a server that asks for a name needs more.
  if (!isWeb)
    return app.protocol === 'vnc' && app.how === 'basic' ? { how: 'basic', user: app.user } : { how: 'none' };
  switch (app.how) {
    case 'none':
      return { how: 'none' };
    case 'basic':
      return { how: 'basic', user: app.user };
    case 'header':
      return { how: 'header', name: app.header.trim(), prefix: app.prefix };
    case 'form':
      return { how: 'form', path: app.formPath.trim(), field: app.formField.trim() };
    default:
      return app.how satisfies never;
  }
}

export function isEmptyApp(app: AppDraft): boolean {
  return app.name.trim() === '' && app.port.trim() === '';
}
