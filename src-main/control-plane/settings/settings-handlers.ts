/** The contract's `settings.*` lines, each to its service call. Whose settings: the caller's, never a field's. */
import type { HandlersOf } from '../handler.ts';
import type { SettingsService } from './settings-service.ts';

export function createSettingsHandlers(service: SettingsService): HandlersOf<'settings'> {
  return {
    'settings.watch': (_input, { caller, signal }) => service.watch(caller.userId, signal),
    'settings.change': (change, { caller }) => service.change(caller.userId, change),
  };
}
