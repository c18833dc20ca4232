/** How a command ends badly: what was typed wrong (exit code 2) and what failed (1). Both name the thing and the remedy. */
import { BerthError, type ErrorShape } from '#contract/berth-error.ts';

/** Nothing was done, for what was typed cannot be meant. */
export class TypedWrong extends Error {
  override readonly name = 'TypedWrong';
}

export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly shape: ErrorShape | undefined;

  constructor(message: string, shape?: ErrorShape) {
    super(message);
    this.shape = shape;
  }

  /** An error of the plane, with what was being done as its beginning. */
  static of(doing: string, shape: ErrorShape): CommandFailure {
    return new CommandFailure(`${doing}: ${shape.message}`, shape);
  }
}

export function cancelled(what: string): CommandFailure {
  return new CommandFailure(what, { code: 'cancelled', message: what, details: {} });
}

/** One line each for a person. */
export function linesOf(error: unknown): string[] {
  const message = error instanceof Error ? error.message : String(error);
  const fields = BerthError.is(error, 'invalid-input') ? error.details.fields : undefined;
  const more = Array.isArray(fields) ? fields.filter((field) => !isSaid(message, field)) : [];
  return [...message.split('\n'), ...more.map((field) => `  ${field}`)];
}

/** A field with a sentence of its own is that sentence, with its name before it. */
function isSaid(message: string, field: string): boolean {
  return message.includes(field) || message.includes(field.slice(field.indexOf(': ') + 2));
}

/** The same for a program. */
export function shapeOf(error: unknown): Pick<ErrorShape, 'message' | 'details'> & { code: string } {
  if (BerthError.is(error)) return error.toShape();
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof CommandFailure && error.shape !== undefined) return { ...error.shape, message };
  return { code: error instanceof TypedWrong ? 'typed-wrong' : 'failed', message, details: {} };
}
