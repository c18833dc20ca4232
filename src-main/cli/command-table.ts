/** Every command there is, in the order in which help shows them. */
import type { Command } from './command.ts';
import { completionCommands } from './completion.ts';
import { copyCommands } from './copy-command.ts';
import { execCommands } from './exec-command.ts';
import { forwardCommands } from './forward-command.ts';
import { shellCommands } from './shell-command.ts';
import { snapshotCommands } from './snapshot-commands.ts';
import { snapshotFileCommands } from './snapshot-file-commands.ts';
import { snapshotRuleCommands } from './snapshot-rule-commands.ts';
import { snapshotTransferCommands } from './snapshot-transfer-commands.ts';
import { workspaceCommands } from './workspace-commands.ts';

export const commands: readonly Command[] = [
  ...workspaceCommands,
  ...shellCommands,
  ...execCommands,
  ...copyCommands,
  ...forwardCommands,
  ...snapshotCommands,
  ...snapshotFileCommands,
  ...snapshotTransferCommands,
  ...snapshotRuleCommands,
  ...completionCommands,
];
