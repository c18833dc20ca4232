/**
 * The system's own word that the computer is awake again. The plane notices sleep by the clock, too; the system says it
 * seconds earlier, and also after a sleep that was too short for a clock to tell. Electron has no word for a network that
 * came back: the page hears of that, and the plane sees the addresses.
 */
import type { PowerMonitor } from 'electron';
import type { WakeWord } from './plane-host.ts';

/** Must be called when the app is ready: before, Electron has no power monitor. */
export function watchPower(monitor: PowerMonitor, onWake: (reason: WakeWord) => void): void {
  monitor.on('resume', () => onWake('resume'));
  monitor.on('unlock-screen', () => onWake('unlock'));
}

/** The system ends. With nothing to lose nobody holds it up; else it waits while the app ends, and asks as it does then. */
export function watchShutdown(
  monitor: PowerMonitor,
  { hasWork, quit }: { readonly hasWork: () => boolean; readonly quit: () => void },
): void {
  // Electron's types leave the event out that its documentation speaks of.
  (monitor as NodeJS.EventEmitter).on('shutdown', (event: { preventDefault(): void }) => {
    if (!hasWork()) return;
    event.preventDefault();
    quit();
  });
}
