/** A request to an app and its answer, whichever client carries them. Types alone. */
import type { Readable } from 'node:stream';
import type { RawHeaders } from './header-lists.ts';

export interface AppRequest {
  readonly method: string;
  readonly path: string;
  /** With how the body is framed, and nothing of Connection. */
  readonly headers: RawHeaders;
  readonly body: RequestBody | undefined;
}

export type RequestBody = string | BrowserBody;

/** `complete` tells whether it is there to its end. */
export type BrowserBody = Readable & { readonly complete: boolean; readonly rawTrailers: string[] };

export interface AnswerHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
}

export interface AnswerSink {
  /** False: no more until `onRoom` was called. */
  take(bytes: Buffer): boolean;
  onRoom(listener: () => void): void;
  end(trailers: RawHeaders): void;
  /** There will be no end. */
  cut(): void;
}

export interface AppAnswer extends AnswerHead {
  /** Once: the body, at the pace of `sink`. */
  readTo(sink: AnswerSink): void;
  /** Nobody wants the rest. */
  destroy(): void;
}
