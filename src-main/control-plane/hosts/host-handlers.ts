/** Contract line → the service's verb. */
import type { HandlersOf } from '../handler.ts';
import type { HostService } from './host-service.ts';
import type { Questions } from './questions.ts';

export function hostHandlers(
  hosts: HostService,
  questions: Questions,
): HandlersOf<'hosts'> & HandlersOf<'questions'> {
  return {
    'hosts.watch': (_input, { signal }) => hosts.watch(signal),
    'hosts.candidates': () => hosts.candidates(),
    'hosts.interpret': ({ text }) => hosts.interpret(text),
    'hosts.test': (input, { signal }) => hosts.test(input, signal),
    'hosts.add': (input) => hosts.add(input),
    'hosts.edit': (input) => hosts.edit(input),
    'hosts.remove': async ({ id }) => {
      await hosts.remove(id);
      return {};
    },
    'hosts.connect': ({ id }) => hosts.connect(id),
    'hosts.disconnect': ({ id }) => hosts.disconnect(id),
    'hosts.wake': ({ reason }) => {
      hosts.wake(reason);
      return {};
    },
    'hosts.replaceKey': (input) => hosts.replaceKey(input),
    'hosts.doctor': ({ id }, { signal }) => hosts.doctor(id, signal),
    'hosts.images': ({ id }, { signal }) => hosts.images(id, signal),
    'questions.watch': (_input, { signal }) => questions.watch(signal),
    'questions.answer': ({ id, answer }) => {
      questions.answer(id, answer);
      return {};
    },
  };
}
