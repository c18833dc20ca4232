/** Above an app: back, forward, reload, its address to be copied, and the way out of the tab. */
import { ArrowLeft, ArrowRight, ExternalLink, House, RotateCw, X } from 'lucide-react';
import type { Forward } from '#contract/forwards.ts';
import type { AppViewState } from '#contract/shell.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { ForwardMenu } from './forward-parts.tsx';
import { forwardAddress, forwardMark } from './forward-words.ts';

export interface AppBarProps {
  readonly forward: Forward;
  /** Null: nothing is open, or it is in a frame, of which the window knows nothing. */
  readonly state: AppViewState | null;
  /** Null where a page around the app has no say. */
  readonly onAct: ((act: 'back' | 'forward' | 'stop' | 'zoom-reset') => void) | null;
  readonly onReload: () => void;
  readonly onOpenInBrowser: () => void;
  readonly isDesktop: boolean;
}

export function AppBar({ forward, state, onAct, onReload, onOpenInBrowser, isDesktop }: AppBarProps) {
  const address = (state?.url || forwardAddress(forward)) ?? '';
  const mark = forwardMark(forward);
  const isLoading = state?.isLoading ?? false;
  // A frame at another origin can be neither asked where it is nor loaded anew there: it begins at its first page.
  const reloadLabel = isDesktop ? 'Reload' : 'Open its first page again';
  return (
    <div className="flex h-10 shrink-0 items-center gap-1 border-b border-line bg-app px-2">
      {onAct !== null && (
        <>
          <IconButton
            label="Back"
            icon={ArrowLeft}
            tooltipSide="top"
            disabled={!state?.canGoBack}
            onClick={() => onAct('back')}
          />
          <IconButton
            label="Forward"
            icon={ArrowRight}
            tooltipSide="top"
            disabled={!state?.canGoForward}
            onClick={() => onAct('forward')}
          />
        </>
      )}
      <IconButton
        label={isLoading ? 'Stop loading' : reloadLabel}
        icon={isLoading ? X : isDesktop ? RotateCw : House}
        tooltipSide="top"
        onClick={() => (isLoading ? onAct?.('stop') : onReload())}
      />
      <span className="mx-1 flex h-control min-w-0 flex-1 items-center gap-1 rounded-md border border-line bg-field pr-1 pl-2.5">
        <span data-selectable title={address} className="min-w-0 flex-1 truncate font-code text-[0.96em]">
          {address}
        </span>
        {address !== '' && <CopyButton text={address} label="Copy address" isIconOnly />}
      </span>
      {state !== null && state.zoomPercent !== 100 && (
        <Button
          variant="quiet"
          className="tabular"
          aria-label={`Zoomed to ${state.zoomPercent} %: back to 100 %`}
          onClick={() => onAct?.('zoom-reset')}
        >
          {state.zoomPercent} %
        </Button>
      )}
      {forward.state !== 'ready' && (
        <StateMark signal={mark.signal} word={mark.word} className="px-1 text-meta" />
      )}
      <IconButton
        label={isDesktop ? 'Open in the browser' : 'Open in a new tab'}
        icon={ExternalLink}
        tooltipSide="top"
        onClick={onOpenInBrowser}
      />
      <ForwardMenu forward={forward} />
    </div>
  );
}
