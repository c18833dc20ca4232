/** Which dialog about which machine is open. Commands ask for it; the overlay draws it. One window has one of these. */
import { createStore } from 'zustand/vanilla';
import type { MachineId } from '#contract/ids.ts';
import type { MachineSnapshot } from '#contract/machines.ts';

export type MachineDialogKind =
  | 'resize'
  | 'rebuild'
  | 'rename'
  | 'ssh-access'
  | 'end'
  | 'take-snapshot'
  | 'destroy'
  | 'hibernate'
  | 'wake';

export type OpenMachineDialog =
  | { readonly kind: MachineDialogKind; readonly id: MachineId }
  | { readonly kind: 'restore'; readonly id: MachineId; readonly snapshot: MachineSnapshot };

const store = createStore<{ readonly open: OpenMachineDialog | null }>(() => ({ open: null }));

export const machineDialogs = {
  store,
  open: (open: OpenMachineDialog): void => store.setState({ open }),
  close: (): void => store.setState({ open: null }),
};
