/** How a script of resources/remote is run on a host: its text is an argument of what runs it, and input stays free for it. */
import { BerthError } from '#contract/berth-error.ts';

/**
 * @param script without an ending for one of the shell; with `.py` for one of Python 3, which ends with 127 where there is none
 * @param textOf the text of a file in resources/remote
 */
export async function scriptCommand(
  script: string,
  args: readonly string[],
  textOf: (file: string) => Promise<string>,
): Promise<[string, ...string[]]> {
  if (!/^[a-z][a-z0-9-]*(\.py)?$/.test(script))
    throw new BerthError('internal', 'This is not the name of a script.');
  if (!script.endsWith('.py')) return ['/bin/sh', '-c', await textOf(`${script}.sh`), script, ...args];
  return ['/bin/sh', '-c', await textOf('python.sh'), 'python', await textOf(script), ...args];
}
