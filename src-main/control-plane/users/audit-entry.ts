/**
 * Which calls are written into the audit log, and what of them. Pure. Guarantees: of what was sent and answered only ids
 * are looked at, so that no value gets there.
 */
import { BerthError } from '#contract/berth-error.ts';
import type { contract } from '#contract/index.ts';
import type { DispatchedCall } from '../dispatcher.ts';
import type { AuditFacts } from './audit-log.ts';

type MethodName = keyof typeof contract;
/**
 * They change nothing that anybody would ask about later: a program's output was thrown away, questions are shown as
 * they come.
 */
const tooSmall: ReadonlySet<string> = new Set<MethodName>(['terminals.dropBacklog', 'questions.watch']);
/** It only reads, by its scope, and carries everything away. */
const worthIt: ReadonlySet<string> = new Set<MethodName>(['snapshots.export']);

const anId = /^[a-z]{1,12}_[0-9a-z]{20}$/;

/** Undefined: not worth an entry. */
export function auditEntryOf({
  name,
  scope,
  caller,
  input,
  output,
  error,
}: DispatchedCall): AuditFacts | undefined {
  const isWorthIt = worthIt.has(name) || (!scope.endsWith('.read') && !tooSmall.has(name));
  if (!isWorthIt) return undefined;
  const isGuest = caller.guest !== undefined;
  return {
    userId: isGuest ? null : caller.userId,
    userName: caller.userName,
    by: isGuest ? 'none' : (caller.access?.by ?? 'local'),
    action: name,
    subject: idIn(input) ?? idIn(output),
    outcome: error === undefined ? 'done' : outcomeOf(error),
    address: caller.access?.address ?? null,
  };
}

export function outcomeOf(error: unknown): string {
  return BerthError.is(error) ? error.code : 'internal';
}

/** The first id in it: its own, or that of what it is about, one level down. */
function idIn(value: unknown): string | null {
  if (!isRecord(value)) return null;
  const own = asId(value.id);
  if (own !== null) return own;
  for (const [name, field] of Object.entries(value)) {
    const found = /Id$/.test(name) ? asId(field) : isRecord(field) ? idOf(field) : null;
    if (found !== null) return found;
  }
  return null;
}

function idOf(value: Readonly<Record<string, unknown>>): string | null {
  const named = Object.entries(value).find(([name]) => /^(id|.*Id)$/.test(name));
  return asId(value.id) ?? asId(named?.[1]);
}

function asId(value: unknown): string | null {
  return typeof value === 'string' && anId.test(value) ? value : null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
