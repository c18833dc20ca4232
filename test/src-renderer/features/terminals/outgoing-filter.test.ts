import { describe, expect, it } from 'vitest';
import { isAnswer, mayLeaveTerminal } from '#renderer/features/terminals/outgoing-filter.ts';

const esc = '\u001b';

describe('mayLeaveTerminal', () => {
  it('lets keystrokes and pastes through', () => {
    const typed = [
      'a',
      '\r',
      '\u0003',
      esc,
      `${esc}[A`,
      `${esc}OA`,
      `${esc}[1;5C`,
      `${esc}[3~`,
      `${esc}x`,
      `${esc}]`,
      `${esc}P`,
      `${esc}_`,
      '日本語',
      `${esc}[200~ls\r${esc}[201~`,
      `${esc}[<0;10;5M`,
      `${esc}[M !!`,
      `${esc}[I`,
      `${esc}[1;2R`,
    ];
    for (const data of typed) expect(mayLeaveTerminal(data), JSON.stringify(data)).toBe(true);
  });
  it('lets known reports through', () => {
    const reports = [
      `${esc}[?1;2c`,
      `${esc}[>0;276;0c`,
      `${esc}[0n`,
      `${esc}[12;40R`,
      `${esc}[?2026;2$y`,
      `${esc}P1$r0m${esc}\\`,
      `${esc}P0$r${esc}\\`,
      `${esc}P1$r1;24r${esc}\\`,
      `${esc}P1$r2 q${esc}\\`,
      `${esc}]11;rgb:0f0f/1414/1919${esc}\\`,
      `${esc}]4;1;rgb:ff/00/00${esc}\\`,
      `${esc}[8;24;80t`,
    ];
    for (const data of reports) expect(mayLeaveTerminal(data), JSON.stringify(data)).toBe(true);
  });
  it('drops every other report', () => {
    const refused = [
      `${esc}]lrm -rf ~${esc}\\`,
      `${esc}]Lx${esc}\\`,
      `${esc}]52;c;c2VjcmV0${esc}\\`,
      `${esc}]50;font${esc}\\`,
      `${esc}]11;rm\r${esc}\\`,
      `${esc}P1$r0m;id\r${esc}\\`,
      `${esc}P1+r544e=787465726d${esc}\\`,
      `${esc}P!|00000000${esc}\\`,
      `${esc}[4;600;800t`,
      `${esc}[3;0;0t`,
      `${esc}_Gi=1;OK${esc}\\`,
      `${esc}^x${esc}\\`,
      `${esc}]11;rgb:00/00/00${esc}\\id\r`,
    ];
    for (const data of refused) expect(mayLeaveTerminal(data), JSON.stringify(data)).toBe(false);
  });
});

describe('isAnswer', () => {
  it('knows what a screen says by itself from what a person types', () => {
    const answers = ['[?1;2c', '[>0;276;0c', '[0n', '[?15n', '[12;40R', '[?3;7R', '[?2026;2$y', '[8;24;80t'];
    const strings = [`]11;rgb:0f0f/1414/1919${esc}\\`, `P1$r0m${esc}\\`];
    for (const data of [...answers, ...strings]) expect(isAnswer(esc + data), data).toBe(true);
    const typed = [
      'a',
      'ls\r',
      esc,
      `${esc}[A`,
      `${esc}[1;5C`,
      `${esc}OP`,
      `${esc}[15~`,
      `${esc}]`,
      `${esc}P`,
    ];
    const mouse = [`${esc}[<0;10;20M`, `${esc}[<0;10;20m`, `${esc}[200~two\rlines${esc}[201~`];
    for (const data of [...typed, ...mouse]) expect(isAnswer(data), JSON.stringify(data)).toBe(false);
  });
});
