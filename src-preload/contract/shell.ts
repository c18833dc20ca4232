/**
 * The desktop-only bridge: what a page may ask of the window frame around it. In the browser it is absent, and the
 * page does without or uses the web's own means. Every message is checked against these shapes on the main side.
 */
import { z } from 'zod';

/** Only these schemes ever reach the operating system. */
export const ExternalUrl = z
  .url()
  .max(8192)
  .refine((value) => /^(https?|mailto):/i.test(value), 'must be http, https or mailto');

export const shellRequests = {
  openExternal: { input: z.object({ url: ExternalUrl }), output: z.object({}) },
  chooseFile: {
    input: z.object({ title: z.string().max(200), purpose: z.enum(['private-key', 'any']) }),
    output: z.object({ path: z.string().nullable() }),
  },
  setTheme: { input: z.object({ theme: z.enum(['system', 'light', 'dark']) }), output: z.object({}) },
  setBadge: { input: z.object({ count: z.number().int().min(0).max(999) }), output: z.object({}) },
  /** The command table's rows with their enablement, so that the menu bar shows the same as the palette. */
  setMenu: {
    input: z.object({
      rows: z
        .array(
          z.object({
            id: z.string().max(80),
            label: z.string().max(120),
            menu: z.string().max(40),
            accelerator: z.string().max(60).nullable(),
            isEnabled: z.boolean(),
            /** Whether the icon beside the clock has it, too. Absent: as its menu. */
            inTray: z.boolean().optional(),
          }),
        )
        .max(300),
    }),
    output: z.object({}),
  },
} as const;
export type ShellRequestName = keyof typeof shellRequests;
export type ShellInput<N extends ShellRequestName> = z.input<(typeof shellRequests)[N]['input']>;
export type ShellOutput<N extends ShellRequestName> = z.output<(typeof shellRequests)[N]['output']>;

/** What the shell tells the page. A deep link only navigates or pre-fills; it never acts. */
export type ShellEvent =
  | { type: 'command'; id: string }
  | { type: 'deep-link'; path: string; query: Record<string, string> }
  | { type: 'plane-restarted' };

export interface ShellBridge {
  readonly platform: 'darwin' | 'linux' | 'win32';
  request<N extends ShellRequestName>(name: N, input: ShellInput<N>): Promise<ShellOutput<N>>;
  onEvent(listener: (event: ShellEvent) => void): void;
}
