/** What is drawn of a forward wherever it is listed: its menu, its address, its traffic, and what is wrong with it. */
import { Ellipsis } from 'lucide-react';
import type { Forward } from '#contract/forwards.ts';
import { IconButton } from '../../components/button.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Menu } from '../../components/menu.tsx';
import { useApp, useAppState, useKeymap } from '../../state/app-context.tsx';
import { subjectEntries } from '../../state/subject-menu.ts';
import { forwardAddress, forwardName, trafficWords } from './forward-words.ts';

export function ForwardMenu({ forward }: { forward: Forward }) {
  const app = useApp();
  const keymap = useKeymap();
  // The menu's rows are judged anew when anything changes that they look at.
  useAppState();
  return (
    <Menu
      align="end"
      trigger={<IconButton label={`Acts on ${forwardName(forward)}`} icon={Ellipsis} size="small" />}
      entries={subjectEntries(app, keymap, { kind: 'forward', id: forward.id })}
    />
  );
}

export function ForwardAddress({ forward }: { forward: Forward }) {
  const address = forwardAddress(forward);
  if (address === null) return <span className="text-muted">no address yet</span>;
  return (
    <span className="flex min-w-0 items-center gap-1">
      <span data-selectable title={address} className="min-w-0 truncate font-code text-[0.96em]">
        {address}
      </span>
      <CopyButton text={address} label={`Copy address of ${forwardName(forward)}`} isIconOnly />
    </span>
  );
}

/** Live: the plane tells of it while it changes. */
export function ForwardTrafficWords({ forward }: { forward: Forward }) {
  return <span className="tabular">{trafficWords(forward.traffic)}</span>;
}

/** Its message says what to do. */
export function ForwardProblem({ forward }: { forward: Forward }) {
  if (forward.problem === null) return null;
  return (
    <p className={`text-meta wrap-anywhere ${forward.state === 'failed' ? 'text-failed' : 'text-attention'}`}>
      {forward.problem.message}
    </p>
  );
}
