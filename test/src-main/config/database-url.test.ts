import { describe, expect, it } from 'vitest';
import { readServed } from '#test/harness/read-served.ts';

const at = (rest: string) => `postgresql://berth:canary@${rest}`;

describe('the address of a database', () => {
  it.each([
    at('127.0.0.1/berth'),
    at('localhost:5433/berth'),
    at('db.example.org/berth?sslmode=verify-full'),
    at('db.example.org/berth?sslmode=verify-ca&application_name=berth'),
    'postgres:///berth?host=/var/run/postgresql',
  ])('is taken: %s', (url) => {
    const { config, errors, warnings } = readServed({ DB_URL: url });
    expect([errors, warnings, config?.served.databaseUrl?.reveal()]).toEqual([[], [], url]);
  });

  it.each([
    [at('db/berth?sslmode=disable'), /sslmode=disable: all records go to the database unencrypted/],
    [at('db.example.org/berth?sslmode=require'), /sslmode=require.*verify-full/],
  ])('is taken, and told of: %s', (url, words) => {
    const { config, warnings } = readServed({ DB_URL: url });
    expect(config?.served.databaseUrl?.reveal()).toBe(url);
    expect(warnings).toEqual([expect.stringMatching(words)]);
  });

  it.each([
    [at('db.example.org/berth'), /would go over the network without saying/],
    [at('db.example.org/berth?sslmode=prefer'), /would go over the network/],
    [at('db.example.org/berth?sslmode=allow'), /would go over the network/],
    [at('db.example.org/berth?sslmode=yes'), /has an sslmode that is none/],
    ['postgres://u:canary@127.0.0.1/berth?host=db.example.org', /would go over the network/],
    [at('db.example.org?sslmode=verify-full'), /names no database/],
    ['postgresql:///berth', /names no host/],
    ['mysql://u:canary@db.example.org/berth', /must look like/],
    ['postgresql://u:can/ary@db/berth', /must look like/],
    ['db.example.org', /must look like/],
  ])('is refused: %s', (url, words) => {
    const { errors } = readServed({ DB_URL: url });
    expect(errors).toEqual([expect.stringMatching(words)]);
    expect(errors[0]).toMatch(/^DB_URL /);
    expect(errors[0]).not.toMatch(/canary|example\.org/);
  });
});
