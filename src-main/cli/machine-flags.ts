/** Flags that say how a machine ends by itself and who may reach it, checked before any plane is asked. */
import type { MachineEnd, SshAccess } from '#contract/machines.ts';
import { EndAction, SshAccess as Access } from '#contract/machines.ts';
import type { Flag, Typed } from './command.ts';
import { TypedWrong } from './failure.ts';

const none = 'none';
const units: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

export const endFlags: Readonly<Record<string, Flag>> = {
  expires: {
    value: 'TIME|none',
    help: 'Ends by itself after 90m, 8h or 3d from now, or at 2026-12-31T18:00Z.',
  },
  'expires-action': { value: EndAction.options.join('|'), help: 'What happens then. Else destroy.' },
  idle: { value: 'TIME|none', help: 'Ends by itself after so long without work, as 45m or 2h.' },
  'idle-action': { value: EndAction.options.join('|'), help: 'What happens then. Else destroy.' },
};

export const sshFlag: Flag = {
  value: 'mine|anywhere|ADDRESSES',
  help: 'Who may reach its SSH server: this Berth’s address (else), all, or addresses and blocks between commas.',
};

/** Milliseconds. @throws TypedWrong */
export function parseTime(flag: string, text: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})\s*([mhd])$/i.exec(text) ?? [];
  const ms = Number(amount) * (units[unit.toLowerCase()] ?? 0);
  if (ms > 0) return ms;
  throw new TypedWrong(`--${flag}: "${text}" is no length of time as 45m, 8h or 3d.`);
}

export function parseInstant(flag: string, text: string, nowMs: number): string {
  const atMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : nowMs + parseTime(flag, text);
  if (!Number.isFinite(atMs)) throw new TypedWrong(`--${flag}: "${text}" is no time as 2026-12-31T18:00Z.`);
  if (atMs <= nowMs) throw new TypedWrong(`--${flag}: "${text}" is over.`);
  return new Date(atMs).toISOString();
}

function actionOf(typed: Typed, flag: string): MachineEnd['atAction'] | undefined {
  const text = typed.text(flag);
  if (text === undefined) return undefined;
  const parsed = EndAction.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new TypedWrong(`--${flag}: "${text}" is none of ${EndAction.options.join(' and ')}.`);
}

/** What was said of it; what was not stays as it is. @throws TypedWrong */
export function readEnd(typed: Typed, nowMs: number): Partial<MachineEnd> {
  const [expires, idle] = [typed.text('expires'), typed.text('idle')];
  const [atAction, idleAction] = [actionOf(typed, 'expires-action'), actionOf(typed, 'idle-action')];
  return {
    ...(expires === undefined
      ? {}
      : { at: expires === none ? null : parseInstant('expires', expires, nowMs) }),
    ...(atAction === undefined ? {} : { atAction }),
    ...(idle === undefined
      ? {}
      : { idleMinutes: idle === none ? null : Math.round(parseTime('idle', idle) / 60_000) }),
    ...(idleAction === undefined ? {} : { idleAction }),
  };
}

/** Only of a machine that is there: puts off what comes for want of work. */
export const putOffFlag: Flag = {
  value: 'TIME',
  help: 'For want of work it ends not within this time from now, as 2h; once.',
};

/** @throws TypedWrong */
export function parseSshAccess(text: string): SshAccess {
  if (text === 'mine' || text === 'anywhere') return { from: text };
  const addresses = text.split(',').map((part) => part.trim());
  const parsed = Access.safeParse({ from: 'addresses', addresses });
  if (parsed.success) return parsed.data;
  throw new TypedWrong(
    `"${text}" must be mine, anywhere, or addresses and blocks such as 203.0.113.7,2001:db8::/64.`,
  );
}
