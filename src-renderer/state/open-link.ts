/** Opens a link that a person clicked: outside the window, in either shell. The caller has checked its scheme. */
import type { App } from './app-context.tsx';

export function openLink(app: Pick<App, 'shell' | 'notices'>, url: string): void {
  if (app.shell !== null)
    app.shell
      .request('openExternal', { url })
      .catch((cause: unknown) => app.notices.fail('The link could not be opened', cause));
  else window.open(url, '_blank', 'noopener,noreferrer');
}
