import { expect, it } from 'vitest';
import { projectDefaults } from '#contract/projects.ts';
import { type DestructionFacts, planDestruction } from '#main/control-plane/workspaces/destroy-plan.ts';

const facts = {
  record: {
    id: `ws_${'a'.repeat(20)}`,
    name: 'api',
    volumeName: 'berth-now',
    definition: { ...projectDefaults, name: 'p', image: 'debian:12', environment: [] },
  },
  keepVolume: false,
  hostName: 'atlas',
  projectName: 'p',
  containerName: 'berth-api',
  volumeBytes: 5 * 1024 ** 2,
  snapshotCount: 3,
  volumesBefore: ['berth-before'],
} as unknown as DestructionFacts;
const names = (list: readonly { what: string }[]) => list.map(({ what }) => what);

it('says that snapshots stay, and that files from before a restore go with the others or stay with them', () => {
  const all = planDestruction(facts);
  expect(names(all.deletes)).toEqual([
    'Container berth-api',
    'Network berth-aaaaaaaaaaaa',
    'Volume berth-now',
    'Volume berth-before',
  ]);
  expect(names(all.keeps)).toEqual(['Its 3 snapshots', 'Image debian:12', 'Project “p”']);
  const kept = planDestruction({ ...facts, keepVolume: true, snapshotCount: 1 });
  expect(names(kept.deletes)).toHaveLength(2);
  expect(names(kept.keeps).slice(0, 3)).toEqual(['Volume berth-now', 'Volume berth-before', 'Its snapshot']);
  expect(names(planDestruction({ ...facts, snapshotCount: 0 }).keeps)).toHaveLength(2);
});
