/** What a server answers to the pages for who is not signed in, for pictures and flows without one. */
import type { Page, Route } from 'playwright';
import type { ErrorCode } from '#contract/error-codes.ts';
import type { SignInOptions } from '#renderer/transport/session-requests.ts';

export interface DoorAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DoorCall {
  readonly method: string;
  readonly path: string;
  readonly input: unknown;
}

export interface Door {
  /** What was asked, in order. */
  readonly calls: readonly DoorCall[];
  /** The next time it is asked; after that, whatever was there before. */
  answerNext(path: string, answer: DoorAnswer): void;
}

export const usualOptions: SignInOptions = {
  passwords: true,
  registration: 'open',
  providers: [
    { id: 'example', name: 'Example University' },
    { id: 'forge', name: 'the forge of this house' },
  ],
  isOwnerSetUp: true,
};

export function refusal(
  status: number,
  code: ErrorCode,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): DoorAnswer {
  return { status, body: { error: { code, message, details: {} } }, headers };
}

/** Everything is answered with 200, but what `answerNext` says. */
export async function openDoor(
  page: Page,
  options: SignInOptions | DoorAnswer = usualOptions,
): Promise<Door> {
  const calls: DoorCall[] = [];
  const next = new Map<string, DoorAnswer[]>();
  const answer = async (route: Route) => {
    const request = route.request();
    const path = new URL(request.url()).pathname.replace('/api/v1', '');
    calls.push({ method: request.method(), path, input: request.postDataJSON() as unknown });
    const planned = next.get(path)?.shift();
    const {
      status = 200,
      body = {},
      headers = {},
    } = planned ?? (path !== '/sign-in-options' ? {} : 'passwords' in options ? { body: options } : options);
    await route.fulfill({ status, json: body, headers: { ...headers } });
  };
  await page.route('**/api/v1/**', answer);
  return {
    calls,
    answerNext: (path, planned) => next.set(path, [...(next.get(path) ?? []), planned]),
  };
}
