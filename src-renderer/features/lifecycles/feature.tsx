/** What lifecycles give to the window: warnings, the timeline on a workspace's page, the policy, leases of hosts. */
import type { Feature } from '../../state/feature.ts';
import { AwakePart } from './awake-part.tsx';
import { LifecycleAnnouncer } from './end-announcer.tsx';
import { LifecycleBand } from './end-band.tsx';
import { HostLeasePart } from './host-lease-part.tsx';
import { lifecycleCommands } from './lifecycle-commands.ts';
import { LifecycleStatus } from './lifecycle-status.tsx';
import { PolicyDialogs } from './policy-dialog.tsx';

export const lifecyclesFeature: Feature = {
  name: 'lifecycles',
  commands: lifecycleCommands,
  overlays: [PolicyDialogs, LifecycleAnnouncer],
  statusItems: [LifecycleStatus],
  workspaceBands: [LifecycleBand],
  workspaceParts: [AwakePart],
  hostParts: [HostLeasePart],
};
