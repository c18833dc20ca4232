/** Sessions, the default one and those of partitions: they keep the handlers that the app sets, and answer with them. */
import { EventEmitter } from 'node:events';
import { type DownloadAsk, journal } from './journal.ts';

type Handler = (request: Request) => Response | Promise<Response>;
type PermissionHandler = (
  contents: { getURL(): string },
  permission: string,
  decide: (isAllowed: boolean) => void,
  details: { isMainFrame: boolean; requestingUrl: string },
) => void;
type CheckHandler = (
  contents: null,
  permission: string,
  origin: string,
  details: { isMainFrame: boolean; requestingUrl?: string },
) => boolean;
interface RequestFacts {
  readonly resourceType?: string;
  /** Whose request it is. */
  readonly webContents?: object;
}
type BeforeRequest = (
  details: { url: string } & RequestFacts,
  answer: (what: { cancel?: boolean }) => void,
) => void;

/** Where files are saved, as far as anybody is told. */
export const savedIn = '/home/dev/Downloads';

class DownloadItem extends EventEmitter {
  readonly #ask: DownloadAsk;
  #isChosen = false;
  #receivedBytes = 0;
  constructor(ask: DownloadAsk) {
    super();
    this.#ask = ask;
  }
  getURL = () => this.#ask.url;
  getURLChain = () => [this.#ask.url];
  getInitiatorOrigin = () => this.#ask.initiator;
  getFilename = () => this.#ask.fileName;
  setSaveDialogOptions = () => undefined;
  getSavePath = () => (this.#isChosen ? `${savedIn}/${this.#ask.fileName}` : '');
  getReceivedBytes = () => this.#receivedBytes;
  getTotalBytes = () => 2048;
  cancel = () => undefined;
  run(): void {
    this.#isChosen = true;
    this.#receivedBytes = 1024;
    this.emit('updated', {}, 'progressing');
    this.#receivedBytes = 2048;
    this.emit('done', {}, 'completed');
  }
}

export class Session extends EventEmitter {
  /** Empty: the default one. */
  readonly partition: string;
  readonly #schemes = new Map<string, Handler>();
  #beforeRequest: BeforeRequest = (_details, answer) => answer({});
  /** As in Electron, where nobody asks when nobody set a handler. */
  #permission: PermissionHandler = (_contents, _permission, decide) => decide(true);
  #check: CheckHandler = () => true;

  constructor(partition: string) {
    super();
    this.partition = partition;
  }
  async clearData(): Promise<void> {
    journal({ what: 'data-cleared', partition: this.partition });
  }

  readonly protocol = {
    handle: (scheme: string, handler: Handler) => void this.#schemes.set(scheme, handler),
  };
  readonly webRequest = {
    onBeforeRequest: (listener: BeforeRequest) => {
      this.#beforeRequest = listener;
    },
  };
  setPermissionRequestHandler(handler: PermissionHandler): void {
    this.#permission = handler;
  }
  setPermissionCheckHandler(handler: CheckHandler): void {
    this.#check = handler;
  }
  setDevicePermissionHandler(): void {}
  setDisplayMediaRequestHandler(): void {}

  allows(url: string): boolean {
    let isCancelled = false;
    this.#beforeRequest({ url }, ({ cancel }) => {
      isCancelled = cancel === true;
    });
    return !isCancelled;
  }
  /** As `allows`, of a request that may have to wait for its answer. */
  judges(url: string, facts: RequestFacts): Promise<boolean> {
    return new Promise((resolve) => {
      this.#beforeRequest({ url, ...facts }, ({ cancel }) => resolve(cancel !== true));
    });
  }
  /** undefined: no handler for this scheme, so that Electron would ask the network. */
  async answer(url: string, method: string): Promise<Response | undefined> {
    const handler = this.#schemes.get(new URL(url).protocol.slice(0, -1));
    return handler?.(new Request(url, { method }));
  }
  /** True only when both ways of asking say so. */
  permits(permission: string, url: string, isMainFrame: boolean): boolean {
    let isAllowed = false;
    const decide = (answer: boolean) => {
      isAllowed = answer;
    };
    this.#permission({ getURL: () => url }, permission, decide, { isMainFrame, requestingUrl: url });
    return isAllowed && this.#check(null, permission, url, { isMainFrame, requestingUrl: url });
  }
  /** What Electron's save dialog would be shown for. What is allowed is saved at once, whole. */
  downloads(ask: DownloadAsk, contents: object = {}): boolean {
    const { url, fileName, frame } = ask;
    let isAllowed = true;
    const item = new DownloadItem(ask);
    this.emit(
      'will-download',
      { preventDefault: () => (isAllowed = false) },
      item,
      contents,
      frame && { url: frame.url, parent: frame.isMain ? null : {} },
    );
    journal({ what: 'download', url, fileName, isAllowed });
    if (isAllowed) item.run();
    return isAllowed;
  }
}
export const defaultSession = new Session('');
const partitions = new Map<string, Session>();

export const session = {
  defaultSession,
  fromPartition: (name: string): Session => {
    const known = partitions.get(name) ?? new Session(name);
    partitions.set(name, known);
    return known;
  },
};
