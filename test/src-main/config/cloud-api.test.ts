import { describe, expect, it } from 'vitest';
import { parseApiUrl } from '#main/config/cloud-api.ts';

describe('the address of a provider’s API', () => {
  it.each([
    ['https://api.digitalocean.com', 'https://api.digitalocean.com'],
    ['https://gateway.example.org/clouds/', 'https://gateway.example.org/clouds'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['http://[::1]:8080/', 'http://[::1]:8080'],
    ['http://localhost:1', 'http://localhost:1'],
  ])('takes %s', (text, url) => {
    expect(parseApiUrl(text)).toBe(url);
  });

  it.each([
    'http://api.digitalocean.com',
    'http://127.0.0.1.example.org',
    'ftp://127.0.0.1',
    'api.digitalocean.com',
    '',
    'https://user:word@example.org',
    'https://example.org/?to=elsewhere',
    'https://example.org/#part',
  ])('refuses %s', (text) => {
    expect(() => parseApiUrl(text)).toThrow(/^must /);
  });
});
