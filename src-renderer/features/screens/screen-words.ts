/** What the state of a screen is called, and what can be said of it. Pure. */
import type { Signal } from '../../state/feature.ts';
import type { ScreenQuality, ScreenSizing, ScreenState, ScreenStep } from './screen-session.ts';
import type { Sound } from './sound-session.ts';

const stepWords: Readonly<Record<ScreenStep, string>> = {
  loading: 'Loading the viewer',
  reaching: 'Reaching the port',
  'signing-in': 'Signing in',
  drawing: 'Waiting for the picture',
};

export const connectSteps = ['loading', 'reaching', 'signing-in', 'drawing'] as const;

export function stepWord(step: ScreenStep): string {
  return stepWords[step];
}

export function screenMark(state: ScreenState): { readonly signal: Signal; readonly word: string } {
  switch (state.phase) {
    case 'connected':
      return { signal: 'running', word: 'live' };
    case 'connecting':
      return { signal: 'busy', word: 'connecting' };
    case 'starting':
      return { signal: 'busy', word: 'the desktop is starting' };
    case 'lost':
      return { signal: 'attention', word: 'connection lost' };
    case 'asking':
      return { signal: 'attention', word: 'wants a password' };
    case 'refused':
      return { signal: 'failed', word: 'password refused' };
    case 'failed':
      return { signal: 'failed', word: 'failed' };
    case 'resting':
      return { signal: 'stopped', word: 'resting' };
    case 'away':
      return { signal: 'stopped', word: 'not there' };
    default:
      return state satisfies never;
  }
}

/** What the speaker says: what is true, then what a press would do. */
export function soundWords({ state, isHeard, hasGaps }: Sound): string {
  switch (state.phase) {
    case 'off':
      return 'Sound: off. Turn it on; it takes 1.5 Mbit/s while something plays';
    case 'connecting':
      return 'Sound: connecting. Turn it off';
    case 'away':
      return 'Sound: waits for the desktop. Turn it off';
    case 'resting':
      return 'Sound: resting, nothing played for a while. Turn it off';
    case 'on': {
      const what = hasGaps
        ? 'it has gaps, the connection is too slow'
        : isHeard
          ? 'playing'
          : 'on, and nothing plays';
      return `Sound: ${what}. Turn it off`;
    }
    case 'failed':
      return `Sound: ${state.error.message} Try again`;
    default:
      return state satisfies never;
  }
}

export const sizingWords: readonly { readonly value: ScreenSizing; readonly label: string }[] = [
  { value: 'resize', label: 'Give the desktop the size of the tab' },
  { value: 'fit', label: 'Scale to fit' },
  { value: 'real', label: 'Real size' },
];

export const qualityWords: readonly { readonly value: ScreenQuality; readonly label: string }[] = [
  { value: 'best', label: 'Best picture' },
  { value: 'balanced', label: 'Balanced' },
  { value: 'low', label: 'Least data' },
];
