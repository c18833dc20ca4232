/**
 * Questions that the app itself asks before it does something. `ask` resolves true when the person agreed. One at a
 * time; a second one waits. (Questions of a connection are the plane's: see contract/questions.ts.)
 */
import { createStore } from 'zustand/vanilla';

export interface Confirmation {
  /** Names the act and the thing: "Destroy api-server?" */
  readonly title: string;
  readonly body: string;
  /** Text to look at before agreeing, drawn as it is in the code font: what would be pasted. */
  readonly preview?: string;
  /** What goes and what stays, each one line. */
  readonly deletes?: readonly string[];
  readonly keeps?: readonly string[];
  /** The verb on the button: "Destroy workspace". */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Only where data is lost for good: the name that must be typed. */
  readonly typeToConfirm?: string;
}

export interface ConfirmationsState {
  readonly open: (Confirmation & { readonly id: number }) | null;
}

export type Confirmations = ReturnType<typeof createConfirmations>;

export function createConfirmations() {
  const store = createStore<ConfirmationsState>(() => ({ open: null }));
  const waiting: { confirmation: Confirmation & { id: number }; resolve: (isAgreed: boolean) => void }[] = [];
  let lastId = 0;
  const next = () => store.setState({ open: waiting[0]?.confirmation ?? null });
  return {
    store,
    ask: (confirmation: Confirmation): Promise<boolean> =>
      new Promise((resolve) => {
        lastId += 1;
        waiting.push({ confirmation: { ...confirmation, id: lastId }, resolve });
        if (waiting.length === 1) next();
      }),
    answer: (isAgreed: boolean): void => {
      waiting.shift()?.resolve(isAgreed);
      next();
    },
  };
}
