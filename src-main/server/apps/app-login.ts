/**
 * The container's own password, put in on the way so that nobody types it. It goes to the app alone: no browser, no log
 * and no address ever holds it. A form is posted at most once for a page, and not again for a while where it did not help:
 * apps lock people out who try too often.
 */
import type { AppTarget } from '../../control-plane/forwards/app-door.ts';
import type { AnswerHead, AppAnswer } from './app-answer.ts';
import type { AppLines } from './app-connections.ts';
import { withCookies } from './app-cookies.ts';
import { pairsOf, type RawHeaders, valuesOf } from './header-lists.ts';
import { locationFor } from './response-headers.ts';
import type { Visit } from './visit.ts';

/** Bytes of a login page that are looked at for its hidden fields. */
const maxPageBytes = 256 * 1024;
/** After a password that the app did not take. Milliseconds. */
const pauseMs = 60_000;
const timeoutMs = 15_000;

/** Headers to add to a request; none where the login is another, or the browser says something itself. */
export async function loginHeaders(target: AppTarget, headers: RawHeaders): Promise<string[]> {
  const { login } = target;
  if (login.how !== 'basic' && login.how !== 'header') return [];
  const name = login.how === 'basic' ? 'Authorization' : login.name;
  if (valuesOf(headers, name.toLowerCase()).length > 0) return [];
  const password = await target.password();
  if (password === null) return [];
  if (login.how === 'header') return [name, `${login.prefix}${password.reveal()}`];
  const pair = Buffer.from(`${login.user}:${password.reveal()}`, 'utf8').toString('base64');
  return [name, `Basic ${pair}`];
}

export interface FormLoginOptions {
  readonly lines: AppLines;
  readonly nowMs: () => number;
}

/** Page requests, their answers, and the forms between them. */
export class FormLogin {
  readonly #lines: AppLines;
  readonly #nowMs: () => number;
  /** By forward: until when no form is posted. Epoch milliseconds. */
  readonly #pauses = new Map<string, number>();

  constructor({ lines, nowMs }: FormLoginOptions) {
    this.#lines = lines;
    this.#nowMs = nowMs;
  }

  /** Whether this answer to a page's request says: sign in first. */
  asks(target: AppTarget, path: string, answer: AnswerHead, origin: string): boolean {
    if (target.login.how !== 'form' || (this.#pauses.get(target.forwardId) ?? 0) > this.#nowMs())
      return false;
    const { status, headers } = answer;
    const [type = 'text/html'] = valuesOf(headers, 'content-type');
    const isHtml = /^text\/html\b/i.test(type);
    if (status === 401 || status === 403) return isHtml;
    if (status === 200) return isHtml && isSamePath(path, target.login.path, origin);
    const [location] = valuesOf(headers, 'location');
    if (status < 300 || status > 399 || location === undefined) return false;
    const there = URL.parse(locationFor(location, { target, origin }), `${origin}${path}`);
    return there?.origin === origin && isSamePath(there.pathname, target.login.path, origin);
  }

  /**
   * Posts the form. `headers` are those of the page's request. The Set-Cookie headers that the app answered with;
   * undefined: it did not let anybody in. Throws what `connect` and `password` throw.
   */
  async post(visit: VisitOf, headers: RawHeaders, signal: AbortSignal): Promise<string[] | undefined> {
    const { target } = visit;
    const { login } = target;
    const password = login.how === 'form' ? await target.password() : null;
    if (login.how !== 'form' || password === null) return undefined;
    const both = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const sent = { visit, path: login.path, signal: both };
    const page = await this.#exchange({ ...sent, method: 'GET', headers: withoutBody(headers) });
    const fields = new URLSearchParams(hiddenFields(page.text));
    fields.set(login.field, password.reveal());
    const jar = withCookies(valuesOf(headers, 'cookie').join('; ') || undefined, page.setCookies);
    const body = fields.toString();
    const answer = await this.#exchange({
      ...sent,
      method: 'POST',
      body,
      headers: [
        ...withoutBody(headers, 'cookie'),
        ...(jar === undefined ? [] : ['Cookie', jar]),
        'Content-Type',
        'application/x-www-form-urlencoded',
        'Content-Length',
        String(Buffer.byteLength(body)),
      ],
    });
    const isIn = answer.status < 400 && answer.setCookies.length > 0;
    if (!isIn) this.pause(target);
    return isIn ? [...page.setCookies, ...answer.setCookies] : undefined;
  }

  /** It did not help: what the person sees is the app's own form. */
  pause({ forwardId }: AppTarget): void {
    this.#pauses.set(forwardId, this.#nowMs() + pauseMs);
  }

  async #exchange(wish: {
    readonly visit: VisitOf;
    readonly method: 'GET' | 'POST';
    readonly path: string;
    readonly headers: string[];
    readonly body?: string;
    readonly signal: AbortSignal;
  }): Promise<{ readonly status: number; readonly setCookies: string[]; readonly text: string }> {
    const { visit, method, path, headers, body, signal } = wish;
    const line = await this.#lines.open(visit.target, visit.session, signal);
    const end = () => line.destroy();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    try {
      const answer = await line.ask({ method, path, headers, body });
      return {
        status: answer.status,
        setCookies: valuesOf(answer.headers, 'set-cookie'),
        text: await startOf(answer),
      };
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}

type VisitOf = Pick<Visit, 'target' | 'session'>;

/** Rejects where it does not come to its end. */
function startOf(answer: AppAnswer): Promise<string> {
  return new Promise((resolve, reject) => {
    const taken: Buffer[] = [];
    let bytes = 0;
    answer.readTo({
      take(piece) {
        if (bytes < maxPageBytes) taken.push(piece);
        bytes += piece.length;
        return true;
      },
      onRoom: () => undefined,
      end: () => resolve(Buffer.concat(taken).toString('utf8', 0, maxPageBytes)),
      cut: () => reject(new Error('The app broke its answer off.')),
    });
  });
}

/** For a request of our own beside the page's: nothing that is about its body, its cache or its packing. */
function withoutBody(headers: RawHeaders, ...more: readonly string[]): string[] {
  const dropped = /^(content-.*|transfer-encoding|te|expect|if-.*|range|accept-encoding|upgrade-.*)$/i;
  return pairsOf(headers)
    .filter(([name]) => !dropped.test(name) && !more.includes(name.toLowerCase()))
    .flat();
}

/** Some forms bring a mark of their own against foreign pages. */
function hiddenFields(html: string): [name: string, value: string][] {
  const inputs = html.match(/<input\b[^>]{0,2000}>/gi) ?? [];
  return inputs.flatMap((input): [string, string][] => {
    const name = attributeOf(input, 'name');
    const isHidden = attributeOf(input, 'type')?.toLowerCase() === 'hidden';
    return isHidden && name !== undefined ? [[name, attributeOf(input, 'value') ?? '']] : [];
  });
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
  '#x27': "'",
};

function attributeOf(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'i').exec(tag);
  const text = found?.[1] ?? found?.[2] ?? found?.[3];
  return text?.replace(/&(#?\w+);/g, (whole, entity: string) => entities[entity] ?? whole);
}

function isSamePath(one: string, other: string, origin: string): boolean {
  const pathOf = (path: string) => URL.parse(path, origin)?.pathname.replace(/\/$/, '');
  return pathOf(one) === pathOf(other);
}
