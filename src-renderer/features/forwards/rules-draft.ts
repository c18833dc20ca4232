/** Rules as they are typed: ranges of ports and what becomes of them. Pure. */
import type { ForwardRule } from '#contract/forwards.ts';
import { readPort } from './forward-draft.ts';

export interface RuleDraft {
  /** Tells rows apart while they are edited. */
  readonly key: number;
  readonly from: string;
  /** Empty: one port alone. */
  readonly to: string;
  readonly kind: ForwardRule['kind'];
}

export function ruleDrafts(rules: readonly ForwardRule[]): readonly RuleDraft[] {
  return rules.map(({ fromPort, toPort, kind }, key) => ({
    ...{ key, from: String(fromPort), to: fromPort === toPort ? '' : String(toPort), kind },
  }));
}

const portRule = 'must be a number from 1 to 65535';

/** Errors by `<index>.from` and `<index>.to`. */
export function readRules(
  drafts: readonly RuleDraft[],
): { readonly rules: ForwardRule[] } | { readonly errors: Readonly<Record<string, string>> } {
  const errors: Record<string, string> = {};
  const rules = drafts.map(({ from, to, kind }, index): ForwardRule => {
    const fromPort = readPort(from) ?? Number.NaN;
    const toPort = to.trim() === '' ? fromPort : (readPort(to) ?? Number.NaN);
    if (Number.isNaN(fromPort)) errors[`${index}.from`] = portRule;
    else if (Number.isNaN(toPort)) errors[`${index}.to`] = portRule;
    else if (toPort < fromPort) errors[`${index}.to`] = 'must not be below the first';
    return { fromPort, toPort, kind };
  });
  return Object.keys(errors).length > 0 ? { errors } : { rules };
}

/** "Ports 3000 to 3999 are forwarded by themselves, as web apps." */
export function ruleSentence({ fromPort, toPort, kind }: ForwardRule): string {
  const ports = fromPort === toPort ? `Port ${fromPort} is` : `Ports ${fromPort} to ${toPort} are`;
  return kind === 'app'
    ? `${ports} forwarded by ${fromPort === toPort ? 'itself' : 'themselves'}, as ${fromPort === toPort ? 'a web app' : 'web apps'}.`
    : `${ports} forwarded by ${fromPort === toPort ? 'itself' : 'themselves'}, to the same port of 127.0.0.1 where it is free.`;
}
