/** The two sides of a copy, as typed. Pure. */
import { TypedWrong } from './failure.ts';

export type CopySide =
  | { readonly kind: 'workspace'; readonly workspace: string; readonly path: string }
  | { readonly kind: 'local'; readonly path: string }
  /** Standard input or output, as a tar archive. */
  | { readonly kind: 'stream' };

/**
 * `workspace:path`, where the colon stands before any slash; `-`; everything else is a path of this computer. One with a
 * colon in its name is written `./a:b`.
 */
export function parseSide(text: string): CopySide {
  if (text === '-') return { kind: 'stream' };
  const colon = text.indexOf(':');
  const isPath = text.startsWith('/') || text.startsWith('.');
  if (colon <= 0 || isPath || isDrive(text)) return { kind: 'local', path: text };
  return { kind: 'workspace', workspace: text.slice(0, colon), path: text.slice(colon + 1) || '.' };
}

/** `C:\…` is a path of Windows. */
function isDrive(text: string): boolean {
  return process.platform === 'win32' && /^[A-Za-z]:[\\/]/.test(text);
}

export interface CopyPlan {
  readonly from: CopySide;
  readonly to: CopySide;
}

/** @throws TypedWrong unless one side is a workspace and the other this computer. */
export function planCopy(source: string, destination: string): CopyPlan {
  const plan = { from: parseSide(source), to: parseSide(destination) };
  const inWorkspace = [plan.from, plan.to].filter(({ kind }) => kind === 'workspace').length;
  if (inWorkspace === 1) return plan;
  throw new TypedWrong(
    inWorkspace === 2
      ? 'Both sides are in workspaces. Copy to this computer first, or through a pipe: berth cp a:x - | berth cp - b:y'
      : 'No side is in a workspace. Write one as <workspace>:<path>, as alpha:src.',
  );
}
