import { expect, test } from 'vitest';
import { describeMissing, findProgram, missingRequirements, requirementNames } from './requirements.ts';

test('finds programs in PATH and the sbin folders, and says undefined for the rest', async () => {
  expect(await findProgram('sh')).toMatch(/\/sh$/);
  expect(await findProgram('no-such-program-of-berth')).toBeUndefined();
});

test('names what is missing, what it is for and the one command that brings it', () => {
  const text = describeMissing([
    {
      requirement: 'remote-host',
      find: 'dockerd',
      debianPackage: 'docker-cli | docker.io',
      purpose: 'the engine',
    },
    { requirement: 'remote-host', find: 'docker-init', debianPackage: 'docker.io', purpose: 'first process' },
    { requirement: 'chromium', find: 'chromium', debianPackage: 'chromium', purpose: 'the browser' },
  ]);
  expect(text).toContain('dockerd: the engine (package docker-cli or docker.io)');
  expect(text).toContain('apt-get install --no-install-recommends docker.io chromium\n');
});

test('looks at every requirement there is', async () => {
  const missing = await missingRequirements();
  for (const { requirement } of missing) expect(requirementNames).toContain(requirement);
});
