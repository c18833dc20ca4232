/** What sharing is called, in one place: dialog, mark and guest page agree. Pure. */
import type { ShareAccess, TerminalShare } from '#contract/terminal-shares.ts';

export const accessWords: Record<ShareAccess, { readonly owner: string; readonly guest: string }> = {
  read: { owner: 'Can watch', guest: 'Read only' },
  write: { owner: 'Can type', guest: 'You can type' },
};

export function watchingWords(count: number): string {
  return count === 0 ? 'nobody watching' : `${count} watching`;
}

/** "Shared · 2 watching"; null when it is not shared. */
export function sharedWords(shares: readonly Pick<TerminalShare, 'viewerCount'>[]): string | null {
  if (shares.length === 0) return null;
  return `Shared · ${watchingWords(shares.reduce((sum, { viewerCount }) => sum + viewerCount, 0))}`;
}

export const expiryChoices = [
  { value: '15', label: '15 minutes' },
  { value: '60', label: '1 hour' },
  { value: '480', label: '8 hours' },
  { value: '1440', label: '1 day' },
  { value: 'custom', label: 'Another time…' },
] as const;
export type ExpiryChoice = (typeof expiryChoices)[number]['value'];

export const expiryUnits = [
  { value: '1', label: 'minutes' },
  { value: '60', label: 'hours' },
  { value: '1440', label: 'days' },
] as const;
export type ExpiryUnit = (typeof expiryUnits)[number]['value'];

/** Whole minutes, or the rule that the wish breaks. */
export function minutesOf(count: string, unit: ExpiryUnit, maxMinutes: number): number | string {
  const minutes = Number(count) * Number(unit);
  if (!/^\d{1,5}$/.test(count.trim()) || minutes < 1) return 'must be a whole number above 0';
  return minutes > maxMinutes ? `must be at most ${maxMinutes / 1440} days` : minutes;
}

/** A link under a name of this computer alone leads nowhere from another one. */
export function isOwnComputer(hostName: string): boolean {
  return hostName === 'localhost' || hostName === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostName);
}
