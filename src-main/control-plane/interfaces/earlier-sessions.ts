/** The browsers that were signed in before there were accounts, when they were kept in a file of their own. */
export interface EarlierSession {
  /** SHA-256 of the cookie's value, hex. */
  readonly tokenHash: string;
  readonly createdAtMs: number;
  readonly usedAtMs: number;
}

export interface EarlierSessions {
  /**
   * Takes them, once: the file is gone before this resolves, so that a session that ends later never comes back. Empty
   * when there is none, or when it cannot be read or removed (then whoever was signed in signs in again).
   */
  take(): Promise<readonly EarlierSession[]>;
}
