/** What a policy is called where it was changed. */
import { expect, it } from 'vitest';
import { noPolicy } from '#contract/lifecycles.ts';
import { policyWords } from '#main/control-plane/lifecycles/end-words.ts';

it('says all of a policy in one sentence, with names and a time that holds anywhere', () => {
  const words = policyWords({
    idleMinutes: 60,
    keepAwake: [
      { kind: 'process', name: 'cargo' },
      { kind: 'connection', port: 3000 },
      { kind: 'connection', port: null },
      { kind: 'shown-terminal' },
    ],
    endAt: '2026-11-26T18:37:00.000Z',
    endAfterMinutes: 720,
    endAction: 'destroy',
    hours: { timeZone: 'Europe/Berlin', days: [1], from: '08:00', to: '19:00', starts: false },
    leaseMinutes: 120,
  });
  expect(words).toBe(
    'Stops after 60 minutes without work; is kept awake by cargo, connections on 3000, any connection, a terminal that is shown; is destroyed at 2026-11-26 18:37 UTC; is destroyed after running for 12 hours; runs from 08:00 to 19:00 (Europe/Berlin); stops 2 hours after the last Berth was there',
  );
});

it('says that nothing ends it', () => {
  expect(policyWords(noPolicy)).toBe('Never ends by itself');
});
