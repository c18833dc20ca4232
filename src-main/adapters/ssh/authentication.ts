/**
 * Decides what to try next to sign in to one server, from what its definition and the SSH configuration say and from what
 * the server still accepts (RFC 4252). Knows no socket. Guarantees: a wrong password, passphrase or code is asked for again
 * up to three times, then given up; a partial success goes on to the second factor; nothing typed is kept beyond the
 * login's memory.
 */
import ssh2, {
  type AnyAuthMethod,
  type IdentityCallback,
  type ParsedKey,
  type Prompt,
  type SignCallback,
  type SigningRequestOptions,
} from 'ssh2';
import { BerthError } from '#contract/berth-error.ts';
import { Secret } from '../../control-plane/interfaces/secret.ts';
import { type Identity, type IdentityContext, identitiesFor, MAX_TRIES } from './identities.ts';
import { keyTypeOf } from './known-hosts.ts';
import type { AuthFailure } from './ssh2-internals.ts';

type Stage = 'publickey' | 'keyboard-interactive' | 'password';

export class Authentication {
  /** What was offered, for the message: `key ~/.ssh/id_ed25519`, `password`. */
  readonly tried: string[] = [];
  /** Keys that could not be offered, with the reason. */
  readonly skipped: string[] = [];
  /** What the server said that it accepts, as last heard. */
  methodsLeft: readonly string[] = [];
  /** The server accepted one factor and wants another. */
  isPartial = false;
  readonly #context: IdentityContext;
  readonly #steps: AsyncGenerator<AnyAuthMethod, void, AuthFailure>;
  readonly #onFatal: (error: unknown) => void;
  #passwordTries = 0;
  #wasPasswordWrong = false;
  #isPasswordDeclined = false;
  #storedPassword: Secret | undefined;
  #isFinished = false;

  /** `onFatal`: the login must end with this error, whatever else could be tried. */
  constructor(context: Omit<IdentityContext, 'onSkipped'>, onFatal: (error: unknown) => void) {
    this.#context = { ...context, onSkipped: (reason) => this.skipped.push(reason) };
    this.#onFatal = onFatal;
    this.#steps = this.#attempts();
  }

  /** The next thing to try after `failure` (undefined at the start); false: nothing is left. Never rejects. */
  async next(failure: AuthFailure | undefined): Promise<AnyAuthMethod | false> {
    if (failure) {
      this.methodsLeft = failure.methodsLeft;
      if (failure.isPartial) this.isPartial = true;
    }
    if (this.#isFinished) return false;
    try {
      const step = await this.#steps.next(failure ?? { methodsLeft: [], isPartial: false });
      if (!step.done) return step.value;
    } catch (error) {
      this.#onFatal(error);
    }
    this.#isFinished = true;
    return false;
  }

  /** The error of a server that took nothing of it. */
  failure(subject: { hop: string; address: string; port: number }): BerthError {
    const { user } = this.#context.hop;
    const list = (values: readonly string[]) => values.join(', ');
    const tried = this.tried.length > 0 ? `Tried: ${list(this.tried)}.` : 'There was nothing to try.';
    const wants = this.methodsLeft.length > 0 ? ` The server accepts: ${list(this.methodsLeft)}.` : '';
    const part = this.isPartial ? ' One factor was right, and another one is needed.' : '';
    const skipped = this.skipped.length > 0 ? ` Left out: ${list(this.skipped)}.` : '';
    return new BerthError(
      'host.auth-failed',
      `${subject.hop} did not let ${user} in.${part} ${tried}${wants}${skipped} ${this.#remedy()}`,
      {
        details: {
          ...subject,
          user,
          tried: this.tried,
          methodsLeft: this.methodsLeft,
          skipped: this.skipped,
          isPartial: this.isPartial,
        },
      },
    );
  }

  /** What to do, by what was tried. */
  #remedy(): string {
    const hasKey = this.tried.some((what) => what.startsWith('key '));
    const hasWord = this.tried.some((what) => !what.startsWith('key '));
    if (this.tried.length === 0) return 'Choose a way to sign in that the server accepts.';
    if (hasKey && !hasWord)
      return `Check the user, and that ~/.ssh/authorized_keys of ${this.#context.hop.user} on the server holds the public key.`;
    if (!hasKey && this.#wasPasswordWrong) return 'Check the user and the password.';
    return 'Check the user and the way to sign in.';
  }

  async *#attempts(): AsyncGenerator<AnyAuthMethod, void, AuthFailure> {
    const { hop } = this.#context;
    const username = hop.user;
    // Costs no try, and is the only way to learn what the server accepts (RFC 4252, 5.2).
    let heard = yield { type: 'none', username };
    const stages = this.#stages();
    const open = new Set<Stage>(stages);
    let identities: Identity[] | undefined;
    let interactiveTries = 0;
    for (;;) {
      if (heard.isPartial) {
        // The second factor may be of any kind, whatever the definition named for the first. Once per success only.
        heard = { ...heard, isPartial: false };
        for (const factor of ['publickey', 'keyboard-interactive', 'password'] as const) {
          if (!stages.includes(factor)) stages.push(factor);
          if (factor !== 'publickey' || identities === undefined) open.add(factor);
        }
      }
      const stage = stages.find((candidate) => open.has(candidate) && heard.methodsLeft.includes(candidate));
      if (stage === undefined) return;
      if (stage === 'publickey') {
        identities ??= await identitiesFor(this.#context);
        const identity = identities.shift();
        if (identity === undefined) {
          open.delete(stage);
          continue;
        }
        const agent = agentFor(identity, this.#onFatal, this.skipped);
        if (agent === undefined) {
          this.skipped.push(`${identity.name}: keys of its type cannot be used here`);
          continue;
        }
        this.tried.push(`key ${identity.name}`);
        heard = yield { type: 'agent', username, agent };
      } else if (stage === 'password') {
        const password = await this.#password();
        if (password === undefined) {
          open.delete(stage);
          continue;
        }
        this.#note('password');
        heard = yield { type: 'password', username, password: password.reveal() };
        if (!heard.isPartial) this.#passwordFailed();
        else open.delete(stage);
      } else {
        if (interactiveTries >= MAX_TRIES || this.#isPasswordSpent()) {
          open.delete(stage);
          continue;
        }
        interactiveTries++;
        this.#note('keyboard-interactive');
        const round = new InteractiveRound(this, interactiveTries > 1);
        heard = yield { type: 'keyboard-interactive', username, prompt: round.prompt };
        if (round.usedPassword && !heard.isPartial) this.#passwordFailed();
        // The one question was for the password: asking for it again through the other method would not help.
        if (round.usedPassword && this.#isPasswordSpent()) open.delete('password');
        if (round.isDeclined) open.delete(stage);
        if (heard.isPartial) interactiveTries = 0;
      }
    }
  }

  /** In the order to try. */
  #stages(): Stage[] {
    const { method } = this.#context.hop.auth;
    if (method === 'automatic') return ['publickey', 'keyboard-interactive', 'password'];
    if (method === 'password') return ['password', 'keyboard-interactive'];
    return method === 'keyboard-interactive' ? ['keyboard-interactive'] : ['publickey'];
  }

  #note(what: string): void {
    if (!this.tried.includes(what)) this.tried.push(what);
  }

  #isPasswordSpent(): boolean {
    return this.#isPasswordDeclined || this.#passwordTries >= MAX_TRIES;
  }

  #passwordFailed(): void {
    this.#wasPasswordWrong = true;
    delete this.#context.memory.password;
  }

  /** The remembered one, then the stored one, then the person's; undefined: declined or too often wrong. */
  async #password(): Promise<Secret | undefined> {
    const { memory, hop, ask, secretOf } = this.#context;
    if (this.#isPasswordSpent()) return undefined;
    if (memory.password !== undefined) {
      this.#passwordTries++;
      return memory.password;
    }
    if (
      hop.auth.method === 'password' &&
      hop.auth.credentialId !== null &&
      this.#storedPassword === undefined
    ) {
      this.#storedPassword = await secretOf(hop.auth.credentialId);
      if (this.#storedPassword !== undefined) {
        this.#passwordTries++;
        memory.password = this.#storedPassword;
        return this.#storedPassword;
      }
    }
    const answer = await ask({ kind: 'password', subject: hop.name, wasWrong: this.#wasPasswordWrong });
    if (answer === undefined) {
      this.#isPasswordDeclined = true;
      return undefined;
    }
    this.#passwordTries++;
    memory.password = answer;
    return answer;
  }

  /** Answers one request of keyboard-interactive (RFC 4256, 3.2); undefined: declined. */
  async answer(
    request: { title: string; instructions: string; prompts: readonly Prompt[] },
    isRepeated: boolean,
  ): Promise<{ answers: readonly Secret[]; isPassword: boolean } | undefined> {
    const { memory, hop, ask } = this.#context;
    const [only] = request.prompts;
    const isOneHidden = request.prompts.length === 1 && only !== undefined && only.echo !== true;
    // PAM asks for the plain password this way; a password can be remembered, an answer cannot.
    const isPassword =
      isOneHidden &&
      (/^(\(.*\)\s*)?password( for .*)?:?\s*$/i.test(only.prompt) || hop.auth.method === 'password');
    if (isPassword) {
      const password = await this.#password();
      return password && { answers: [password], isPassword: true };
    }
    const remembered = request.prompts.map(({ prompt }) => memory.answers.get(prompt));
    if (!isRepeated && remembered.every((answer) => answer !== undefined))
      return { answers: remembered, isPassword: false };
    const answers = await ask({
      kind: 'keyboard-interactive',
      subject: hop.name,
      title: request.title,
      instructions: request.instructions,
      prompts: request.prompts.map(({ prompt, echo }) => ({ text: prompt, isShown: echo === true })),
    });
    if (answers === undefined) return undefined;
    for (const [index, { prompt }] of request.prompts.entries()) {
      const given = answers[index];
      if (given) memory.answers.set(prompt, given);
    }
    return {
      answers: request.prompts.map((_, index) => answers[index] ?? new Secret('')),
      isPassword: false,
    };
  }

  fatal(error: unknown): void {
    this.#onFatal(error);
  }
}

/** One try of keyboard-interactive, which may ask several times (password, then a code). */
class InteractiveRound {
  usedPassword = false;
  isDeclined = false;
  readonly #authentication: Authentication;
  readonly #isRepeated: boolean;

  constructor(authentication: Authentication, isRepeated: boolean) {
    this.#authentication = authentication;
    this.#isRepeated = isRepeated;
  }

  readonly prompt = (
    title: string,
    instructions: string,
    _language: string,
    prompts: Prompt[],
    finish: (answers: string[]) => void,
  ): void => {
    this.#authentication.answer({ title, instructions, prompts }, this.#isRepeated).then(
      (given) => {
        if (given === undefined) this.isDeclined = true;
        if (given?.isPassword) this.usedPassword = true;
        finish((given?.answers ?? prompts.map(() => new Secret(''))).map((answer) => answer.reveal()));
      },
      (error: unknown) => this.#authentication.fatal(error),
    );
  };
}

/** One key as an agent of one key, so that ssh2 asks for a signature only once the server would accept the key. */
class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #key: ParsedKey;
  readonly #sign: (data: Buffer, hash: string | undefined) => Promise<Buffer>;

  constructor(key: ParsedKey, sign: (data: Buffer, hash: string | undefined) => Promise<Buffer>) {
    super();
    this.#key = key;
    this.#sign = sign;
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    callback(undefined, [this.#key]);
  }

  override sign(
    _key: ParsedKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    this.#sign(data, hash).then(
      (signature) => done?.(undefined, signature),
      (error: unknown) => done?.(error instanceof Error ? error : new Error(String(error))),
    );
  }
}

/** Errors that only rule out one key of several. */
const passable = [
  'credential.wrong-passphrase',
  'credential.unreadable-key',
  'host.agent-unavailable',
] as const;

function agentFor(
  identity: Identity,
  onFatal: (error: unknown) => void,
  skipped: string[],
): OneKeyAgent | undefined {
  if (keyTypeOf(identity.publicBlob)?.startsWith('sk-')) return undefined;
  const key = ssh2.utils.parseKey(identity.publicBlob);
  if (key instanceof Error) return undefined;
  return new OneKeyAgent(key, async (data, hash) => {
    try {
      return await identity.sign(data, hash);
    } catch (error) {
      if (BerthError.is(error, ...passable) && !identity.isOnlyOne) skipped.push(error.message);
      else onFatal(error);
      throw error;
    }
  });
}
