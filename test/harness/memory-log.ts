/** A log that is kept, so that a test can say what was logged, and that a canary was not. */
import { inspect } from 'node:util';
import type { Log, LogFields } from '#main/control-plane/interfaces/log.ts';

export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export class MemoryLog implements Log {
  readonly lines: LoggedLine[];
  readonly #bound: LogFields;

  constructor(lines: LoggedLine[] = [], bound: LogFields = {}) {
    this.lines = lines;
    this.#bound = bound;
  }
  debug(message: string, fields?: LogFields): void {
    this.#add('debug', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#add('info', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#add('warn', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#add('error', message, fields);
  }
  child(fields: LogFields): Log {
    return new MemoryLog(this.lines, { ...this.#bound, ...fields });
  }

  /** The messages of a level (all by default), oldest first. */
  messages(level?: LoggedLine['level']): string[] {
    return this.lines
      .filter((line) => level === undefined || line.level === level)
      .map((line) => line.message);
  }
  /** Everything, with nested causes, as text: for searching what must not be there. */
  text(): string {
    return inspect(this.lines, { depth: 20, maxStringLength: null, maxArrayLength: null });
  }

  #add(level: LoggedLine['level'], message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields: { ...this.#bound, ...fields } });
  }
}
