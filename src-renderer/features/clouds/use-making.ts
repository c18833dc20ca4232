/**
 * A machine that the form asked for, until the provider rents it out or says no. Guarantees: its page takes the form's tab
 * once there is hardware or something waits for the person; a refusal comes back to the form, with everything typed into it.
 */
import { useEffect, useRef, useState } from 'react';
import { BerthError } from '#contract/berth-error.ts';
import type { Machine } from '#contract/machines.ts';
import type { Operation } from '#contract/operations.ts';
import { useMachine, useOperation, useViewActions } from '../../state/app-context.tsx';
import { isUnderWay } from '../../state/operation-progress.ts';
import type { ViewRefOf } from '../../state/view-ref.ts';

export interface Making {
  readonly isWaiting: boolean;
  /** Undefined: not told yet, or nothing is waited for. */
  readonly operation: Operation | undefined;
  /** Why the last one was not made. */
  readonly error: BerthError | null;
  /** How many came to nothing: what is on offer may be other than what is shown. */
  readonly refusals: number;
  readonly begin: (made: { readonly machine: Machine; readonly operation: Operation }) => void;
  /** Shows the machine's page at once. */
  readonly show: () => void;
  readonly forget: () => void;
}

/** Whether the provider has said yes, or its page has something to say. */
function isRented({ life, providerId, trouble }: Pick<Machine, 'life' | 'providerId' | 'trouble'>) {
  return providerId !== null || life !== 'creating' || trouble !== null;
}

export function useMaking(tabId: string, { cloudId, makingId }: ViewRefOf<'create-machine'>): Making {
  const view = useViewActions();
  const [asked, setAsked] = useState<Pick<Operation, 'id'> & { readonly machineId: Machine['id'] }>();
  const [error, setError] = useState<BerthError | null>(null);
  const [refusals, setRefusals] = useState(0);
  const begunHere = useRef<string>(undefined);
  const machine = useMachine(asked?.machineId);
  const operation = useOperation(asked?.id);
  const isThere = machine !== undefined && isRented(machine);
  useEffect(() => {
    // A window that was loaded anew has forgotten what was typed: the end is told as that of any other operation.
    if (makingId !== undefined && makingId !== begunHere.current)
      view.replace(tabId, { type: 'create-machine', cloudId });
  }, [makingId, view, tabId, cloudId]);
  useEffect(() => {
    if (asked === undefined) return;
    if (isThere) {
      view.replace(tabId, { type: 'machine', machineId: asked.machineId });
    } else if (operation !== undefined && !isUnderWay(operation)) {
      setAsked(undefined);
      setRefusals((before) => before + 1);
      setError(operation.error === null ? null : BerthError.fromShape(operation.error));
      view.replace(tabId, { type: 'create-machine', cloudId });
    }
  }, [asked, isThere, operation, view, tabId, cloudId]);
  return {
    isWaiting: asked !== undefined,
    operation,
    error,
    refusals,
    begin(made) {
      begunHere.current = made.operation.id;
      setError(null);
      setAsked({ id: made.operation.id, machineId: made.machine.id });
      view.replace(tabId, { type: 'create-machine', cloudId, makingId: made.operation.id });
    },
    show() {
      if (asked !== undefined) view.replace(tabId, { type: 'machine', machineId: asked.machineId });
    },
    forget: () => setError(null),
  };
}
