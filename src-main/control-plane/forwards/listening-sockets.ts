/** What listens in a network, from lines of /proc/net/tcp and tcp6 (proc(5)). Pure. */

export interface ListeningSocket {
  readonly port: number;
  readonly isLoopback: boolean;
  /** Of the socket, by which its program is found. */
  readonly inode: string;
}

/** TCP_LISTEN of the kernel's tcp_states.h. */
const listenState = '0A';
/** Docker's own resolver listens in every container's network (docs.docker.com/engine/network): 127.0.0.11. */
const resolverAddress = '0B00007F';
const loopback6 = '00000000000000000000000001000000';
/** ::ffff:a.b.c.d (RFC 4291 §2.5.5.2). */
const mapped = '0000000000000000FFFF0000';
const addressPattern = /^([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})$/;

/** What is no such line is left out: it comes from the network of somebody's workspace. */
export function parseListening(text: string): ListeningSocket[] {
  const found: ListeningSocket[] = [];
  for (const line of text.split('\n')) {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const [, address = '', port = ''] = addressPattern.exec(local) ?? [];
    const number = Number.parseInt(port, 16);
    if (state !== listenState || !/^\d+$/.test(inode) || !(number > 0) || address === resolverAddress)
      continue;
    found.push({ port: number, isLoopback: isLoopback(address), inode });
  }
  return found;
}

/** Each 32-bit word is in the order of the host's bytes, least significant first on whatever Docker mostly runs on. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  return address === loopback6 || (address.startsWith(mapped) && address.endsWith('7F'));
}

/** The output of listening-ports.sh, by container. Undefined: it cannot be read from the host. */
export function parseListeningReport(text: string): Map<string, ListeningSocket[] | undefined> {
  const found = new Map<string, ListeningSocket[] | undefined>();
  for (const part of text.split(/^container=/m).slice(1)) {
    const [container = '', ...lines] = part.split('\n');
    found.set(container, lines.includes('unreadable') ? undefined : parseListening(lines.join('\n')));
  }
  return found;
}

/** Programs by inode. */
export function parsePrograms(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, inode = '', name = ''] of text.matchAll(/^program=(\d+) (.{1,64})/gm))
    found.set(inode, name.trim());
  return found;
}
