/**
 * What runs in a container, as the engine's host sees it (GET /containers/{id}/top). The engine runs the host's own
 * ps and keeps the container's lines; it needs the column of process numbers for that.
 */
import { basename } from 'node:path';
import type { RunningProgram } from '../../control-plane/interfaces/container-process.ts';
import { type EngineClient, pathPart } from './engine-client.ts';
import { asList, asRecord, asText, asTexts, type JsonRecord } from './engine-json.ts';

/** A workspace has at most thousands; what is looked for is among the first. */
const MOST_PROGRAMS = 2_000;

export async function listPrograms(
  client: EngineClient,
  containerId: string,
  signal?: AbortSignal,
): Promise<RunningProgram[]> {
  const answer = await client.json({
    method: 'GET',
    path: `/containers/${pathPart(containerId)}/top`,
    query: { ps_args: '-eo pid,comm,args' },
    subject: 'exec',
    signal,
  });
  return readPrograms(asRecord(answer));
}

/** Podman answers with names of columns of its own. */
export function readPrograms(json: JsonRecord): RunningProgram[] {
  const titles = asTexts(json.Titles).map((title) => title.toUpperCase());
  const nameAt = titles.indexOf('COMMAND');
  const argsAt = titles.lastIndexOf('COMMAND');
  if (nameAt < 0) return [];
  return asList(json.Processes)
    .slice(0, MOST_PROGRAMS)
    .map((line) => {
      const columns = asTexts(line);
      const [first = ''] = asText(columns[argsAt]).trimStart().split(/\s/, 1);
      // A login shell begins with a dash, and a process that names itself ends its name with a colon (tmux: server).
      const program = basename(first.replace(/^-/, '').replace(/:$/, ''));
      return { name: asText(columns[nameAt]), program };
    });
}
