/** `about.get`: which Berth this is, and who is asking. */
import type { About } from '#contract/about.ts';
import type { HandlersOf } from './handler.ts';

export type AboutFacts = Pick<About, 'version' | 'platform' | 'dataFolder' | 'isReadOnly' | 'notice'>;

export function aboutHandlers(facts: AboutFacts): HandlersOf<'about'> {
  return {
    'about.get': (_input, { caller }) => ({
      ...facts,
      mode: caller.mode,
      user: { id: caller.userId, name: caller.userName },
      scopes: [...caller.scopes],
    }),
  };
}
