/** Labels that every remote thing of Berth carries, and from which a lost database is rebuilt. Values are bounded text. */
export const label = {
  managed: 'dev.berth.managed',
  workspace: 'dev.berth.workspace',
  operation: 'dev.berth.operation',
  /** Of containers that work on volumes and snapshots for a moment. */
  helper: 'dev.berth.helper',
  snapshot: 'dev.berth.snapshot',
  /** Display name. */
  name: 'dev.berth.name',
  owner: 'dev.berth.owner',
  project: 'dev.berth.project',
  /** JSON of the project definition as it was when the workspace was made, without environment values. */
  spec: 'dev.berth.spec',
  specHash: 'dev.berth.spec-hash',
  /** `running` or `stopped` as it was wanted at creation; the database is the later truth. */
  createdAt: 'dev.berth.created-at',
} as const;
