/**
 * The header that names a download (RFC 6266): an ASCII fallback in quotes, and the name itself as RFC 8187 writes it.
 * What names a file on a host may hold anything; nothing of it becomes a header of its own or a path on the other side.
 */

/** Bytes of a name on the usual file systems. */
const maxBytes = 255;

export function contentDisposition(name: string): string {
  const safe = safeName(name);
  const ascii = safe.replaceAll(/[^\x20-\x7e]|["\\%]/gu, '_');
  return ascii === safe
    ? `attachment; filename="${safe}"`
    : `attachment; filename="${ascii}"; filename*=UTF-8''${extendedValue(safe)}`;
}

function safeName(name: string): string {
  // Control and bidirectional override characters, and what separates paths or has a meaning on Windows.
  const plain = name
    .toWellFormed()
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069/\\:*?"<>|]/g, '_')
    // Neither hidden nor a place; Windows drops dots and blanks at the end.
    .replace(/^[. ]+/, '')
    .replace(/[. ]+$/, '');
  const chars = Array.from(plain === '' ? 'files' : plain).slice(0, maxBytes);
  while (Buffer.byteLength(chars.join('')) > maxBytes) chars.pop();
  return chars.join('');
}

/** RFC 8187 §3.2.1: what is no attr-char is percent-encoded. */
function extendedValue(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
