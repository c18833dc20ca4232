/** Which window's size a terminal has: who leads, who follows, and what is only an echo. */
import { describe, expect, it } from 'vitest';
import { echoMs, SizeLead } from '#renderer/features/terminals/size-lead.ts';

const start = { cols: 80, rows: 24 };
const mine = { cols: 120, rows: 40 };
const newer = { cols: 121, rows: 40 };
const theirs = { cols: 60, rows: 20 };

describe('SizeLead', () => {
  it('leads from the beginning and takes its own size for no news', () => {
    const lead = new SizeLead(start, true);
    expect(lead.hear(start, 0)).toBe('nothing');
    lead.tell(mine, 10);
    expect(lead.wished).toEqual(mine);
    expect(lead.hear(mine, 20)).toBe('nothing');
    expect(lead.isLeading).toBe(true);
  });

  it('follows a size that another window has set', () => {
    const lead = new SizeLead(start, true);
    lead.tell(mine, 0);
    lead.hear(mine, 5);
    expect(lead.hear(theirs, 10)).toBe('follow');
    expect([lead.isLeading, lead.shared]).toEqual([false, theirs]);
    expect(lead.hear(theirs, 11)).toBe('nothing');
    expect(lead.hear(newer, 12)).toBe('follow');
  });

  it('follows one that it hears of before it has told its own', () => {
    const lead = new SizeLead(start, true);
    expect(lead.hear(theirs, 0)).toBe('follow');
  });

  it('is not thrown off by an older size of its own that comes late', () => {
    const lead = new SizeLead(start, true);
    lead.tell(mine, 0);
    lead.tell(newer, 50);
    expect(lead.hear(mine, 60)).toBe('wait');
    expect(lead.hear(newer, 70)).toBe('nothing');
    expect(lead.isLeading).toBe(true);
  });

  it('follows in the end when the older size was what another window wished', () => {
    const lead = new SizeLead(start, true);
    lead.tell(mine, 0);
    lead.tell(newer, 50);
    expect(lead.hear(mine, 60)).toBe('wait');
    expect(lead.hear(mine, 60 + echoMs)).toBe('follow');
    expect(lead.isLeading).toBe(false);
  });

  it('leads again when it is typed in, and wishes what it has not told yet', () => {
    const lead = new SizeLead(start, true);
    lead.tell(mine, 0);
    lead.hear(theirs, 10);
    expect(lead.take()).toBe(true);
    expect(lead.take()).toBe(false);
    expect(lead.wished).toEqual(theirs);
    lead.tell(mine, 20);
    expect(lead.hear(mine, 30)).toBe('nothing');
  });

  it('never leads as a guest', () => {
    const lead = new SizeLead(start, false);
    expect([lead.isLeading, lead.take(), lead.isLeading]).toEqual([false, false, false]);
    expect(lead.hear(theirs, 0)).toBe('follow');
  });
});
