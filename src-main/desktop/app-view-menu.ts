/** The menu of a click with the other button on a web app: what browsers have there, without what leads out by itself. */
import { clipboard, type ContextMenuParams, Menu, type MenuItemConstructorOptions } from 'electron';

export interface AppViewMenuActs {
  readonly canGoBack: boolean;
  readonly canGoForward: boolean;
  readonly isPackaged: boolean;
  back(): void;
  forward(): void;
  reload(): void;
  /** What else can be done with a link than copying it, in words; null: nothing. */
  linkAct(url: string): { readonly label: string; readonly run: () => void } | null;
  copy(text: string): void;
  inspect(x: number, y: number): void;
}

type Params = Pick<
  ContextMenuParams,
  'linkURL' | 'srcURL' | 'mediaType' | 'isEditable' | 'selectionText' | 'editFlags' | 'x' | 'y'
>;

export function appViewMenuTemplate(params: Params, acts: AppViewMenuActs): MenuItemConstructorOptions[] {
  const { linkURL, srcURL, mediaType, isEditable, selectionText, editFlags, x, y } = params;
  const isWeb = /^https?:/i;
  const groups: MenuItemConstructorOptions[][] = [];
  if (isWeb.test(linkURL)) {
    const act = acts.linkAct(linkURL);
    groups.push([
      ...(act === null ? [] : [{ label: act.label, click: act.run }]),
      { label: 'Copy link address', click: () => acts.copy(linkURL) },
    ]);
  }
  if (mediaType === 'image' && isWeb.test(srcURL))
    groups.push([{ label: 'Copy image address', click: () => acts.copy(srcURL) }]);
  if (isEditable)
    groups.push([
      { role: 'undo', enabled: editFlags.canUndo },
      { role: 'redo', enabled: editFlags.canRedo },
      { type: 'separator' },
      { role: 'cut', enabled: editFlags.canCut },
      { role: 'copy', enabled: editFlags.canCopy },
      { role: 'paste', enabled: editFlags.canPaste },
      { role: 'selectAll', enabled: editFlags.canSelectAll },
    ]);
  else if (selectionText !== '') groups.push([{ role: 'copy', enabled: editFlags.canCopy }]);
  if (groups.length === 0 || (!isEditable && selectionText === '' && linkURL === ''))
    groups.unshift([
      { label: 'Back', enabled: acts.canGoBack, click: () => acts.back() },
      { label: 'Forward', enabled: acts.canGoForward, click: () => acts.forward() },
      { label: 'Reload', click: () => acts.reload() },
    ]);
  if (!acts.isPackaged) groups.push([{ label: 'Inspect', click: () => acts.inspect(x, y) }]);
  return groups.flatMap((group, place) => (place === 0 ? group : [{ type: 'separator' }, ...group]));
}

export function showAppViewMenu(params: Params, acts: Omit<AppViewMenuActs, 'copy'>): void {
  const copy = (text: string) => void clipboard.writeText(text);
  Menu.buildFromTemplate(appViewMenuTemplate(params, { ...acts, copy })).popup();
}
