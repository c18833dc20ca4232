/**
 * `berth://…` links: a place to go to and text to pre-fill, never an act. Any web page can open one, so what does not
 * have exactly this form is dropped whole.
 */
import type { ShellEvent } from '#contract/shell.ts';

type DeepLink = Extract<ShellEvent, { type: 'deep-link' }>;

export const linkScheme = 'berth';
const maxLinkCharacters = 2048;
const maxQueryFields = 20;
const pathForm = /^\/[a-z0-9][a-z0-9_-]*(\/[a-zA-Z0-9_-]+)*$/;
const nameForm = /^[a-zA-Z][a-zA-Z0-9]{0,39}$/;
const hasControl = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** `berth://hosts/add?address=dev@atlas` is the path `/hosts/add` with that query. */
export function parseDeepLink(text: string): DeepLink | undefined {
  if (text.length > maxLinkCharacters || !text.startsWith(`${linkScheme}://`)) return undefined;
  // Before any parser has made something plain of it.
  const place = text.slice(`${linkScheme}://`.length).split('?', 1)[0] ?? '';
  if (!/^[a-zA-Z0-9/_-]+$/.test(place)) return undefined;
  const url = URL.parse(text);
  if (url === null || url.hash !== '' || url.username !== '' || url.password !== '' || url.port !== '')
    return undefined;
  const path = `/${url.host}${url.pathname}`.replace(/\/+$/, '');
  if (!pathForm.test(path)) return undefined;
  const query: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (!nameForm.test(name) || hasControl.test(value) || Object.hasOwn(query, name)) return undefined;
    query[name] = value;
  }
  return Object.keys(query).length > maxQueryFields ? undefined : { type: 'deep-link', path, query };
}

/** The first link among a process's arguments; others are flags and belong to config.ts. */
export function deepLinkIn(argv: readonly string[]): DeepLink | undefined {
  const text = argv.find((argument) => argument.startsWith(`${linkScheme}://`));
  return text === undefined ? undefined : parseDeepLink(text);
}
