/**
 * The plane that a command works at: the one that runs on the data folder, else one of this process's own for as long as
 * the command takes. Two commands that start at once share the plane of whichever was first.
 */
import { BerthError } from '#contract/berth-error.ts';
import { type ConnectedClient, createClient } from '#renderer/transport/client.ts';
import { connectLocalSocket } from '../server/local-socket.ts';
import { CommandFailure } from './failure.ts';

export interface OwnPlane {
  /** Resolves when nobody is connected: another command may have found this plane and work at it. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export interface PlaneAccess {
  readonly client: ConnectedClient;
  readonly isOwnPlane: boolean;
  /** It runs on another computer: files of this one are not there. */
  readonly isRemote?: boolean;
  /** A plane of our own first waits for others that use it; `hurry` ends the waiting. */
  close(hurry: Promise<unknown>): Promise<void>;
}

export interface PlaneAccessOptions {
  readonly dataFolder: string;
  /** Starts a plane that serves the local socket. @throws BerthError store.in-use */
  readonly startPlane: () => Promise<OwnPlane>;
}

/** Each waits some seconds for the folder's lock: a plane that starts or ends meanwhile is found by the next. */
const attempts = 3;

/** @throws CommandFailure */
export async function openPlane({ dataFolder, startPlane }: PlaneAccessOptions): Promise<PlaneAccess> {
  let holder: BerthError | undefined;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const running = await connectLocalSocket(dataFolder);
    if (running !== undefined) {
      const client = createClient(running);
      return { client, isOwnPlane: false, close: async () => client.close() };
    }
    try {
      return await ownPlane(dataFolder, await startPlane());
    } catch (error) {
      if (!BerthError.is(error, 'store.in-use')) throw error;
      holder = error;
    }
  }
  const { processId } = holder?.details ?? {};
  const who = typeof processId === 'number' ? ` (process ${processId})` : '';
  throw new CommandFailure(
    `Another Berth${who} holds ${dataFolder} and does not answer. It is starting or ending, or it hangs: try again in a minute, and if that does not help, end that process.`,
    holder?.toShape(),
  );
}

async function ownPlane(dataFolder: string, plane: OwnPlane): Promise<PlaneAccess> {
  const connection = await connectLocalSocket(dataFolder);
  if (connection === undefined) {
    await plane.close();
    throw new CommandFailure(`The socket in ${dataFolder} could not be opened.`);
  }
  const client = createClient(connection);
  return {
    client,
    isOwnPlane: true,
    close: async (hurry) => {
      client.close();
      await Promise.race([plane.idle(), hurry.catch(() => undefined)]);
      await plane.close();
    },
  };
}
