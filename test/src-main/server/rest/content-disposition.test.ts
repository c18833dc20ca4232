/** Names of downloads: whatever a file on a host is called, the header is one header and the name is one name. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentDisposition } from '#main/server/rest/content-disposition.ts';

describe('contentDisposition', () => {
  it.each([
    ['notes.txt', 'attachment; filename="notes.txt"'],
    ['Übersicht.txt', `attachment; filename="_bersicht.txt"; filename*=UTF-8''%C3%9Cbersicht.txt`],
    ["it's (1).txt", `attachment; filename="it's (1).txt"`],
    ['100%.txt', `attachment; filename="100_.txt"; filename*=UTF-8''100%25.txt`],
    ['a"b', 'attachment; filename="a_b"'],
    ['../../etc/passwd', 'attachment; filename="_.._etc_passwd"'],
    ['.bashrc', 'attachment; filename="bashrc"'],
    ['..', 'attachment; filename="files"'],
    ['', 'attachment; filename="files"'],
    ['a\r\nSet-Cookie: b=c', 'attachment; filename="a__Set-Cookie_ b=c"'],
    ['invoice\u202egnp.exe', 'attachment; filename="invoice_gnp.exe"'],
    ['name. ', 'attachment; filename="name"'],
  ])('writes %j', (name, header) => {
    expect(contentDisposition(name)).toBe(header);
  });

  it('is for any name one line of ASCII that holds no path and no more bytes than a file system takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
        const header = contentDisposition(name);
        expect(header).toMatch(/^attachment; filename="[\x20-\x7e]+"(; filename\*=UTF-8''[\x21-\x7e]+)?$/);
        const extended = /UTF-8''(.*)$/.exec(header)?.[1];
        const plain =
          extended === undefined ? (/"(.*)"/.exec(header)?.[1] ?? '') : decodeURIComponent(extended);
        expect(plain).not.toMatch(/[/\\\u0000-\u001f"]|^\./);
        expect(Buffer.byteLength(plain)).toBeLessThanOrEqual(255);
      }),
      { numRuns: 500 },
    );
  });
});
