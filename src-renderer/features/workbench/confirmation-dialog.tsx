/** Draws the question that is open in state/confirmations. */
import { useStore } from 'zustand';
import { AlertDialog } from '../../components/alert-dialog.tsx';
import { useApp } from '../../state/app-context.tsx';

export function ConfirmationDialog() {
  const { confirmations } = useApp();
  const open = useStore(confirmations.store, (state) => state.open);
  if (!open) return null;
  const { id, ...question } = open;
  return <AlertDialog key={id} isOpen {...question} onAnswer={confirmations.answer} />;
}
