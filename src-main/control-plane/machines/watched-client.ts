/** A provider's client that tells of each answer, so that an account's state follows whoever asks. Changes nothing else. */
import type { CloudClient } from '../interfaces/cloud-provider.ts';

export function watchedClient(
  client: CloudClient,
  tell: { onAnswer: () => void; onFailure: (error: unknown) => void },
): CloudClient {
  return new Proxy(client, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]): unknown => {
        const result: unknown = Reflect.apply(member, target, args);
        if (!(result instanceof Promise)) return result;
        return result.then(
          (value: unknown) => {
            tell.onAnswer();
            return value;
          },
          (error: unknown) => {
            tell.onFailure(error);
            throw error;
          },
        );
      };
    },
  });
}
