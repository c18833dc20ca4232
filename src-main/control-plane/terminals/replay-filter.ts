/**
 * A replay paints; it must not act. Taken out of it: questions that the terminal would answer a second time (the answer
 * would arrive in the shell as if typed), the bell, and sequences with an effect outside the screen (clipboard,
 * notifications). xterm's ctlseqs names them all.
 */

/* The order counts: an OSC is matched whole, so that the BEL that ends it is not taken for a bell. */
const pieces = new RegExp(
  [
    // OSC, ended by BEL or ST.
    '\\x1b\\][^\\x07\\x1b\\x18\\x1a]*(?:\\x07|\\x1b\\\\)',
    // DCS, SOS, PM, APC: DECRQSS, XTGETTCAP, graphics and whatever comes.
    '\\x1b[PX^_][^\\x1b\\x18\\x1a]*\\x1b\\\\',
    // DA1 to DA3, DSR, DECRQM, XTVERSION, DECREQTPARM, window reports, kitty keyboard query.
    '\\x1b\\[[>=?]?[0-9;]*(?:[cnxt]|\\$p)',
    '\\x1b\\[>[0-9;]*q',
    '\\x1b\\[\\?[0-9;]*u',
    // DECID
    '\\x1bZ',
    // ENQ and the bell.
    '[\\x05\\x07]',
  ].join('|'),
  'g',
);

/** Title, hyperlink, shell marks: they paint or name, and answer nothing. */
const harmlessOsc = /^\x1b\](?:0|1|2|7|8|133|633);/;

export function withoutEffects(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  const kept = text.replace(pieces, (piece) => (harmlessOsc.test(piece) ? piece : ''));
  return Buffer.from(kept, 'latin1');
}
