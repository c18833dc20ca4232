/** A secret that a script gives on the input, so that it stands in no list of processes and no history. */
import { CommandFailure, TypedWrong } from './failure.ts';
import type { InputStream } from './terminal.ts';

/** Characters; longer is no password. */
const maxCharacters = 16_384;

/** Without the line end that `echo` adds. @throws TypedWrong, CommandFailure */
export async function readSecretFromInput(input: InputStream, what: string): Promise<string> {
  if (input.isTTY === true) throw new TypedWrong(`Send ${what} through a pipe; typed here it would be seen.`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of input as AsyncIterable<Buffer>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > maxCharacters)
      throw new CommandFailure(`What came on the input is too long for ${what}.`);
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new CommandFailure(`Nothing came on the input, where ${what} was expected.`);
  return secret;
}
