/** Asks a double as any client would, for its own tests. */
import type { DigitalOceanDouble } from './double.ts';

export interface Said {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape, looked into by tests
  readonly body: any;
}

export function asking(double: DigitalOceanDouble, token = double.addToken()) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Said> => {
    const response = await fetch(`${double.baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
}

export const smallDroplet = {
  name: 'web-1',
  region: 'nyc1',
  size: 's-1vcpu-1gb',
  image: 'debian-12-x64',
  tags: ['berth:op:1'],
};
