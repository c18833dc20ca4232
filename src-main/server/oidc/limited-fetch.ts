/**
 * Fetch for what an identity provider says: in seconds, of at most some bytes, and from exactly the address that was asked.
 * A provider that has been taken over must not be able to hold or fill this process, or to send it elsewhere.
 */

export interface FetchLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** Documents of providers have a few KiB; a set of many keys has some tens. */
export const providerLimits: FetchLimits = { timeoutMs: 5_000, maxBytes: 256 * 1024 };

export interface FetchWish {
  readonly method?: string;
  readonly headers?: Headers | Record<string, string>;
  readonly body?: unknown;
  readonly signal?: AbortSignal | null;
}

const noBody = new Set([204, 205, 304]);

/** @throws TypeError for no answer or one that is too long, DOMException TimeoutError */
export function limitedFetch({ timeoutMs, maxBytes }: FetchLimits) {
  return async (url: string, wish: FetchWish): Promise<Response> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const signal = wish.signal ? AbortSignal.any([wish.signal, limit]) : limit;
    const { method, headers, body } = wish;
    const response = await fetch(url, {
      redirect: 'manual',
      signal,
      ...(method === undefined ? {} : { method }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined || body === null ? {} : { body: body as NonNullable<RequestInit['body']> }),
    });
    const bytes = await read(response, maxBytes);
    const { status, statusText } = response;
    // The body is decoded already: its length and encoding are no longer what these say.
    const kept = new Headers(response.headers);
    kept.delete('content-encoding');
    kept.delete('content-length');
    return new Response(noBody.has(status) ? null : bytes, { status, statusText, headers: kept });
  };
}

async function read(response: Response, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength;
    if (length > maxBytes) throw new TypeError(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
