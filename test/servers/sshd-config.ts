/** The sshd_config(5) of a remote host: what Debian's says, in the places where remote-host.sh keeps things. */

/** @param lines The caller's; they win. A `Match` and what follows it goes to the end of the file. */
export function sshdConfigText(address: string, lines: readonly string[]): string {
  const firstMatch = lines.findIndex((line) => /^\s*match\b/i.test(line));
  const globals = firstMatch < 0 ? lines : lines.slice(0, firstMatch);
  const matches = firstMatch < 0 ? [] : lines.slice(firstMatch);
  // The first value of a keyword wins, so the caller's lines come first.
  const defaults = [
    `ListenAddress ${address}`,
    'HostKey /run/berth-host/host-key',
    'UsePAM yes',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication yes',
    'PermitRootLogin prohibit-password',
    'PrintMotd no',
    'PidFile /run/sshd.pid',
    'LogLevel VERBOSE',
    'AcceptEnv LANG LC_*',
    'Subsystem sftp /usr/lib/openssh/sftp-server',
  ];
  return `${[...globals, ...defaults, ...matches].join('\n')}\n`;
}

/** The /etc/ssh/sshd_config of a rented machine, as Debian's cloud images have it: cloud-init and a set-up add files to it. */
export function cloudSshdConfigText(): string {
  const lines = [
    'Include /etc/ssh/sshd_config.d/*.conf',
    'UsePAM yes',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PrintMotd no',
    'PidFile /run/sshd.pid',
    'LogLevel VERBOSE',
    'AcceptEnv LANG LC_*',
    'Subsystem sftp /usr/lib/openssh/sftp-server',
  ];
  return `${lines.join('\n')}\n`;
}
