/** How a finding of the doctor is put together. A command is shown, never run. Pure. */
import type { Finding } from '#contract/hosts.ts';

export type Level = Finding['level'];

export function finding(
  check: string,
  level: Level,
  title: string,
  { detail, why, fix = null }: { detail: string; why: string; fix?: Fix | null },
): Finding {
  if (fix === null || typeof fix === 'string')
    return { check, level, title, detail, why, fix, command: null };
  const { command, remark } = fix;
  const shown = remark === undefined ? command : `${command}   # ${remark}`;
  return { check, level, title, detail, why, fix: shown, command };
}

/** What mends it: one command for a shell, or words for a person. */
export type Fix = string | { readonly command: string; readonly remark: string | undefined };

export function run<T extends string | null>(
  command: T,
  remark?: string,
): T extends null ? null : { command: string; remark: string | undefined };
export function run(command: string | null, remark?: string) {
  return command === null ? null : { command, remark };
}
