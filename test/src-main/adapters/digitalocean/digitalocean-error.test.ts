/** Texts are those that the API has been seen to give (repositories of its clients: doctl, terraform, axiom, inlets). */
import { describe, expect, it } from 'vitest';
import { isBusy, isGone, refusalError } from '#main/adapters/digitalocean/digitalocean-error.ts';

const refuse = (status: number, message: string, route = 'POST /v2/droplets' as const) =>
  refusalError({ route, status, message, requestId: 'r-1' });

describe('a refusal', () => {
  it.each([
    ['creating this/these droplet(s) will exceed your droplet limit', 'cloud.limit-reached', undefined],
    ['You have reached the maximum number of SSH keys', 'cloud.limit-reached', undefined],
    ['Size is not available in this region.', 'cloud.not-offered', 'size'],
    ['You specified an invalid size for Droplet creation.', 'cloud.not-offered', 'size'],
    ['size is unavailable', 'cloud.not-offered', 'size'],
    ['Size is too large to fit on your droplet’s server', 'cloud.not-offered', 'size'],
    [
      'This size is currently restricted please send an additional payment to unlock.',
      'cloud.not-offered',
      'size',
    ],
    ['This image requires a larger disk', 'cloud.not-offered', 'size'],
    ['You cannot resize to a smaller disk', 'cloud.not-offered', 'size'],
    ['Region is not available', 'cloud.not-offered', 'region'],
    ['You specified an invalid region for Droplet creation.', 'cloud.not-offered', 'region'],
    ['New Droplets are disabled for this region', 'cloud.not-offered', 'region'],
    ['You specified an invalid image for Droplet creation.', 'cloud.not-offered', 'image'],
    [
      'The image you specified is not available in the selected region, you can transfer it to this region from the images pages.',
      'cloud.not-offered',
      'image',
    ],
    ['1234 are invalid key identifiers for Droplet creation.', 'cloud.refused', 'key'],
    ['You specified invalid ssh key ids for Droplet creation.', 'cloud.refused', 'key'],
    ['SSH Key is already in use on your account', 'cloud.refused', 'key'],
    ['Key invalid, key should be of the format `type key [comment]`', 'cloud.refused', 'key'],
    ['Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)', 'cloud.refused', 'name'],
    ['Invalid tag name: no.dots', 'cloud.refused', 'tags'],
    ['user_data is too long', 'cloud.refused', 'userData'],
    ['Something that nobody has seen yet', 'cloud.refused', undefined],
  ])('422 “%s” is %s', (message, code, field) => {
    const error = refuse(422, message);
    expect(error.code).toBe(code);
    expect(error.details.field).toBe(field);
    expect(error.details).toMatchObject({ status: 422, providerMessage: message, requestId: 'r-1' });
    // In Berth's words first, and the provider's own kept.
    expect(error.message.startsWith(message)).toBe(false);
    expect(error.message).toContain(`“${message}”`);
    expect(isBusy(error)).toBe(false);
  });

  it.each([
    [422, 'Droplet already has a pending event.'],
    [422, 'The resource is currently locked.'],
    [409, 'The request could not be completed due to a conflict.'],
    [409, 'Volume is still attached'],
  ])('%i “%s” passes by itself', (status, message) => {
    const error = refuse(status, message);
    expect(error.code).toBe('cloud.refused');
    expect(error.message).toContain('Try again in a minute');
    expect(isBusy(error)).toBe(true);
  });

  it('409 of a name that is there does not pass by itself', () => {
    const error = refuse(409, 'duplicate name');
    expect(error).toMatchObject({ code: 'cloud.refused', details: { field: 'name' } });
    expect(isBusy(error)).toBe(false);
  });

  it('401 asks for another token', () => {
    const error = refuse(401, 'Unable to authenticate you.');
    expect(error.code).toBe('cloud.token-refused');
    expect(error.message).toMatch(/expired or was revoked\. Make a new one/);
  });

  it('403 names the scope that the call needs, or that the answer names', () => {
    const of = (route: Parameters<typeof refusalError>[0]['route'], message: string) =>
      refusalError({ route, status: 403, message, requestId: null });
    const words = 'You are not authorized to perform this operation';
    expect(of('GET /v2/volumes', words)).toMatchObject({
      code: 'cloud.permission-missing',
      message: expect.stringContaining('it lacks block_storage:read.'),
      details: { permission: 'block_storage:read', permissions: ['block_storage:read'] },
    });
    // What a wish for a Droplet holds needs scopes of its own.
    const making = of('POST /v2/droplets', words);
    expect(making.details.permission).toBe('droplet:create');
    expect(making.details.permissions).toEqual([
      'droplet:create',
      'image:read',
      'ssh_key:read',
      'tag:create',
    ]);
    expect(
      of('POST /v2/droplets', 'You are missing the required permission ssh_key:read').details.permission,
    ).toBe('ssh_key:read');
    // A scope of billing is a scope, and no trouble with a bill.
    expect(
      of('GET /v2/customers/my/balance', 'You are missing the required permission billing:read.'),
    ).toMatchObject({ code: 'cloud.permission-missing', details: { permission: 'billing:read' } });
  });

  it.each([403, 422])('%i of an account that is locked is not about the token', (status) => {
    const error = refuse(status, 'Your account has been locked. Please contact support.');
    expect(error.code).toBe('cloud.refused');
    expect(error.message).toContain('Look at the account there');
  });

  it('404 can be told from every other', () => {
    expect(isGone(refuse(404, 'The resource was not found.'))).toBe(true);
    expect(isGone(refuse(422, 'Region is not available'))).toBe(false);
    expect(isGone(new Error('404'))).toBe(false);
  });

  it('5xx leaves open whether it was done, and says so', () => {
    const error = refuse(502, '');
    expect(error).toMatchObject({ code: 'cloud.failed', details: { status: 502 } });
    expect(error.message).toContain('It may have done it all the same');
  });
});
