/** What the dialogs of forwards ask of the plane, and what they refuse before that. */
import { describe, expect, it } from 'vitest';
import {
  draftOf,
  type ForwardDraft,
  newForward,
  readEdit,
  readNew,
  readPort,
} from '#renderer/features/forwards/forward-draft.ts';
import { insideWords, localPortTaken } from '#renderer/features/forwards/port-checks.ts';
import { readRules, ruleDrafts, ruleSentence } from '#renderer/features/forwards/rules-draft.ts';
import { forward, listening } from '../../forward-scenes.ts';

const id = 'ws_00000000000000000001' as const;
const draft = (change: Partial<ForwardDraft>): ForwardDraft => ({
  ...newForward(id, 'tcp', null),
  ...change,
});
const input = (change: Partial<ForwardDraft>) => {
  const read = readNew(draft(change));
  return 'input' in read ? read.input : read.errors;
};
const portRule = 'must be a number from 1 to 65535';

describe('a typed port', () => {
  it.each(['0', '65536', '-1', '3e3', '3000x', '99999999', '３０００'])('%s is none', (text) => {
    expect(readPort(text)).toBeNaN();
  });
  it('may have space around it, and may be missing', () => {
    expect([readPort(' 65535 '), readPort('1'), readPort('  ')]).toEqual([65_535, 1, null]);
  });
});

describe('a new forward', () => {
  it('needs a workspace and a port, but a proxy no port', () => {
    expect(input({ workspaceId: null })).toEqual({ workspaceId: 'must be chosen', port: portRule });
    expect(input({ kind: 'socks', port: 'ignored' })).toMatchObject({ kind: 'socks', port: null });
    expect(input({ port: '5432', localPort: 'x' })).toEqual({ localPort: portRule });
  });

  it('asks for the port alone where nothing else was said', () => {
    expect(input({ port: '5432' })).toMatchObject({ port: 5432, localPort: null, name: null, login: null });
    expect(input({ kind: 'app', port: '3000', localPort: 'not asked' })).toMatchObject({
      ...{ kind: 'app', port: 3000, localPort: null, protocol: null, path: null },
    });
  });

  it('is judged by the contract’s own rules, at the fields', () => {
    expect(input({ kind: 'app', port: '3000', path: 'lab' })).toEqual({
      path: 'must begin with / and have no spaces',
    });
    const login = { ...draft({}).login, how: 'header' as const, header: 'no header' };
    expect(input({ kind: 'app', port: '3000', login })).toEqual({
      'login.name': 'must be the name of a header',
    });
  });
});

describe('a changed forward', () => {
  const app = forward(1, 1, { name: 'Lab', login: { how: 'basic', user: 'dev' } });

  it('asks for what was changed, and nothing else', () => {
    const before = draftOf(app);
    expect(readEdit(before, app)).toEqual({ input: { id: app.id } });
    expect(readEdit({ ...before, name: ' ', path: '/lab' }, app)).toEqual({
      input: { id: app.id, name: null, path: '/lab' },
    });
    const login = { ...before.login, user: 'root' };
    expect(readEdit({ ...before, login }, app)).toEqual({
      input: { id: app.id, login: { how: 'basic', user: 'root' } },
    });
  });

  it('keeps its local port until another one is typed', () => {
    const tcp = forward(1, 1, { kind: 'tcp', localPort: 5432, port: 5432, protocol: 'tcp' });
    expect(readEdit({ ...draftOf(tcp), localPort: '' }, tcp)).toEqual({ errors: { localPort: portRule } });
    expect(readEdit({ ...draftOf(tcp), localPort: '15432' }, tcp)).toEqual({
      input: { id: tcp.id, localPort: 15_432 },
    });
  });
});

describe('what is known of a port while it is typed', () => {
  const running = { name: 'api', state: 'running' } as const;

  it('says who listens, or that nobody does', () => {
    const there = [listening(5432, { program: 'postgres' }), listening(3000)];
    expect(insideWords(5432, running, there)).toBe('postgres listens on 5432.');
    expect(insideWords(3000, running, there)).toBe('Something listens on 3000.');
    expect(insideWords(1, running, there)).toBe('Nothing listens on 1 now; the forward waits for it.');
    expect(insideWords(1, { ...running, state: 'stopped' }, undefined)).toContain('api does not run');
    expect(insideWords(Number.NaN, running, there)).toBe(null);
  });

  it('says which forward has the local port, but for the one itself and apps', () => {
    const others = [
      forward(1, 1, { kind: 'tcp', port: 5432, localPort: 5432 }),
      forward(2, 1, { kind: 'remote', port: 80, localPort: 8080 }),
    ];
    expect(localPortTaken(5432, others, () => 'api')).toContain('port 5432 of api');
    expect(localPortTaken(5432, others, () => 'api', others[0]!.id)).toBe(null);
    expect(localPortTaken(8080, others, () => 'api')).toBe(null);
  });
});

describe('rules', () => {
  it('are read back as they were typed, one port alone included', () => {
    const rules = [
      { fromPort: 3000, toPort: 3999, kind: 'app' as const },
      { fromPort: 5432, toPort: 5432, kind: 'tcp' as const },
    ];
    expect(readRules(ruleDrafts(rules))).toEqual({ rules });
    expect(rules.map(ruleSentence)).toEqual([
      'Ports 3000 to 3999 are forwarded by themselves, as web apps.',
      'Port 5432 is forwarded by itself, to the same port of 127.0.0.1 where it is free.',
    ]);
  });

  it('say at which field they are wrong', () => {
    const rule = (from: string, to: string) => ({ key: 0, from, to, kind: 'app' as const });
    expect(readRules([rule('', ''), rule('3000', '2999'), rule('1', 'x')])).toEqual({
      errors: { '0.from': portRule, '1.to': 'must not be below the first', '2.to': portRule },
    });
  });
});
