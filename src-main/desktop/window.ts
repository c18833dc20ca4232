/** The one window: its sandboxed page, its place on the screen (all that electron-store keeps), and how it shows itself. */
import { BrowserWindow, nativeTheme, screen } from 'electron';
import Store from 'electron-store';
import { appOrigin } from './app-protocol.ts';

interface Bounds {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
  readonly isMaximized: boolean;
}

const firstBounds: Bounds = { width: 1280, height: 820, isMaximized: false };
/** Milliseconds of stillness after which a moved window's place is written. */
const saveAfterMs = 500;
/** The app surface of theme/tokens.css, so that nothing flashes before the page draws. */
const surface = { dark: '#0f1419', light: '#f6f7f9' } as const;

export interface WindowOptions {
  readonly preloadPath: string;
  readonly isPackaged: boolean;
}

export function openWindow({ preloadPath, isPackaged }: WindowOptions): BrowserWindow {
  const store = new Store<{ bounds: Bounds }>({ name: 'window', defaults: { bounds: firstBounds } });
  const bounds = onScreen(store.get('bounds'));
  const window = new BrowserWindow({
    ...('x' in bounds ? { x: bounds.x, y: bounds.y } : {}),
    width: bounds.width,
    height: bounds.height,
    minWidth: 480,
    minHeight: 400,
    show: false,
    title: 'Berth',
    backgroundColor: nativeTheme.shouldUseDarkColors ? surface.dark : surface.light,
    autoHideMenuBar: true,
    // Written out, never spread from anywhere: each of these is a wall.
    webPreferences: {
      preload: preloadPath,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      disableDialogs: true,
      spellcheck: false,
      devTools: !isPackaged,
    },
  });
  if (bounds.isMaximized) window.maximize();
  window.once('ready-to-show', () => window.show());

  let timer: NodeJS.Timeout | undefined;
  const save = () => {
    clearTimeout(timer);
    if (window.isDestroyed()) return;
    store.set('bounds', { ...window.getNormalBounds(), isMaximized: window.isMaximized() });
  };
  const saveSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(save, saveAfterMs);
  };
  window.on('resize', saveSoon);
  window.on('move', saveSoon);
  window.on('close', save);
  void window.loadURL(`${appOrigin}/index.html`);
  return window;
}

/** A place that no screen shows any more, as after a monitor was unplugged, is forgotten; the size is kept. */
function onScreen(bounds: Bounds): Bounds {
  const { x, y, width, height, isMaximized } = bounds;
  const size = { width: Math.max(480, width), height: Math.max(400, height), isMaximized };
  if (x === undefined || y === undefined) return size;
  const { workArea } = screen.getDisplayMatching({ x, y, width, height });
  const isVisible =
    x < workArea.x + workArea.width - 80 &&
    x + width > workArea.x + 80 &&
    y >= workArea.y - 10 &&
    y < workArea.y + workArea.height - 80;
  return isVisible ? { ...size, x, y } : size;
}
