/** Which ports are worth a word when they appear. Pure. */
import type { Forward, ForwardRules, ListeningPort } from '#contract/forwards.ts';
import type { AppDefinition } from '#contract/projects.ts';

/**
 * From here on Linux gives ports to whoever asks for any (net.ipv4.ip_local_port_range, 32768 to 60999): on the loopback
 * these are ends of programs that talk to themselves, as editors and test runners do.
 */
const firstEphemeralPort = 32_768;

export interface Appearance {
  /** Undefined: the workspace was not listed, so that all of it is new to this window and none of it is news. */
  readonly before: readonly ListeningPort[] | undefined;
  readonly now: readonly ListeningPort[];
  readonly rules: ForwardRules | undefined;
  readonly forwards: readonly Pick<Forward, 'port'>[];
  readonly apps: readonly Pick<AppDefinition, 'port' | 'soundPort'>[];
}

/** Those that came while somebody looked, and about which nothing was said yet: by rule, forward or project. */
export function newPorts({ before, now, rules, forwards, apps }: Appearance): readonly ListeningPort[] {
  if (before === undefined || rules?.announces === false) return [];
  const known = new Set<number | null | undefined>([...before, ...forwards, ...apps].map(({ port }) => port));
  for (const { soundPort } of apps) known.add(soundPort);
  return now.filter(
    ({ port, reach }) =>
      !known.has(port) &&
      !(reach === 'loopback' && port >= firstEphemeralPort) &&
      !rules?.rules.some(({ fromPort, toPort }) => fromPort <= port && port <= toPort),
  );
}
