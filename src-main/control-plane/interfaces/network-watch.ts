/** Whether this computer has a network at all, and word of every change of its addresses. */

export interface NetworkChange {
  /** `came`: there is one again. `went`: there is none any more. `moved`: another address, cable or network. */
  readonly change: 'came' | 'went' | 'moved';
  readonly isOnline: boolean;
}

export interface NetworkWatch {
  /** False only when no interface but the computer's own loopback is up. Never says that a server can be reached. */
  readonly isOnline: boolean;
  onChange(listener: (change: NetworkChange) => void): () => void;
}
