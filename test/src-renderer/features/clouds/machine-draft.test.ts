/** The form becomes exactly what the plane is asked, or says at which field which rule is broken. */
import { describe, expect, it } from 'vitest';
import {
  atFields,
  type Chosen,
  type MachineDraft,
  newMachineDraft,
  readMachineDraft,
} from '#renderer/features/clouds/machine-draft.ts';
import { cloudId } from '../../machine-fixtures.ts';

const now = Date.parse('2026-11-20T09:00:00.000Z');
const chosen: Chosen = {
  cloudId: cloudId(1),
  ...{ name: 'berth-fra1', region: 'fra1', size: 's-1vcpu-2gb', image: 'debian-13-x64', hourlyUsd: 0.01786 },
};
const read = (draft: Partial<MachineDraft>, own: Partial<Chosen> = {}) =>
  readMachineDraft({ ...newMachineDraft, ...draft }, { ...chosen, ...own }, now);
const inputOf = (draft: Partial<MachineDraft>) => {
  const result = read(draft);
  if ('errors' in result) throw new Error(JSON.stringify(result.errors));
  return result.input;
};
const errorsOf = (draft: Partial<MachineDraft>, own?: Partial<Chosen>) => {
  const result = read(draft, own);
  return 'errors' in result ? result.errors : {};
};

it('is as little as can be where nothing was touched: no end, its own address only, and a question in trouble', () => {
  expect(inputOf({})).toEqual({
    ...chosen,
    tags: [],
    ...{ hasIpv6: false, hasBackups: false, hasMonitoring: false },
    sshAccess: { from: 'mine' },
    end: { at: null, atAction: 'destroy', idleMinutes: null, idleAction: 'destroy' },
    onTrouble: 'ask',
  });
});

it('reads tags and addresses between spaces and commas', () => {
  const input = inputOf({
    tags: ' team:api, trial  x_1 ',
    access: 'addresses',
    addresses: '203.0.113.7, 2001:db8::/32\n198.51.100.0/24',
  });
  expect(input.tags).toEqual(['team:api', 'trial', 'x_1']);
  expect(input.sshAccess).toEqual({
    from: 'addresses',
    addresses: ['203.0.113.7', '2001:db8::/32', '198.51.100.0/24'],
  });
});

it('takes the end in the time of the window, and sends it in UTC', () => {
  const local = '2026-11-21T18:30';
  const { end } = inputOf({
    ...{ isEndingAt: true, endsAt: local, atAction: 'hibernate' },
    ...{ idleMinutes: '120', idleAction: 'hibernate' },
  });
  expect(end).toEqual({
    at: new Date(local).toISOString(),
    ...{ atAction: 'hibernate', idleMinutes: 120, idleAction: 'hibernate' },
  });
  // Not asked for: what was typed before does not count.
  expect(inputOf({ isEndingAt: false, endsAt: local }).end?.at).toBeNull();
});

describe('what breaks a rule', () => {
  it.each([
    ['name', {}, { name: 'has spaces' }],
    ['name', {}, { name: '' }],
    ['region', {}, { region: undefined }],
    ['size', {}, { size: undefined }],
    ['image', {}, { image: undefined }],
    ['tags', { tags: 'berth:mine' }, {}],
    ['tags', { tags: 'a.b' }, {}],
    ['addresses', { access: 'addresses', addresses: '' }, {}],
    ['addresses', { access: 'addresses', addresses: '203.0.113.7 elsewhere' }, {}],
    ['endsAt', { isEndingAt: true, endsAt: '' }, {}],
    ['endsAt', { isEndingAt: true, endsAt: '2020-01-01T10:00' }, {}],
  ] as const)('is said at %s for %j %j', (field, draft, own) => {
    expect(Object.keys(errorsOf(draft, own))).toEqual([field]);
  });

  it('is said all at once', () => {
    const errors = errorsOf({ tags: 'a.b', isEndingAt: true, endsAt: '' }, { name: '-' });
    expect(Object.keys(errors).sort()).toEqual(['endsAt', 'name', 'tags']);
  });

  it('says of addresses what they look like, not the schema’s own words', () => {
    expect(errorsOf({ access: 'addresses', addresses: 'x' }).addresses).toMatch(/203\.0\.113\.0\/24/);
  });
});

it('puts what the plane answers at the fields, and leaves out what no field shows', () => {
  expect(
    atFields({
      'tags.3': 'too long',
      'sshAccess.addresses.0': 'no address',
      'end.at': 'past',
      'end.idleMinutes': 'too few',
      name: 'taken',
      cloudId: 'gone',
      sizeBytes: 'no field of this form',
    }),
  ).toEqual({
    ...{ tags: 'too long', addresses: 'no address', endsAt: 'past', idleMinutes: 'too few', name: 'taken' },
  });
});
