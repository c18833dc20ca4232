/** The rows of the command table about sharing. There are none in the desktop, which has no address to share. */
import type { AppState, Command } from '../../state/commands.ts';
import { shareDialogs } from './share-dialogs.ts';

function canShare({ subject, terminals }: AppState): boolean {
  const phase = subject?.kind === 'terminal' ? terminals.get(subject.id)?.state.phase : undefined;
  return phase === 'live' || phase === 'lost';
}

export const shareCommands: readonly Command[] = [
  {
    id: 'terminal.share',
    scope: 'terminals.write',
    label: 'Share terminal…',
    description: 'Makes a link by which others watch this terminal, or type into it.',
    menu: 'Terminal',
    group: 2,
    keywords: 'link guest watch pair invite',
    on: 'terminal',
    isServedOnly: true,
    isEnabled: canShare,
    run: ({ subject }) => {
      if (subject?.kind === 'terminal') shareDialogs.open(subject.id);
    },
  },
];
