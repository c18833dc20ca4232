/** Passwords that guessers try first. */
export interface KnownPasswords {
  /** Upper and lower case are the same to it. */
  has(password: string): Promise<boolean>;
}
