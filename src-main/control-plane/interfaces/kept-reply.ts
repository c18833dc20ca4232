/** What was answered to a request that may come again: see src-main/server/rest/idempotency.ts. Holds no secret. */
export interface KeptReply {
  /** Of caller and key; neither can be read out of it. */
  readonly id: string;
  readonly userId: string;
  /** Milliseconds since 1970. */
  readonly beganAtMs: number;
  /** Of method, path and body, under the key. */
  readonly fingerprint: string;
  /** Null: it was begun, and its end is not known. */
  readonly reply: Reply | null;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
