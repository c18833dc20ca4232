/** What is typed in the dialog of a forward, and what of it is asked of the plane. Pure; the contract's own rules judge it. */
import { type Forward, type ForwardKind, forwardMethods } from '#contract/forwards.ts';
import type { InputOf } from '#contract/index.ts';
import type { WorkspaceId } from '#contract/ids.ts';

export interface LoginDraft {
  /** `project`: as the workspace's project says. */
  readonly how: 'project' | 'none' | 'basic' | 'header' | 'form';
  readonly user: string;
  readonly header: string;
  readonly prefix: string;
  readonly formPath: string;
  readonly field: string;
}

export interface ForwardDraft {
  readonly workspaceId: WorkspaceId | null;
  readonly kind: ForwardKind;
  readonly name: string;
  readonly port: string;
  readonly localPort: string;
  /** `auto`: it is found out. */
  readonly protocol: 'auto' | 'http' | 'https';
  readonly path: string;
  readonly login: LoginDraft;
  readonly hostHeader: Forward['hostHeader'];
}

const noLogin: LoginDraft = {
  ...{ how: 'project', user: '', header: 'Authorization', prefix: 'token ', formPath: '/login' },
  field: 'password',
};

export function newForward(
  workspaceId: WorkspaceId | null,
  kind: ForwardKind,
  port: number | null,
): ForwardDraft {
  return {
    ...{ workspaceId, kind, name: '', port: port === null ? '' : String(port), localPort: '' },
    ...{ protocol: 'auto', path: '', login: noLogin, hostHeader: 'kept' },
  };
}

export function draftOf(forward: Forward): ForwardDraft {
  const { login } = forward;
  return {
    ...{ workspaceId: forward.workspaceId, kind: forward.kind, name: forward.name },
    port: forward.port === null ? '' : String(forward.port),
    localPort: forward.localPort === null ? '' : String(forward.localPort),
    protocol: forward.protocol === 'https' ? 'https' : 'http',
    ...{ path: forward.path, hostHeader: forward.hostHeader },
    login: {
      ...noLogin,
      how: login.how,
      ...(login.how === 'basic' ? { user: login.user } : {}),
      ...(login.how === 'header' ? { header: login.name, prefix: login.prefix } : {}),
      ...(login.how === 'form' ? { formPath: login.path, field: login.field } : {}),
    },
  };
}

/** What stands wrong, by field; the names are those of the plane's own complaints. */
export type DraftErrors = Readonly<Record<string, string>>;
export type Read<T> = { readonly input: T } | { readonly errors: DraftErrors };

const portRule = 'must be a number from 1 to 65535';

/** Null: nothing is typed. NaN: it is no port. */
export function readPort(text: string): number | null {
  const typed = text.trim();
  if (typed === '') return null;
  const port = /^\d{1,5}$/.test(typed) ? Number(typed) : Number.NaN;
  return port >= 1 && port <= 65_535 ? port : Number.NaN;
}

function portErrors({ kind, port, localPort }: ForwardDraft): Record<string, string> {
  const errors: Record<string, string> = {};
  const inside = readPort(port);
  if (kind !== 'socks' && (inside === null || Number.isNaN(inside))) errors.port = portRule;
  if (kind !== 'app' && Number.isNaN(readPort(localPort))) errors.localPort = portRule;
  return errors;
}

function loginInput({ how, user, header, prefix, formPath, field }: LoginDraft): unknown {
  switch (how) {
    case 'project':
      return null;
    case 'none':
      return { how };
    case 'basic':
      return { how, user };
    case 'header':
      return { how, name: header, prefix };
    case 'form':
      return { how, path: formPath, field };
    default:
      return how satisfies never;
  }
}

/** The first complaint about each field, under the field's name. */
function complaints(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { path, message } of issues) errors[path.join('.')] ??= message;
  return errors;
}

export function readNew(draft: ForwardDraft): Read<InputOf<'forwards.create'>> {
  const errors = portErrors(draft);
  if (draft.workspaceId === null) errors.workspaceId = 'must be chosen';
  if (Object.keys(errors).length > 0) return { errors };
  const isApp = draft.kind === 'app';
  const parsed = forwardMethods['forwards.create'].input.safeParse({
    workspaceId: draft.workspaceId,
    kind: draft.kind,
    name: draft.name.trim() === '' ? null : draft.name,
    port: draft.kind === 'socks' ? null : readPort(draft.port),
    localPort: isApp ? null : readPort(draft.localPort),
    ...(isApp
      ? {
          protocol: draft.protocol === 'auto' ? null : draft.protocol,
          path: draft.path.trim() === '' ? null : draft.path.trim(),
          login: loginInput(draft.login),
          hostHeader: draft.hostHeader,
        }
      : {}),
  });
  return parsed.success ? { input: parsed.data } : { errors: complaints(parsed.error.issues) };
}

/** Only what was changed. */
export function readEdit(draft: ForwardDraft, forward: Forward): Read<InputOf<'forwards.edit'>> {
  const errors = portErrors(draft);
  if (draft.kind !== 'app' && readPort(draft.localPort) === null) errors.localPort = portRule;
  if (Object.keys(errors).length > 0) return { errors };
  const before = draftOf(forward);
  const parsed = forwardMethods['forwards.edit'].input.safeParse({
    id: forward.id,
    ...(draft.name === before.name ? {} : { name: draft.name.trim() === '' ? null : draft.name }),
    ...(draft.localPort === before.localPort ? {} : { localPort: readPort(draft.localPort) }),
    ...(draft.protocol === before.protocol ? {} : { protocol: draft.protocol }),
    ...(draft.path === before.path ? {} : { path: draft.path.trim() === '' ? '/' : draft.path.trim() }),
    ...(JSON.stringify(draft.login) === JSON.stringify(before.login)
      ? {}
      : { login: loginInput(draft.login) }),
    ...(draft.hostHeader === before.hostHeader ? {} : { hostHeader: draft.hostHeader }),
  });
  return parsed.success ? { input: parsed.data } : { errors: complaints(parsed.error.issues) };
}
