/** Begins and ends recordings, saves them as files and opens them; what commands and marks share. */
import type { TerminalId } from '#contract/ids.ts';
import { formatBytes, formatClock } from '../../components/format.ts';
import type { Notices } from '../../state/notices.ts';
import type { ViewActions } from '../../state/view-state.ts';
import { CastError, maximumCastBytes, readCast } from './asciicast.ts';
import type { Recorder } from './recorder.ts';
import { recordings } from './recordings.ts';
import { terminalSessions } from './terminal-sessions.ts';

interface Deps {
  readonly notices: Notices;
  readonly view: ViewActions;
}

export async function startRecording(deps: Deps, id: TerminalId, title: string): Promise<void> {
  const session = terminalSessions.get(id);
  if (session === undefined || recordings.recorderOf(id) !== undefined) return;
  const recorder = await session.work.record({
    title,
    onFull: () =>
      keepForLater(deps, id, `The recording of ${title} is full: ${formatBytes(maximumCastBytes)}`),
  });
  recordings.begin(id, recorder);
}

/** A person's own act: the file is saved at once. */
export async function stopRecording(deps: Deps, id: TerminalId): Promise<void> {
  const recorder = end(id);
  if (recorder === undefined) return;
  save(recorder);
  deps.notices.show({
    level: 'done',
    title: `Recorded ${recorder.title}`,
    // The browser or the person says where to, and whether.
    body: `${sizeText(recorder)}, as ${fileName(recorder)}.`,
    action: { label: 'Replay', run: () => void replay(deps, recorder) },
  });
}

/** It ended by itself: nothing is saved unasked. */
export function keepForLater(deps: Deps, id: TerminalId, why: string): void {
  const recorder = end(id);
  if (recorder === undefined) return;
  deps.notices.show({
    level: 'warning',
    title: why,
    body: `${sizeText(recorder)}.`,
    action: { label: 'Save recording', run: () => save(recorder) },
  });
}

function sizeText(recorder: Recorder): string {
  return `${formatClock(recorder.durationMs)}, ${formatBytes(recorder.sizeBytes)}`;
}

async function replay(deps: Deps, recorder: Recorder): Promise<void> {
  open(deps, recorder.title, readCast(await recorder.file().text()));
}

/** Asks for a file; shows it in a tab, or says what is wrong with it. */
export function openRecordingFile(deps: Deps): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = '.cast,.json,application/x-asciicast';
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file) void openFile(deps, file);
  });
  input.click();
}

async function openFile(deps: Deps, file: File): Promise<void> {
  try {
    if (file.size > maximumCastBytes)
      throw new CastError(`It is larger than ${formatBytes(maximumCastBytes)}.`);
    const cast = readCast(await file.text());
    open(deps, cast.title || file.name.replace(/\.cast$/, ''), cast);
  } catch (cause) {
    deps.notices.show({
      level: 'warning',
      title: `${file.name} cannot be replayed`,
      body: cause instanceof CastError ? cause.message : 'It could not be read.',
    });
  }
}

function open(deps: Deps, name: string, cast: ReturnType<typeof readCast>): void {
  deps.view.open({ type: 'recording', recordingId: recordings.keep({ name, cast }) });
}

function end(id: TerminalId): Recorder | undefined {
  const recorder = recordings.recorderOf(id);
  terminalSessions.get(id)?.work.stopRecording();
  recordings.end(id);
  return recorder;
}

function save(recorder: Recorder): void {
  const url = URL.createObjectURL(recorder.file());
  const link = document.createElement('a');
  link.href = url;
  link.download = fileName(recorder);
  link.click();
  // It was taken over by the next turn of the page, also where a dialog still asks where to.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function fileName({ title, startedAt }: Recorder): string {
  const name = title.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|-+$/g, '');
  return `${name || 'terminal'}-${startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}.cast`;
}
