/** Settings: what a person prefers. Every one has a default, a sentence in the settings page, and a bound. */
import { z } from 'zod';
import { call, stream } from './contract.ts';

export const Settings = z.object({
  theme: z.enum(['system', 'light', 'dark']),
  interfaceFontSizePx: z.number().int().min(11).max(20),
  terminalFontFamily: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[^;{}<>]+$/, 'must be a list of font names'),
  terminalFontSizePx: z.number().int().min(8).max(40),
  terminalLineHeight: z.number().min(1).max(2),
  terminalCursor: z.enum(['block', 'bar', 'underline']),
  terminalCursorBlinks: z.boolean(),
  terminalScrollbackLines: z.number().int().min(0).max(200_000),
  terminalBell: z.enum(['none', 'mark', 'sound']),
  terminalRenderer: z.enum(['automatic', 'gpu', 'plain']),
  /** Draws ligatures where the font has them. */
  terminalLigatures: z.boolean(),
  /** Draws images that programs send (sixel, iTerm2's inline images). */
  terminalImages: z.boolean(),
  /** Whether programs may write the clipboard (OSC 52). They never read it. */
  terminalClipboard: z.enum(['never', 'ask', 'always']),
  /** Shells tell of their folder and of each command's begin, end and exit status (OSC 7, OSC 133). */
  shellIntegration: z.boolean(),
  /** A command that took at least so many seconds in a terminal that nobody looks at is announced; 0: never. */
  announceCommandAfterSeconds: z.number().int().min(0).max(86_400),
  /** New terminals run under tmux on their host, where that can be, and outlive the connection. */
  keepTerminals: z.boolean(),
  copyOnSelection: z.boolean(),
  warnOnMultiLinePaste: z.boolean(),
  /** Shell for terminals on a host; null is the login shell. */
  hostShell: z
    .string()
    .max(255)
    .regex(/^\/[^\0\n]+$/, 'must be an absolute path')
    .nullable(),
  confirmCloseOfRunningTerminal: z.boolean(),
  /** Seconds between a stop's SIGTERM and its SIGKILL. */
  stopGraceSeconds: z.number().int().min(0).max(600),
  /**
   * On servers over SSH: rules that keep workspaces away from metadata and from the server's own services. The owner's
   * counts, for a server has one set of rules. Turned off, rules that are there are removed.
   */
  closeHostToWorkspaces: z.boolean(),
  /** New workspaces stop after so many minutes without work; null: never. Each can be told otherwise. */
  idleStopMinutes: z.number().int().min(5, 'must be at least 5').max(43_200).nullable(),
  /** Terminals that nobody typed in, printed to or looked at for so many minutes are closed; null: never. */
  closeIdleTerminalsMinutes: z.number().int().min(5, 'must be at least 5').max(43_200).nullable(),
  /** Where web apps open. */
  openAppsIn: z.enum(['tab', 'browser']),
  /** Hours for which the files from before a restore stay, so that it can be taken back. */
  restoreUndoHours: z
    .number()
    .int()
    .min(1)
    .max(24 * 90),
  /** Share of the disk, in percent, from which on a host's snapshots warn that it fills. */
  snapshotDiskWarningPercent: z.number().int().min(50).max(99),
  /** Changed shortcuts, by command id. An empty string takes the shortcut away. */
  shortcuts: z.record(z.string().max(80), z.string().max(60)),
});
export type Settings = z.infer<typeof Settings>;

export const settingsDefaults: Settings = {
  theme: 'system',
  interfaceFontSizePx: 13,
  terminalFontFamily: "'JetBrains Mono Variable', monospace",
  terminalFontSizePx: 13,
  terminalLineHeight: 1.2,
  terminalCursor: 'block',
  terminalCursorBlinks: true,
  terminalScrollbackLines: 10_000,
  terminalBell: 'mark',
  terminalRenderer: 'automatic',
  terminalLigatures: false,
  terminalImages: false,
  terminalClipboard: 'ask',
  shellIntegration: true,
  announceCommandAfterSeconds: 10,
  keepTerminals: true,
  copyOnSelection: false,
  warnOnMultiLinePaste: true,
  hostShell: null,
  confirmCloseOfRunningTerminal: true,
  stopGraceSeconds: 10,
  closeHostToWorkspaces: true,
  idleStopMinutes: null,
  closeIdleTerminalsMinutes: null,
  openAppsIn: 'tab',
  restoreUndoHours: 24,
  snapshotDiskWarningPercent: 85,
  shortcuts: {},
};

export const settingsMethods = {
  'settings.watch': stream({
    summary: 'The settings, then every change',
    scope: 'settings.read',
    input: z.object({}),
    item: Settings,
    errors: [],
    rest: { method: 'GET', path: '/settings', shape: 'value' },
  }),
  'settings.change': call({
    summary: 'Changes some settings; the others stay',
    scope: 'settings.write',
    input: Settings.partial(),
    output: Settings,
    errors: [],
    rest: { method: 'PATCH', path: '/settings' },
  }),
};
