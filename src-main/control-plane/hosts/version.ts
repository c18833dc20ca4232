/**
 * Versions as programs and packages write them, and the floors below which a known hole is open. Pure.
 * Distributions mend old versions without changing their number; where we know the package that did, it counts.
 */

export interface Version {
  /** As it was written: `3.3a`, `9.2p1`. */
  readonly text: string;
  readonly numbers: readonly number[];
}

/** The first thing in a text that looks like a version. */
export function versionIn(text: string): Version | undefined {
  const found = /(?<![\d.])(\d+(?:\.\d+)+)((?:p\d+|[a-z](?![a-z]))?)/i.exec(text);
  if (!found) return undefined;
  return { text: `${found[1]}${found[2] ?? ''}`, numbers: (found[1] ?? '').split('.').map(Number) };
}

/** Missing parts count as zero. */
export function isAtLeast(version: Version, floor: readonly number[]): boolean {
  for (let index = 0; index < Math.max(version.numbers.length, floor.length); index++) {
    const difference = (version.numbers[index] ?? 0) - (floor[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

export interface Hole {
  readonly cve: string;
  readonly what: string;
}

const LEAKED_DESCRIPTOR: Hole = {
  cve: 'CVE-2024-21626',
  what: 'a container can reach the files of the host through a leaked descriptor',
};
const MASKED_PATHS: Hole = {
  cve: 'CVE-2025-31133, CVE-2025-52565, CVE-2025-52881',
  what: 'a container that is being started can write to files of the host',
};

/** Debian's and Ubuntu's packages that mended CVE-2024-21626 under an older number. */
const MENDED_RUNC = [
  /^1\.1\.5\+ds1-1\+deb12u[1-9]/,
  /^1\.0\.0~rc93\+ds1-5\+deb11u[3-9]/,
  /^1\.1\.\d+-0ubuntu[1-9]~2\d\.\d\d\.[1-9]/,
];

/** Known holes of this runc. `packageVersion` as the distribution numbers it, without the package's name. */
export function holesOfRunc(version: Version, packageVersion: string | null): Hole[] {
  const holes: Hole[] = [];
  const isMended = packageVersion !== null && MENDED_RUNC.some((pattern) => pattern.test(packageVersion));
  if (!isAtLeast(version, [1, 1, 12]) && !isMended) holes.push(LEAKED_DESCRIPTOR);
  const [major = 0, minor = 0] = version.numbers;
  const floor = major === 1 && minor === 2 ? [1, 2, 8] : [1, 3, 3];
  if (!isAtLeast(version, floor)) holes.push(MASKED_PATHS);
  return holes;
}

const RACE: Hole = {
  cve: 'CVE-2024-6387',
  what: 'anybody who can connect may run programs as root after some hours of trying',
};

/** Distribution packages (of 8.5p1 to 9.7p1) that mended CVE-2024-6387: version, suffix pattern, first good number. */
const MENDED_SSHD: readonly { readonly pattern: RegExp; readonly from: number }[] = [
  { pattern: /9\.2p1[ -](?:Debian-)?2\+deb12u(\d+)/, from: 3 },
  { pattern: /8\.9p1[ -](?:Ubuntu-)?3ubuntu0\.(\d+)/, from: 10 },
  { pattern: /9\.3p1[ -](?:Ubuntu-)?1ubuntu3\.(\d+)/, from: 6 },
  { pattern: /9\.6p1[ -](?:Ubuntu-)?3ubuntu13\.(\d+)/, from: 3 },
  { pattern: /8\.7p1-(\d+)\.el9/, from: 38 },
];

/**
 * Known holes of an SSH server, from its banner (`SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3`, RFC 4253 section 4.2) or its
 * package's version (`1:9.2p1-2+deb12u3`). Undefined: not OpenSSH, or no version to be seen.
 */
export function holesOfSshd(bannerOrPackage: string): Hole[] | undefined {
  const found = /(?:OpenSSH_|^(?:\S+ )?(?:\d+:)?)(\d+\.\d+)p\d+/.exec(bannerOrPackage);
  if (!found) return undefined;
  const version: Version = { text: found[1]!, numbers: found[1]!.split('.').map(Number) };
  if (!isAtLeast(version, [8, 5]) || isAtLeast(version, [9, 8])) return [];
  for (const { pattern, from } of MENDED_SSHD) {
    const number = pattern.exec(bannerOrPackage)?.[1];
    if (number !== undefined && Number(number) >= from) return [];
  }
  return [RACE];
}
