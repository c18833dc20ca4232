/** What the command line exits with. A part of its interface: scripts count on it. */
export const exitCodes = {
  done: 0,
  failed: 1,
  typedWrong: 2,
  /** Of `exec` and `shell`, where 1 is the other program's own. */
  notRun: 125,
  interrupted: 130,
} as const;

export const exitCodesHelp = `Exit codes:
  0    done
  1    failed, or was cancelled: the reason is on standard error (with --json also on standard output);
       of berth doctor and berth host check: something serious was found;
       of berth workspace status and berth container status: it is not running
  2    typed wrong: nothing was done
  130  left at a second Ctrl+C, without waiting

berth exec and berth shell exit with what the command or shell in the workspace exited with. Their own are:
  2    typed wrong
  125  Berth could not run it, or lost it on the way
  126  the program cannot be run (said by the container engine)
  127  there is no such program (said by the container engine or a shell)
`;
