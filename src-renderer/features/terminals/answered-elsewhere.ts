/**
 * Queries that the multiplexer on the host has answered by the time they are drawn here: a second answer would arrive in
 * the program as if typed. Taken out: DA1 and DA2, DSR (status and cursor), XTVERSION, and the size in characters, which
 * every tmux since 3.2 answers (its input.c). What tmux leaves open (DECRQM, DECRQSS, colours) the screen answers.
 * Sources: xterm control sequences (ctlseqs); tmux(1).
 */
import type { IDisposable, IParser } from '@xterm/xterm';

export function leaveAnswersToHost({ parser }: { readonly parser: IParser }): IDisposable[] {
  return [
    parser.registerCsiHandler({ final: 'c' }, () => true),
    parser.registerCsiHandler({ prefix: '>', final: 'c' }, () => true),
    parser.registerCsiHandler({ prefix: '>', final: 'q' }, () => true),
    parser.registerCsiHandler({ final: 'n' }, ([what]) => what === 5 || what === 6),
    parser.registerCsiHandler({ final: 't' }, ([what]) => what === 18),
  ];
}
