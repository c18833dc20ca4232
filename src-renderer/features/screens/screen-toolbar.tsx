/** The bar above a screen: what is true of it, and what can be done with it. It folds away to a handle. */
import {
  Camera,
  ChevronUp,
  ClipboardCheck,
  ClipboardList,
  Ellipsis,
  Eye,
  Keyboard,
  Maximize,
  Minimize,
  RefreshCw,
  Scaling,
} from 'lucide-react';
import { useStore } from 'zustand';
import { IconButton } from '../../components/button.tsx';
import { Menu, type MenuEntry } from '../../components/menu.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import type { FullScreen } from './full-screen.ts';
import { savePicture } from './save-picture.ts';
import type { ScreenClipboard } from './screen-clipboard.ts';
import type { ScreenSession } from './screen-session.ts';
import { SoundControl } from './sound-control.tsx';
import type { SoundSession } from './sound-session.ts';
import { qualityWords, screenMark, sizingWords } from './screen-words.ts';

export type ScreenPanel = 'clipboard' | 'keys';

export interface ScreenToolbarProps {
  readonly session: ScreenSession;
  readonly clipboard: ScreenClipboard;
  /** Null: the image gives none. */
  readonly sound: SoundSession | null;
  /** As "browser on atlas". */
  readonly title: string;
  readonly panel: ScreenPanel | null;
  readonly onPanel: (panel: ScreenPanel | null) => void;
  readonly fullScreen: FullScreen;
  readonly onFailure: (title: string, cause: unknown) => void;
  readonly onFold: () => void;
}

export function ScreenToolbar(props: ScreenToolbarProps) {
  const { session, clipboard, sound, title, panel, onPanel, fullScreen, onFailure, onFold } = props;
  const { state, options } = useStore(session.store);
  const isKept = useStore(clipboard.store, (copied) => copied.isKept);
  const mark = screenMark(state);
  const isLive = state.phase === 'connected';
  const more: readonly MenuEntry[] = [
    { kind: 'heading', id: 'quality', label: 'Picture' },
    ...qualityWords.map(
      ({ value, label }): MenuEntry => ({
        kind: 'item',
        id: value,
        label,
        isChecked: options.quality === value,
        run: () => session.setOptions({ quality: value }),
      }),
    ),
    { kind: 'line', id: '-1' },
    {
      kind: 'item',
      id: 'view-only',
      label: 'View only',
      icon: Eye,
      isChecked: options.isViewOnly,
      run: () => session.setOptions({ isViewOnly: !options.isViewOnly }),
    },
    {
      kind: 'item',
      id: 'picture',
      label: 'Save a picture of it',
      icon: Camera,
      isDisabled: !isLive,
      run: () => {
        if (session.screen !== null) savePicture(session.screen, title);
      },
    },
    {
      kind: 'item',
      id: 'again',
      label: 'Connect again',
      icon: RefreshCw,
      isDisabled: state.phase === 'away',
      run: () => session.tryAgain(),
    },
  ];
  const toggle = (which: ScreenPanel) => onPanel(panel === which ? null : which);
  return (
    <div
      role="toolbar"
      aria-label="Screen"
      className="flex min-h-9 shrink-0 items-center gap-1 border-b border-line bg-panel px-2"
    >
      <span role="status" className="flex min-w-0 flex-1 items-center gap-3 px-1">
        <StateMark signal={mark.signal} word={mark.word} className="text-meta" />
        {options.isViewOnly && <span className="text-meta text-muted">view only</span>}
        <span className="min-w-0 truncate text-meta text-muted max-sm:hidden" dir="auto">
          {title}
        </span>
      </span>
      {sound !== null && <SoundControl session={sound} />}
      <Menu
        align="end"
        trigger={<IconButton label="Size" icon={Scaling} />}
        entries={sizingWords.map(({ value, label }) => ({
          kind: 'item',
          id: value,
          label,
          isChecked: options.sizing === value,
          run: () => session.setOptions({ sizing: value }),
        }))}
      />
      <IconButton
        label={isKept ? 'Clipboard: something was copied there' : 'Clipboard'}
        icon={isKept ? ClipboardCheck : ClipboardList}
        isPressed={panel === 'clipboard'}
        className={isKept ? 'text-attention' : ''}
        onClick={() => toggle('clipboard')}
      />
      <IconButton
        label="Keys"
        icon={Keyboard}
        isPressed={panel === 'keys'}
        disabled={options.isViewOnly}
        onClick={() => toggle('keys')}
      />
      {fullScreen.isPossible && (
        <IconButton
          label={fullScreen.isOn ? 'Leave full screen' : 'Full screen'}
          icon={fullScreen.isOn ? Minimize : Maximize}
          onClick={() => {
            fullScreen
              .toggle()
              .catch((cause: unknown) => onFailure('The screen could not fill the display', cause));
          }}
        />
      )}
      <Menu align="end" trigger={<IconButton label="More" icon={Ellipsis} />} entries={more} />
      <IconButton label="Fold the bar away" icon={ChevronUp} onClick={onFold} />
    </div>
  );
}
