/** Asks which forward a command is about that was run where none is in front. */
import { useRef } from 'react';
import type { ForwardId } from '#contract/ids.ts';
import { Button } from '../../components/button.tsx';
import { ChoiceList } from '../../components/choice-list.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { runCommand, useApp, useAppState, useForwards, useWorkspaces } from '../../state/app-context.tsx';
import { canOpen, canRestart } from './forward-commands.ts';
import type { ForwardChoice } from './forward-dialogs.ts';
import { forwardAddress, forwardMark, forwardName, kindWords } from './forward-words.ts';
import { sortedForwards } from './forwards-list.ts';

const acts = {
  open: { title: 'Open which app?', label: 'Apps', command: 'app.open' },
  restart: { title: 'Restart which forward?', label: 'Forwards', command: 'forward.restart' },
} as const;

export function ChooseForwardDialog({ act, onClose }: { act: ForwardChoice; onClose: () => void }) {
  const app = useApp();
  const state = useAppState();
  const first = useRef<HTMLElement>(null);
  const workspaces = useWorkspaces().byId;
  const { title, label, command } = acts[act];
  const fitting = sortedForwards(useForwards().items, workspaces, '').filter((forward) =>
    act === 'open' ? canOpen(forward) : canRestart(forward, state),
  );
  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={title}
      initialFocus={first}
      footer={<Button onClick={onClose}>Cancel</Button>}
    >
      {fitting.length === 0 ? (
        <p className="text-muted">There is none any more.</p>
      ) : (
        <ChoiceList
          label={label}
          first={first}
          choices={fitting.map((forward) => ({
            id: forward.id,
            title: `${forwardName(forward)} of ${workspaces.get(forward.workspaceId)?.name ?? 'a removed workspace'}`,
            detail: [kindWords[forward.kind], forwardAddress(forward) ?? '', forwardMark(forward).word]
              .filter(Boolean)
              .join(' · '),
            words: `${forward.port ?? ''} ${kindWords[forward.kind]}`,
          }))}
          onChoose={(id) => {
            onClose();
            runCommand(app, command, { kind: 'forward', id: id as ForwardId });
          }}
        />
      )}
    </Dialog>
  );
}
