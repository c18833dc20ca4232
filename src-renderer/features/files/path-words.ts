/** Absolute paths of hosts and workspaces as text: joined, taken apart, shown. POSIX: a slash parts them. Pure. */

/** `joinPath('/home', 'dev')` is "/home/dev". */
export function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** The folder that holds it; null: it is the root, or says none. */
export function parentOf(path: string): string | null {
  const clean = withoutEndSlash(path);
  const slash = clean.lastIndexOf('/');
  if (slash === -1 || clean === '/') return null;
  return slash === 0 ? '/' : clean.slice(0, slash);
}

export function baseName(path: string): string {
  const clean = withoutEndSlash(path);
  return clean === '/' ? '/' : clean.slice(clean.lastIndexOf('/') + 1);
}

function withoutEndSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') || '/' : path;
}

export interface Crumb {
  readonly label: string;
  readonly path: string;
}

/** From the root to the folder itself. */
export function crumbsOf(path: string): Crumb[] {
  const parts = path.split('/').filter(Boolean);
  return [
    { label: '/', path: '/' },
    ...parts.map((label, index) => ({ label, path: `/${parts.slice(0, index + 1).join('/')}` })),
  ];
}

/** Whether `path` is the folder, or is somewhere in it. */
export function isWithin(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`);
}

/** What is typed so far, as a folder and the beginning of a name in it: for completion. */
export function typedPlace(text: string, from: string): { readonly folder: string; readonly begin: string } {
  const slash = text.lastIndexOf('/');
  if (slash === -1) return { folder: from, begin: text };
  const folder = text.slice(0, slash + 1);
  return {
    folder: folder.startsWith('/') || folder.startsWith('~') ? folder : joinPath(from, folder),
    begin: text.slice(slash + 1),
  };
}

/** "photo.JPG" is "jpg"; names that begin with their only dot have none. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot > 0 ? name.slice(dot + 1).toLowerCase() : '';
}
