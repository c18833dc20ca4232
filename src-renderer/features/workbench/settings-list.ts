/** Every setting with its name, its sentence and its control. The page draws this table; a test compares it with the contract. */
import type { Settings } from '#contract/settings.ts';

export type SettingKey = Exclude<keyof Settings, 'shortcuts'>;

export type SettingControl =
  | {
      readonly kind: 'choice';
      readonly options: readonly { readonly value: string; readonly label: string }[];
    }
  | { readonly kind: 'switch' }
  | {
      readonly kind: 'number';
      readonly min: number;
      readonly max: number;
      readonly step: number;
      readonly unit: string;
      /** Nothing typed: the setting is off. */
      readonly emptyMeansNull?: boolean;
    }
  | { readonly kind: 'text'; readonly isCode: boolean; readonly emptyMeansNull: boolean };

export interface SettingRow {
  readonly key: SettingKey;
  readonly section: 'Appearance' | 'Terminal' | 'Hosts and workspaces' | 'Snapshots';
  readonly label: string;
  readonly sentence: string;
  readonly control: SettingControl;
  readonly words?: string;
}

export const settingRows: readonly SettingRow[] = [
  {
    key: 'theme',
    section: 'Appearance',
    label: 'Colours',
    sentence: 'Light, dark, or as the system has them.',
    words: 'theme dark mode light',
    control: {
      kind: 'choice',
      options: [
        { value: 'system', label: 'As the system' },
        { value: 'light', label: 'Light' },
        { value: 'dark', label: 'Dark' },
      ],
    },
  },
  {
    key: 'interfaceFontSizePx',
    section: 'Appearance',
    label: 'Size of text',
    sentence: 'Size of everything but terminals. 13 is what Berth was drawn for.',
    words: 'font zoom scale',
    control: { kind: 'number', min: 11, max: 20, step: 1, unit: 'px' },
  },
  {
    key: 'terminalFontFamily',
    section: 'Terminal',
    label: 'Font',
    sentence: 'Names of fonts, the first that this computer has is used. JetBrains Mono comes with Berth.',
    control: { kind: 'text', isCode: true, emptyMeansNull: false },
  },
  {
    key: 'terminalFontSizePx',
    section: 'Terminal',
    label: 'Size of text in terminals',
    sentence: 'Size of letters in terminals.',
    words: 'font zoom',
    control: { kind: 'number', min: 8, max: 40, step: 1, unit: 'px' },
  },
  {
    key: 'terminalLineHeight',
    section: 'Terminal',
    label: 'Line height',
    sentence: 'Height of a line as a multiple of the letters’ size.',
    control: { kind: 'number', min: 1, max: 2, step: 0.05, unit: '×' },
  },
  {
    key: 'terminalCursor',
    section: 'Terminal',
    label: 'Cursor',
    sentence: 'Shape of the cursor until a program asks for another one.',
    control: {
      kind: 'choice',
      options: [
        { value: 'block', label: 'Block' },
        { value: 'bar', label: 'Bar' },
        { value: 'underline', label: 'Underline' },
      ],
    },
  },
  {
    key: 'terminalCursorBlinks',
    section: 'Terminal',
    label: 'Blinking cursor',
    sentence:
      'The cursor of the terminal that has the keyboard blinks. Never, when the system asks for reduced motion.',
    control: { kind: 'switch' },
  },
  {
    key: 'terminalScrollbackLines',
    section: 'Terminal',
    label: 'Lines kept above the screen',
    sentence: 'More lines need more memory: about 1.5 MiB for 10,000 lines of 80 columns.',
    words: 'scrollback history buffer',
    control: { kind: 'number', min: 0, max: 200_000, step: 1000, unit: 'lines' },
  },
  {
    key: 'terminalBell',
    section: 'Terminal',
    label: 'Bell',
    sentence: 'What happens when a program rings: nothing, a mark on its tab, or a sound.',
    control: {
      kind: 'choice',
      options: [
        { value: 'none', label: 'Nothing' },
        { value: 'mark', label: 'Mark the tab' },
        { value: 'sound', label: 'Sound' },
      ],
    },
  },
  {
    key: 'terminalRenderer',
    section: 'Terminal',
    label: 'Drawing',
    sentence: 'The graphics processor draws faster; plain drawing works everywhere.',
    words: 'gpu webgl renderer',
    control: {
      kind: 'choice',
      options: [
        { value: 'automatic', label: 'Automatic' },
        { value: 'gpu', label: 'Graphics processor' },
        { value: 'plain', label: 'Plain' },
      ],
    },
  },
  {
    key: 'keepTerminals',
    section: 'Terminal',
    label: 'Keep terminals running',
    sentence:
      'New terminals run under tmux on their host, so that they outlive the connection, the window and Berth. Plain ones are faster under a flood.',
    words: 'tmux survive persistent reconnect resume',
    control: { kind: 'switch' },
  },
  {
    key: 'shellIntegration',
    section: 'Terminal',
    label: 'Shell integration',
    sentence: 'New bash shells say which folder they are in and how each command ended.',
    words: 'osc 133 marks prompt exit status working directory',
    control: { kind: 'switch' },
  },
  {
    key: 'announceCommandAfterSeconds',
    section: 'Terminal',
    label: 'Tell of finished commands',
    sentence:
      'A command that took at least this long, in a terminal nobody looks at, is announced. 0: never.',
    words: 'notification notify done finished long',
    control: { kind: 'number', min: 0, max: 86_400, step: 1, unit: 's' },
  },
  {
    key: 'terminalClipboard',
    section: 'Terminal',
    label: 'Programs may fill the clipboard',
    sentence: 'Whether a program may put text into your clipboard (OSC 52). No program can read it.',
    words: 'osc 52 copy',
    control: {
      kind: 'choice',
      options: [
        { value: 'never', label: 'Never' },
        { value: 'ask', label: 'Ask each time' },
        { value: 'always', label: 'Always' },
      ],
    },
  },
  {
    key: 'terminalImages',
    section: 'Terminal',
    label: 'Images',
    sentence: 'Draw pictures that programs send (sixel, iTerm2).',
    words: 'sixel iterm inline graphics',
    control: { kind: 'switch' },
  },
  {
    key: 'terminalLigatures',
    section: 'Terminal',
    label: 'Ligatures',
    sentence: 'Draw signs such as => as one, where the font has them.',
    control: { kind: 'switch' },
  },
  {
    key: 'copyOnSelection',
    section: 'Terminal',
    label: 'Copy when selecting',
    sentence: 'Selected text goes to the clipboard at once.',
    control: { kind: 'switch' },
  },
  {
    key: 'warnOnMultiLinePaste',
    section: 'Terminal',
    label: 'Ask before pasting several lines',
    sentence: 'Where the program would run each line as it comes, Berth shows them first.',
    control: { kind: 'switch' },
  },
  {
    key: 'closeIdleTerminalsMinutes',
    section: 'Terminal',
    label: 'Close forgotten terminals',
    sentence:
      'A terminal in which nobody typed and nothing was printed, and at which nobody looked for so long, is closed; what waits in it ends. Empty: never.',
    words: 'idle inactive clean up timeout exec',
    control: { kind: 'number', min: 5, max: 43_200, step: 5, unit: 'min', emptyMeansNull: true },
  },
  {
    key: 'confirmCloseOfRunningTerminal',
    section: 'Terminal',
    label: 'Ask before closing a live terminal',
    sentence: 'Closing the tab of a live terminal ends what runs in it, wherever it runs.',
    control: { kind: 'switch' },
  },
  {
    key: 'hostShell',
    section: 'Hosts and workspaces',
    label: 'Shell on hosts',
    sentence: 'Absolute path of the shell for terminals on hosts. Empty: the login shell.',
    control: { kind: 'text', isCode: true, emptyMeansNull: true },
  },
  {
    key: 'stopGraceSeconds',
    section: 'Hosts and workspaces',
    label: 'Time to stop',
    sentence: 'What a workspace gets to end by itself before it is killed.',
    words: 'grace sigterm sigkill',
    control: { kind: 'number', min: 0, max: 600, step: 1, unit: 's' },
  },
  {
    key: 'idleStopMinutes',
    section: 'Hosts and workspaces',
    label: 'Stop idle workspaces',
    sentence:
      'New workspaces stop by themselves after so long without any work: no keystroke, output, connection, or use of processor, network or disk. Each can be told otherwise. Empty: never.',
    words: 'inactive sleep suspend cost policy timeout',
    control: { kind: 'number', min: 5, max: 43_200, step: 5, unit: 'min', emptyMeansNull: true },
  },
  {
    key: 'openAppsIn',
    section: 'Hosts and workspaces',
    label: 'Web apps open in',
    sentence:
      'A tab of Berth, where each app has cookies of its own, or your browser. The other one is in the menu beside each app.',
    words: 'port forward http browser tab',
    control: {
      kind: 'choice',
      options: [
        { value: 'tab', label: 'A tab' },
        { value: 'browser', label: 'The browser' },
      ],
    },
  },
  {
    key: 'closeHostToWorkspaces',
    section: 'Hosts and workspaces',
    label: 'Close servers to workspaces',
    sentence:
      'On servers over SSH where Berth may set firewall rules, keep workspaces away from cloud metadata addresses and from services of the server itself.',
    words: 'network guard firewall rules metadata nft iptables',
    control: { kind: 'switch' },
  },
  {
    key: 'restoreUndoHours',
    section: 'Snapshots',
    label: 'Time to go back after a restore',
    sentence:
      'How long the files from before a restore stay on their host. They need as much space as they did.',
    words: 'undo take back volume safety',
    control: { kind: 'number', min: 1, max: 2160, step: 1, unit: 'h' },
  },
  {
    key: 'snapshotDiskWarningPercent',
    section: 'Snapshots',
    label: 'Warn of a full disk',
    sentence:
      'From this share on, a host whose disk fills is shown in the status bar and with its snapshots.',
    words: 'space percent host',
    control: { kind: 'number', min: 50, max: 99, step: 1, unit: '%' },
  },
];

export function findSettings(text: string): readonly SettingRow[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return settingRows.filter((row) => {
    const all = `${row.section} ${row.label} ${row.sentence} ${row.words ?? ''}`.toLocaleLowerCase();
    return words.every((word) => all.includes(word));
  });
}
