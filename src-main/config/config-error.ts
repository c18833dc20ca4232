/** What is wrong with a configuration. Messages are for the terminal: they name setting, rule and remedy, never a value. */

/** What a person typed or wrote down wrong; its message has a line for each thing. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** What else deserves a look: a misspelt name may well be why something is missing. */
  readonly warnings: readonly string[];
  constructor(message: string, warnings: readonly string[] = []) {
    super(message);
    this.warnings = warnings;
  }
}

/** One value that breaks its rule. The message says the rule and follows the setting's name: "must be 0 to 65535". */
export class WrongValue extends Error {
  override readonly name = 'WrongValue';
}

/** Gathers everything that is wrong, so that one start tells all of it. */
export class Findings {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  error(text: string): void {
    if (!this.errors.includes(text)) this.errors.push(text);
  }

  warn(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  /** @throws ConfigError with all errors, a line each. */
  throwErrors(): void {
    if (this.errors.length > 0) throw new ConfigError(this.errors.join('\n'), this.warnings);
  }
}
