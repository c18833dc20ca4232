import { describe, expect, it } from 'vitest';
import { TypedWrong } from '#main/cli/failure.ts';
import { parsePorts } from '#main/cli/forward-command.ts';

describe('ports', () => {
  it.each([
    ['3000', { local: 3000, remote: 3000 }],
    ['8080:80', { local: 8080, remote: 80 }],
    ['0:65535', { local: 0, remote: 65_535 }],
  ])('are understood: %s', (text, pair) => {
    expect(parsePorts(text)).toEqual(pair);
  });
  it.each(['', '0', '80:0', '65536', '1:65536', '65536:1', '-1', '0.0.0.0:80:80', 'http', '8080:', '１２'])(
    'are not %j',
    (text) => {
      expect(() => parsePorts(text)).toThrow(TypedWrong);
    },
  );
});
