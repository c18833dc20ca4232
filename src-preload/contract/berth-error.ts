/**
 * The one error class. It is thrown, never wrapped in a result; it crosses every carrier as `ErrorShape`.
 * `message` says what happened and what to do, and holds neither stack nor secret. `cause` stays on this side, for the log.
 */
import { z } from 'zod';
import { type ErrorCode, errorCodes } from './error-codes.ts';

/** What the UI may show beside the message: short facts, never secrets. Values are text, numbers, booleans or lists of text. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | readonly string[] | null>>;

export const ErrorShape = z.object({
  code: z.enum(Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]]),
  message: z.string(),
  details: z.record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.array(z.string()), z.null()]),
  ),
});
export type ErrorShape = z.infer<typeof ErrorShape>;

export class BerthError extends Error {
  override readonly name = 'BerthError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { details?: ErrorDetails; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  toShape(): ErrorShape {
    return { code: this.code, message: this.message, details: { ...this.details } as ErrorShape['details'] };
  }

  static fromShape(shape: ErrorShape): BerthError {
    return new BerthError(shape.code, shape.message, { details: shape.details });
  }

  /**
   * What a schema cannot see: a field that has the right form and cannot be used. `field` is its path in the method's
   * input; `message` is a whole sentence with the remedy, and stands at the field.
   */
  static atField(
    field: string,
    message: string,
    options: { details?: ErrorDetails; cause?: unknown } = {},
  ): BerthError {
    return new BerthError('invalid-input', message, {
      ...options,
      details: { ...options.details, fields: [`${field}: ${message}`] },
    });
  }

  static is(value: unknown, ...codes: readonly ErrorCode[]): value is BerthError {
    return value instanceof BerthError && (codes.length === 0 || codes.includes(value.code));
  }
}
