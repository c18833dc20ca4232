/** Lines of /proc/net/tcp and tcp6, as Linux writes them. */
import { describe, expect, it } from 'vitest';
import {
  parseListening,
  parseListeningReport,
  parsePrograms,
} from '#main/control-plane/forwards/listening-sockets.ts';

const line = (local: string, { state = '0A', inode = '41' } = {}) =>
  `   1: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0000000000000000 100 0 0 10 0`;

describe('sockets that listen', () => {
  it.each([
    ['0100007F:0BB8', 3000, true],
    ['00000000:1F90', 8080, false],
    ['020011AC:0050', 80, false],
    ['00000000000000000000000001000000:1435', 5173, true],
    ['00000000000000000000000000000000:0016', 22, false],
    ['0000000000000000FFFF00000100007F:0BB9', 3001, true],
    ['0000000000000000FFFF0000020011AC:0BB9', 3001, false],
  ])('%s is port %s, on the loopback alone: %s', (local, port, isLoopback) => {
    expect(parseListening(line(local))).toEqual([{ port, isLoopback, inode: '41' }]);
  });

  it('are no connections, not the engine’s resolver, and nothing that only looks like one', () => {
    const text = [
      line('0100007F:0BB8', { state: '01' }),
      line('0B00007F:A3D1'),
      line('0100007F:0000'),
      line('0100007F:0BB8', { inode: 'x' }),
      'sl  local_address rem_address   st',
      '',
      '\u0000 nonsense \u0000',
    ].join('\n');
    expect(parseListening(text)).toEqual([]);
  });
});

describe('the report of a host', () => {
  it('is by container; one that cannot be read is told apart from one that has nothing', () => {
    const report = parseListeningReport(
      `container=aaa\n${line('0100007F:0BB8')}\ncontainer=bbb\ncontainer=ccc\nunreadable\nend=yes\n`,
    );
    expect([...report]).toEqual([
      ['aaa', [{ port: 3000, isLoopback: true, inode: '41' }]],
      ['bbb', []],
      ['ccc', undefined],
    ]);
  });

  it('names programs, at most 64 characters of each', () => {
    const programs = parsePrograms(
      `program=41 node\nprogram=42 my server\nprogram=x no\nprogram=43 ${'n'.repeat(99)}\n`,
    );
    expect([...programs]).toEqual([
      ['41', 'node'],
      ['42', 'my server'],
      ['43', 'n'.repeat(64)],
    ]);
  });
});
