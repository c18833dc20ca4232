/**
 * Questions of web apps that a person answers: in the system's own dialog over the window, in the app's name, which nothing
 * that an app draws can cover or imitate.
 *
 * Guarantees: one at a time. What asks while one is open is not asked, so that nobody is worn down by them.
 */
import { type BaseWindow, dialog } from 'electron';

export interface PersonQuestion {
  readonly message: string;
  readonly detail: string;
  /** The verb of the yes. */
  readonly action: string;
  /** Beside it a box can be ticked. Absent: there is none. */
  readonly rememberLabel?: string;
  /** What Enter presses. */
  readonly isYesDefault: boolean;
}

export interface PersonAnswer {
  readonly isYes: boolean;
  readonly isRemembered: boolean;
}

export interface PersonQuestions {
  /** Null: it was not asked, since another one is open or the window is gone. */
  ask(owner: BaseWindow, question: PersonQuestion): Promise<PersonAnswer | null>;
  /** As an app that wants to keep its page asks: it waits, and everything with it, as in Electron's own example. */
  askToLeave(owner: BaseWindow, name: string): boolean;
}

export function createPersonQuestions(): PersonQuestions {
  let isOpen = false;
  return {
    ask: async (owner, { message, detail, action, rememberLabel, isYesDefault }) => {
      if (isOpen || owner.isDestroyed()) return null;
      isOpen = true;
      try {
        const { response, checkboxChecked } = await dialog.showMessageBox(owner, {
          ...{ type: 'question', message, detail, buttons: [action, 'Cancel'], cancelId: 1, noLink: true },
          defaultId: isYesDefault ? 0 : 1,
          ...(rememberLabel === undefined ? {} : { checkboxLabel: rememberLabel }),
        });
        return { isYes: response === 0, isRemembered: checkboxChecked };
      } finally {
        isOpen = false;
      }
    },
    askToLeave: (owner, name) => {
      if (isOpen || owner.isDestroyed()) return true;
      isOpen = true;
      try {
        return (
          dialog.showMessageBoxSync(owner, {
            ...{ type: 'question', message: `Leave ${name}?`, buttons: ['Leave', 'Stay'], noLink: true },
            ...{ defaultId: 1, cancelId: 1, detail: 'It says that what you changed in it may not be saved.' },
          }) === 0
        );
      } finally {
        isOpen = false;
      }
    },
  };
}
