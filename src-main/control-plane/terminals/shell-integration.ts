/**
 * What makes a bash say where it is and how each command went, through its environment alone: no file of the person's is
 * touched. Sources: OSC 7 (working directory), OSC 133 (prompt, command, exit status: FinalTerm's marks), bash(1) for
 * PROMPT_COMMAND and PS0. A bash whose own start files set PROMPT_COMMAND keeps theirs and gives no marks; other shells
 * ignore both.
 */

/** Before each prompt: the last command's status, the folder, and the prompt's begin. A `%` in a path would end a URL. */
const promptCommand =
  // biome-ignore lint/suspicious/noTemplateCurlyInString: bash's expansions.
  'printf \'\\033]133;D;%s\\a\\033]7;file://%s%s\\a\\033]133;A\\a\' "$?" "${HOSTNAME-}" "${PWD//\\%/%25}"';
/** Once a command line was read, before it runs. */
const beforeCommand = '\\e]133;C\\a';

export const bashIntegration: Readonly<Record<string, string>> = {
  PROMPT_COMMAND: promptCommand,
  PS0: beforeCommand,
};
