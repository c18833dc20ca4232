/** JSON values that follow each other in a stream, one a line (the engine's progress, events and stats). */
import { BerthError } from '#contract/berth-error.ts';
import { type JsonRecord, asRecord } from './engine-json.ts';

/** One stats reading or event is a few KiB; a line without an end is a host that floods us. */
const MAX_LINE_BYTES = 1024 * 1024;

/** Yields each line's object. A line that is not JSON throws engine.failed: nothing is skipped in silence. */
export async function* jsonLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<JsonRecord> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, start)) {
      const line = rest.subarray(start, end).toString('utf8').trim();
      start = end + 1;
      if (line !== '') yield parseLine(line);
    }
    rest = rest.subarray(start);
    if (rest.length > MAX_LINE_BYTES)
      throw new BerthError('engine.failed', 'The engine sends a line that does not end.');
  }
  const last = rest.toString('utf8').trim();
  if (last !== '') yield parseLine(last);
}

function parseLine(line: string): JsonRecord {
  try {
    return asRecord(JSON.parse(line));
  } catch (cause) {
    throw new BerthError('engine.failed', 'The engine sends a line that is not JSON.', { cause });
  }
}
