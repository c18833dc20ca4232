/** A recording in a tab of its own: its screen, and the bar that plays, seeks and sets the speed. */
import '@xterm/xterm/css/xterm.css';
import './terminal.css';
import { FileVideo, Pause, Play, RotateCcw } from 'lucide-react';
import { useCallback, useEffect, useId, useRef, useState } from 'react';
import { Button, IconButton } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { formatClock } from '../../components/format.ts';
import { Menu } from '../../components/menu.tsx';
import { useApp, useCommand, useSettings } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { currentTheme, onThemeChange } from '../../theme/theme.ts';
import { xtermTheme } from '../../theme/xterm-theme.ts';
import { openLink } from '../../state/open-link.ts';
import { type OpenedCast, recordings } from './recordings.ts';
import { Replay, type ReplayStep, replaySpeeds } from './replay.ts';
import { ReplayScreen } from './replay-screen.ts';

export default function ReplayView({ view, isVisible }: ViewProps<'recording'>) {
  const opened = recordings.opened(view.recordingId);
  const again = useCommand('terminal.replay');
  if (opened === undefined)
    return (
      <EmptyState
        icon={FileVideo}
        title="This recording is not open any more"
        actions={<Button onClick={again.run}>Replay recording…</Button>}
      >
        Berth does not keep recordings: open its file again.
      </EmptyState>
    );
  return <Player opened={opened} isVisible={isVisible} />;
}

/** Ticks on the seek bar; more would be a line. */
const shownMarkers = 100;

function Player({ opened, isVisible }: { opened: OpenedCast; isVisible: boolean }) {
  const app = useApp();
  const settings = useSettings();
  const holder = useRef<HTMLDivElement>(null);
  const [replay] = useState(() => new Replay(opened.cast));
  const [screen, setScreen] = useState<ReplayScreen | null>(null);
  const [isPlaying, setPlaying] = useState(true);
  const [speed, setSpeed] = useState<number>(1);
  const [atSeconds, setAt] = useState(0);
  const work = useRef<{ isDrawing: boolean; seekTo: number | null }>({ isDrawing: false, seekTo: null });
  const first = useRef(settings);
  const marksId = useId();

  useEffect(() => {
    if (holder.current === null) return;
    const made = new ReplayScreen({
      size: opened.cast.size,
      appearance: first.current,
      theme: xtermTheme(currentTheme()),
      onOpenLink: (url) => openLink(app, url),
    });
    made.mount(holder.current);
    setScreen(made);
    // A screen made anew begins at the beginning.
    work.current = { isDrawing: false, seekTo: 0 };
    return () => made.dispose();
  }, [app, opened]);

  useEffect(() => {
    if (screen === null) return;
    screen.setLook(settings, xtermTheme(currentTheme()));
    return onThemeChange((theme) => screen.setLook(settings, xtermTheme(theme)));
  }, [screen, settings]);

  // Time goes on by frames while the page is seen, and stands still while the screen has to catch up.
  useEffect(() => {
    if (screen === null || !isVisible) return;
    let frame = 0;
    let lastMs: number | null = null;
    const draw = (step: ReplayStep) => {
      setAt(replay.atSeconds);
      if (step.reset === null && step.events.length === 0) return;
      const own = work.current;
      own.isDrawing = true;
      void screen.draw(step).finally(() => {
        own.isDrawing = false;
      });
    };
    const tick = (nowMs: number) => {
      const passedMs = lastMs === null ? 0 : nowMs - lastMs;
      lastMs = nowMs;
      const { isDrawing, seekTo } = work.current;
      if (!isDrawing && seekTo !== null) {
        work.current.seekTo = null;
        draw(replay.seek(seekTo));
      } else if (!isDrawing && isPlaying) {
        draw(replay.advance((passedMs / 1000) * speed));
        if (replay.isAtEnd) setPlaying(false);
      }
      frame = requestAnimationFrame(tick);
    };
    frame = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(frame);
  }, [screen, replay, isVisible, isPlaying, speed]);

  const seek = useCallback(
    (seconds: number) => {
      const to = Math.min(replay.durationSeconds, Math.max(0, seconds));
      work.current.seekTo = to;
      setAt(to);
    },
    [replay],
  );
  const toggle = () => {
    if (!isPlaying && replay.isAtEnd) seek(0);
    setPlaying(!isPlaying);
  };
  const isAtEnd = !isPlaying && atSeconds >= replay.durationSeconds && replay.durationSeconds > 0;
  return (
    <div className="flex h-full min-h-0 flex-col bg-(--terminal-background)">
      <div ref={holder} className="terminal-holder replay-holder min-h-0 flex-1" />
      <div className="flex h-11 shrink-0 items-center gap-2 border-t border-line bg-panel px-2">
        <IconButton
          label={isPlaying ? 'Pause' : isAtEnd ? 'Play again' : 'Play'}
          icon={isPlaying ? Pause : isAtEnd ? RotateCcw : Play}
          tooltipSide="top"
          data-autofocus
          onClick={toggle}
        />
        <span className="tabular shrink-0 text-meta text-muted">
          {formatClock(atSeconds * 1000)} / {formatClock(replay.durationSeconds * 1000)}
        </span>
        <datalist id={marksId}>
          {replay.markers.slice(0, shownMarkers).map((marker) => (
            <option key={`${marker.atSeconds} ${marker.text}`} value={marker.atSeconds} label={marker.text} />
          ))}
        </datalist>
        <input
          type="range"
          list={marksId}
          aria-label="Place in the recording"
          aria-valuetext={`${formatClock(atSeconds * 1000)} of ${formatClock(replay.durationSeconds * 1000)}`}
          min={0}
          max={Math.max(0.01, replay.durationSeconds)}
          step={0.01}
          value={atSeconds}
          onChange={(event) => seek(Number(event.target.value))}
          className="seek-bar min-w-0 flex-1"
        />
        <Menu
          side="top"
          align="end"
          trigger={
            <Button variant="quiet" aria-label={`Speed: ${speed} ×`}>
              {speed} ×
            </Button>
          }
          entries={replaySpeeds.map((value) => ({
            kind: 'item' as const,
            id: String(value),
            label: `${value} ×`,
            isChecked: value === speed,
            run: () => setSpeed(value),
          }))}
        />
        <span dir="auto" title={opened.name} className="max-w-48 truncate text-meta text-muted max-sm:hidden">
          {opened.name}
        </span>
      </div>
    </div>
  );
}
