/** Two clipboards kept alike: what goes over by itself, what only by a person's act, and no echo between them. */
import { describe, expect, it } from 'vitest';
import { ScreenClipboard, unaskedLength } from '#renderer/features/screens/screen-clipboard.ts';

function pair(options: { mayRead?: boolean; mayWrite?: boolean } = {}) {
  const { mayRead = true, mayWrite = true } = options;
  const system = { text: 'here' };
  const sent: string[] = [];
  const clipboard = new ScreenClipboard(
    {
      read: async () => (mayRead ? system.text : null),
      write: async (text) => {
        if (!mayWrite) throw new DOMException('not allowed', 'NotAllowedError');
        system.text = text;
      },
    },
    (text) => sent.push(text),
  );
  return { system, sent, clipboard, state: () => clipboard.store.getState() };
}

describe('from the desktop', () => {
  it('goes to this computer while the tab is in front, and is not sent back', async () => {
    const { system, sent, clipboard, state } = pair();
    await clipboard.copied('there', true);
    expect(system.text).toBe('there');
    expect(state()).toEqual({ text: 'there', isKept: false });
    await clipboard.focused();
    expect(sent).toEqual([]);
  });

  it('is kept for the panel while another tab is in front, and nothing overwrites it', async () => {
    const { system, sent, clipboard, state } = pair();
    await clipboard.copied('there', false);
    expect(system.text).toBe('here');
    expect(state()).toEqual({ text: 'there', isKept: true });
    await clipboard.focused();
    expect(sent).toEqual([]);
    clipboard.taken();
    expect(state().isKept).toBe(false);
  });

  it('is kept for the panel where the browser refuses', async () => {
    const { clipboard, state } = pair({ mayWrite: false });
    await clipboard.copied('there', true);
    expect(state()).toEqual({ text: 'there', isKept: true });
  });
});

describe('to the desktop', () => {
  it('goes over when the screen gets the keyboard, once for each text', async () => {
    const { system, sent, clipboard } = pair();
    await clipboard.focused();
    await clipboard.focused();
    system.text = 'another';
    await clipboard.focused();
    expect(sent).toEqual(['here', 'another']);
  });

  it('does not go over unasked where the browser would have to ask, or when it is long', async () => {
    const asking = pair({ mayRead: false });
    await asking.clipboard.focused();
    expect(asking.sent).toEqual([]);
    const long = pair();
    long.system.text = 'x'.repeat(unaskedLength + 1);
    await long.clipboard.focused();
    expect(long.sent).toEqual([]);
    long.clipboard.put(long.system.text);
    expect(long.sent).toHaveLength(1);
  });
});
