/** A line that is typed and not shown, as a password. Ctrl+C, Ctrl+D and the end of the input are no answer. */
import { enterRawMode } from './raw-mode.ts';
import type { Asked } from './terminal.ts';

const interrupt = '\u0003';
const endOfInput = '\u0004';
const eraseLine = '\u0015';

export async function askHidden({ input, error, question, signal }: Asked): Promise<string | undefined> {
  const answer = Promise.withResolvers<string | undefined>();
  const decoder = new TextDecoder();
  let typed: string[] = [];
  const take = (chunk: Buffer | string) => {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    for (const character of text) {
      if (character === '\r' || character === '\n') return answer.resolve(typed.join(''));
      if (character === interrupt || (character === endOfInput && typed.length === 0))
        return answer.resolve(undefined);
      if (character === '\u007f' || character === '\b') typed.pop();
      else if (character === eraseLine) typed = [];
      else if (character !== endOfInput) typed.push(character);
    }
  };
  const stop = () => answer.resolve(undefined);
  const leaveRawMode = enterRawMode(input);
  input.on('data', take).once('end', stop);
  signal.addEventListener('abort', stop);
  try {
    error.write(question);
    input.resume();
    return await answer.promise;
  } finally {
    input.off('data', take).off('end', stop);
    signal.removeEventListener('abort', stop);
    input.pause();
    leaveRawMode();
    error.write('\n');
  }
}
