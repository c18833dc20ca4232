/**
 * Puts the chosen theme on <html> and follows the system when asked to. Owns `data-theme` and `--size-interface`,
 * nothing else. `onThemeChange` is for what cannot be styled by CSS (terminals, charts).
 */
export type ThemeChoice = 'system' | 'light' | 'dark';
export type Theme = 'light' | 'dark';

const rememberedKey = 'berth.theme';
const systemIsLight = () => window.matchMedia('(prefers-color-scheme: light)');

export function resolveTheme(choice: ThemeChoice, isSystemLight: boolean): Theme {
  if (choice !== 'system') return choice;
  return isSystemLight ? 'light' : 'dark';
}

/** The choice of the last visit, so that the first frame has the right colours before the settings have arrived. */
export function rememberedTheme(): ThemeChoice {
  const value = localStorage.getItem(rememberedKey);
  return value === 'light' || value === 'dark' ? value : 'system';
}

/** Applies a choice and keeps following the system until the returned function is called. */
export function followTheme(choice: ThemeChoice): () => void {
  localStorage.setItem(rememberedKey, choice);
  const query = systemIsLight();
  const apply = () => {
    const theme = resolveTheme(choice, query.matches);
    if (document.documentElement.dataset.theme === theme) return;
    document.documentElement.dataset.theme = theme;
    window.dispatchEvent(new CustomEvent('berth-theme', { detail: theme }));
  };
  apply();
  query.addEventListener('change', apply);
  return () => query.removeEventListener('change', apply);
}

export function currentTheme(): Theme {
  return document.documentElement.dataset.theme === 'light' ? 'light' : 'dark';
}

export function onThemeChange(listener: (theme: Theme) => void): () => void {
  const handle = () => listener(currentTheme());
  window.addEventListener('berth-theme', handle);
  return () => window.removeEventListener('berth-theme', handle);
}

/** The value of a token as a plain colour, as `readToken('--text-muted')`. */
export function readToken(name: `--${string}`): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function applyInterfaceSize(sizePx: number): void {
  document.documentElement.style.setProperty('--size-interface', `${sizePx}px`);
}
