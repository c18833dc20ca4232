/**
 * A terminal under test, whichever it is: a page that shows it, and the program in it on a real host. Waits only on facts:
 * the program sleeps in a read of its terminal, and a mark written after its output has come through to the page.
 */
import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from 'playwright';
import type { RemoteHost } from '../servers/remote-host.ts';
import { waitUntil } from '../servers/wait-until.ts';
import { instrument, type Picture } from './instrument.ts';

export interface Size {
  readonly cols: number;
  readonly rows: number;
}

const programTimeoutMs = 20_000;
const markTimeoutMs = 10_000;

export class Side {
  readonly name: string;
  readonly page: Page;
  readonly #host: RemoteHost;
  #pid = '';
  #terminal = '';
  #marks = 0;
  /** Bytes that the program will have read when it has read all that was typed. */
  #typedUpTo = 0;

  constructor(name: string, page: Page, host: RemoteHost) {
    this.name = name;
    this.page = page;
    this.#host = host;
  }

  /** Types it and Return. */
  async line(text: string): Promise<void> {
    this.#typedUpTo = (await this.#counted('rchar')) + text.length + 1;
    await this.#type(text);
  }

  /** As `line`, into a shell; what late answers to an earlier program left in its line is thrown away. */
  async shell(text: string): Promise<void> {
    // Not Ctrl+C: the terminal driver would throw away what is typed behind it.
    await this.page.keyboard.press('Control+g');
    await this.page.keyboard.press('Control+u');
    await this.#type(text);
  }

  async #type(text: string): Promise<void> {
    await this.page.keyboard.type(text);
    await this.page.keyboard.press('Enter');
  }

  /** Starts a program in the shell's place of the terminal; resolves when it is that program. */
  async start(command: string): Promise<void> {
    const file = `/root/started-${this.name}`;
    await this.#host.run(['rm', '-f', file]);
    await this.shell(`sh -c 'echo $$ $(tty) >${file}; exec ${command}'`);
    const path = this.#host.pathOnThisMachine(file);
    const words = await waitUntil(
      async () => {
        const all = (await readFile(path, 'utf8')).trim().split(' ');
        return all.length === 2 ? all : undefined;
      },
      { what: `${this.name} starts ${command}` },
    );
    [this.#pid = '', this.#terminal = ''] = words;
    this.#typedUpTo = 0;
  }

  /**
   * Resolves when the program has read all that was typed, waits for more, and the page has parsed all that it wrote. The
   * answer to a query may still be on its way then.
   */
  async settle(): Promise<void> {
    await waitUntil(async () => (await this.#counted('rchar')) >= this.#typedUpTo, {
      what: `${this.name}: the program reads what was typed`,
      timeoutMs: programTimeoutMs,
      intervalMs: 2,
    });
    await waitUntil(
      async () => {
        const written = await this.#programReads();
        await this.mark();
        return (await this.#programReads()) === written;
      },
      { what: `${this.name} is quiet`, timeoutMs: programTimeoutMs, intervalMs: 0 },
    );
  }

  /** Resolves when the page has parsed what the terminal was given so far. */
  async mark(): Promise<void> {
    const title = `mark ${++this.#marks} of ${this.name}`;
    await writeFile(this.#host.pathOnThisMachine(this.#terminal), `\u001b]2;${title}\u0007`);
    await Promise.race([
      instrument(this.page, 'reached', title),
      new Promise((_, reject) =>
        setTimeout(() => reject(new Error(`${this.name}: no ${title}`)), markTimeoutMs).unref(),
      ),
    ]);
  }

  picture(): Promise<Picture> {
    return instrument(this.page, 'picture');
  }

  /** How much it has written when it waits in a read of its terminal (proc(5): syscall). */
  #programReads(): Promise<number> {
    return waitUntil(
      async () =>
        (await this.#file('syscall')).startsWith('0 0x0 ') ? await this.#counted('wchar') : undefined,
      { what: `${this.name}: the program waits for input`, timeoutMs: programTimeoutMs, intervalMs: 2 },
    );
  }

  /** Bytes read or written so far (proc(5): io). */
  async #counted(name: 'rchar' | 'wchar'): Promise<number> {
    return Number(new RegExp(`^${name}: (\\d+)`, 'm').exec(await this.#file('io'))?.[1]);
  }

  #file(name: string): Promise<string> {
    return readFile(this.#host.pathOnThisMachine(`/proc/${this.#pid}/${name}`), 'utf8');
  }
}
