/**
 * The log: one JSON object a line, in the data folder, for its user alone (mode 0600). Bounded: `berth.log` is rotated
 * to `berth.1.log` … at `maxBytes`, and the oldest is deleted. Each line is with the kernel when the call returns, so a
 * crash loses none. A log that cannot be written never stops the work: lines are counted and the gap is said later.
 */
import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, instantOf } from '../../control-plane/interfaces/clock.ts';
import type { Log, LogFields } from '../../control-plane/interfaces/log.ts';
import { redact, redactText } from './redaction.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof levels)[number];

export interface FileLogOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** Lines below it are not written. Default info. */
  readonly minimumLevel?: LogLevel;
  /** Size at which the file is rotated. Default 4 MiB. */
  readonly maxBytes?: number;
  /** Rotated files that are kept. Default 3. */
  readonly keptFiles?: number;
  /** Also told of each line, for a terminal or a test. */
  readonly onLine?: (line: string) => void;
}

export interface FileLog extends Log {
  readonly path: string;
  close(): void;
}

const MAX_LINE_CHARACTERS = 65_536;

export function createFileLog(options: FileLogOptions): FileLog {
  const file = new RotatingFile(options.folder, options.maxBytes ?? 4 * 1024 ** 2, options.keptFiles ?? 3);
  const minimum = levels.indexOf(options.minimumLevel ?? 'info');

  const write = (level: LogLevel, message: string, bound: LogFields, fields: LogFields = {}) => {
    if (levels.indexOf(level) < minimum) return;
    const facts = redact({ ...bound, ...fields }) as Record<string, unknown>;
    const head = { at: instantOf(options.clock), level, message: redactText(message) };
    let line = JSON.stringify({ ...facts, ...head });
    if (line.length > MAX_LINE_CHARACTERS)
      line = JSON.stringify({ ...head, isTruncated: true, characters: line.length });
    file.append(line);
    options.onLine?.(line);
  };

  const logOf = (bound: LogFields): Log => ({
    debug: (message, fields) => write('debug', message, bound, fields),
    info: (message, fields) => write('info', message, bound, fields),
    warn: (message, fields) => write('warn', message, bound, fields),
    error: (message, fields) => write('error', message, bound, fields),
    child: (fields) => logOf({ ...bound, ...fields }),
  });
  return { ...logOf({}), path: file.path, close: () => file.close() };
}

class RotatingFile {
  readonly path: string;
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #keptFiles: number;
  #descriptor: number | undefined;
  #sizeBytes = 0;
  #lostLines = 0;
  #isClosed = false;

  constructor(folder: string, maxBytes: number, keptFiles: number) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#keptFiles = keptFiles;
    this.path = join(folder, 'berth.log');
  }

  append(line: string): void {
    if (this.#isClosed) return;
    try {
      const gap =
        this.#lostLines > 0
          ? `${JSON.stringify({ level: 'warn', message: 'Lines were lost while the log could not be written.', lines: this.#lostLines })}\n`
          : '';
      const bytes = Buffer.from(`${gap}${line}\n`);
      if (this.#descriptor !== undefined && this.#sizeBytes + bytes.length > this.#maxBytes) this.#rotate();
      this.#descriptor ??= this.#open();
      // One write of a whole line: with O_APPEND it is never mixed with another's.
      this.#sizeBytes += writeSync(this.#descriptor, bytes);
      this.#lostLines = 0;
    } catch {
      this.#lostLines += 1;
      this.#closeDescriptor();
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#closeDescriptor();
  }

  #open(): number {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const descriptor = openSync(this.path, 'a', 0o600);
    this.#sizeBytes = fstatSync(descriptor).size;
    return descriptor;
  }

  #rotate(): void {
    this.#closeDescriptor();
    rmSync(this.#rotated(this.#keptFiles), { force: true });
    for (let number = this.#keptFiles - 1; number >= 1; number--)
      this.#renameIfThere(this.#rotated(number), this.#rotated(number + 1));
    this.#renameIfThere(this.path, this.#rotated(1));
  }

  #rotated(number: number): string {
    return join(this.#folder, `berth.${number}.log`);
  }

  #renameIfThere(from: string, to: string): void {
    try {
      renameSync(from, to);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }

  #closeDescriptor(): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    try {
      closeSync(descriptor);
    } catch {
      // The descriptor is gone either way (close(2): never close again after an error).
    }
  }
}
