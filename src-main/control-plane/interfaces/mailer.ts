/** Sends e-mail. A server that has no way to send any has no mailer at all. */
export interface Mail {
  /** One address; nothing else is ever put there. */
  readonly to: string;
  /** One line. */
  readonly subject: string;
  readonly text: string;
  /** The same as `text`, as a small page. */
  readonly html: string;
}

export interface Mailer {
  /**
   * Resolves when the mail server has taken it. Throws account.mail-unavailable; its detail `isFinal` says that the
   * server refused this mail for good (RFC 5321, 4.2.1: a reply of 5xx to the recipient or to the message).
   */
  send(mail: Mail): Promise<void>;
}
