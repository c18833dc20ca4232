import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { groups, providerFieldOf, type Variable, variableOf, variables } from '#main/config/variables.ts';
import { readServed } from '#test/harness/read-served.ts';

const rows: readonly Variable[] = variables;
const example = readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8');
/** `#NAME=value`, the comment above each, and the headings between. */
const shown = [...example.matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => ({
  name,
  value: value.replace(/^'(.*)'$/, '$1'),
}));

/** The words of the comment block right above a name. */
function commentOf(name: string): string {
  const block = example.split(/\n\n/).find((part) => part.includes(`\n#${name}=`)) ?? '';
  return block
    .split('\n')
    .filter((line) => line.startsWith('# '))
    .map((line) => line.slice(2))
    .join(' ');
}

describe('.env.example', () => {
  it('shows each setting of the table once, in its order, and no other', () => {
    expect(shown.map(({ name }) => name)).toEqual(rows.map(({ name }) => name));
    expect([...example.matchAll(/^# ---- (.*) ----$/gm)].map(([, group]) => group)).toEqual(groups);
  });

  it.each(rows.map((row) => [row.name, row] as const))('says of %s what the table says', (name, row) => {
    const secret = row.isSecret ? 'Secret. ' : '';
    expect(commentOf(name)).toBe(`${secret}${row.what} Default: ${row.without}`);
    expect(shown.find((one) => one.name === name)?.value).toBe(row.example);
  });

  it('holds no value that is set: a copy of it changes nothing', () => {
    expect(example.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });
});

describe('the table of settings', () => {
  it('has examples that are right, and of keys such that are refused', () => {
    // Files that are nobody's here, and two ways of saying the same.
    const left = ['TLS_CERT', 'TLS_KEY', 'SMTP_URL', 'DATA_DIR'];
    const env = Object.fromEntries(
      rows.filter(({ name }) => !left.includes(name)).map((row) => [row.name, row.example]),
    );
    const { errors } = readServed(env);
    expect(errors).toEqual([
      expect.stringMatching(/^SECRET_KEY must not be one that stands in examples/),
      expect.stringMatching(/^DELETE_KEY must not be one that stands in examples/),
    ]);
    expect(
      readServed({ SMTP_URL: variableOf('SMTP_URL')?.example ?? '', SMTP_FROM: 'a@b.example' }).errors,
    ).toEqual([]);
  });

  it('gives no secret a flag', () => {
    expect(rows.filter((row) => row.isSecret && row.flag !== undefined)).toEqual([]);
    expect(
      rows
        .filter((row) => /PASSWORD|SECRET|_KEY$|_URL$/.test(row.name) && !row.isSecret)
        .map(({ name }) => name),
    ).toEqual(['PUBLIC_URL', 'TLS_KEY', 'DIGITALOCEAN_API_URL']);
  });

  it('knows the settings of several providers by their ending', () => {
    expect(providerFieldOf('OIDC_KEYCLOAK_ISSUER')).toEqual({ key: 'KEYCLOAK', field: 'ISSUER' });
    expect(providerFieldOf('OIDC_MY_IDP_CLIENT_ID')).toEqual({ key: 'MY_IDP', field: 'CLIENT_ID' });
    expect(providerFieldOf('OIDC_MY_IDP_CLIENT_SECRET')).toEqual({ key: 'MY_IDP', field: 'CLIENT_SECRET' });
    for (const name of [
      'OIDC_CLIENT_ID',
      'OIDC_USER_CLAIM',
      'OIDC_X',
      'OIDC__ISSUER',
      'SMTP_X_ISSUER',
      'OIDC_1_ISSUER',
    ])
      expect(providerFieldOf(name), name).toBeUndefined();
    expect(variableOf('OIDC_KEYCLOAK_CLIENT_SECRET')?.isSecret).toBe(true);
  });
});
