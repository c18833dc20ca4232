/** Every command there is, in the order in which help shows them. */
import type { Command } from './command.ts';
import { cloudCommands } from './cloud-commands.ts';
import { cloudFindCommands } from './cloud-find-commands.ts';
import { completionCommands } from './completion.ts';
import { containerCommands } from './container-commands.ts';
import { copyCommands } from './copy-command.ts';
import { doctorCommands } from './doctor-command.ts';
import { execCommands } from './exec-command.ts';
import { fileCommands } from './file-commands.ts';
import { forwardCommands } from './forward-command.ts';
import { hostCommands } from './host-commands.ts';
import { lifecycleCommands } from './lifecycle-commands.ts';
import { machineCommands } from './machine-commands.ts';
import { machineDiskCommands } from './machine-disk-commands.ts';
import { machineEndCommands } from './machine-end-commands.ts';
import { machineSnapshotCommands } from './machine-snapshot-commands.ts';
import { machineRuleCommands } from './machine-rule-commands.ts';
import { portCommands } from './port-commands.ts';
import { projectCommands } from './project-commands.ts';
import { shellCommands } from './shell-command.ts';
import { snapshotCommands } from './snapshot-commands.ts';
import { snapshotFileCommands } from './snapshot-file-commands.ts';
import { snapshotRuleCommands } from './snapshot-rule-commands.ts';
import { snapshotTransferCommands } from './snapshot-transfer-commands.ts';
import { tokenCommands, userCommands } from './user-commands.ts';
import { workspaceCommands } from './workspace-commands.ts';
import { workspaceLifeCommands } from './workspace-life-commands.ts';

export const commands: readonly Command[] = [
  ...hostCommands,
  ...cloudCommands,
  ...cloudFindCommands,
  ...machineCommands,
  ...machineRuleCommands,
  ...machineEndCommands,
  ...machineSnapshotCommands,
  ...machineDiskCommands,
  ...projectCommands,
  ...workspaceLifeCommands,
  ...workspaceCommands,
  ...lifecycleCommands,
  ...shellCommands,
  ...execCommands,
  ...copyCommands,
  ...fileCommands,
  ...forwardCommands,
  ...portCommands,
  ...snapshotCommands,
  ...snapshotFileCommands,
  ...snapshotTransferCommands,
  ...snapshotRuleCommands,
  ...userCommands,
  ...tokenCommands,
  ...containerCommands,
  ...doctorCommands,
  ...completionCommands,
];
