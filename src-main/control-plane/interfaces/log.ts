/** The log. Fields are facts, never secrets; an adapter redacts what looks like one all the same. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields & { cause?: unknown }): void;
  child(fields: LogFields): Log;
}
export type LogFields = Readonly<Record<string, unknown>>;
