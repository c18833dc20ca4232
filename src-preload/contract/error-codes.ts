/**
 * The closed list of failures that may cross the wall, one row each. `status` is the HTTP status of the REST carrier
 * (RFC 9110); `title` is the sentence-case headline that the window shows above the error's own message.
 * The README's error table, the methods' lists and this table are compared by a test, both ways.
 */
export const errorCodes = {
  'invalid-input': { status: 400, title: 'Something in the input is not valid' },
  'not-signed-in': { status: 401, title: 'Sign in first' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'It changed in the meantime' },
  'too-many': { status: 429, title: 'Too many at once' },
  cancelled: { status: 499, title: 'Cancelled' },
  internal: { status: 500, title: 'Berth made a mistake' },
  'connection-lost': { status: 503, title: 'The connection was lost' },
  'timed-out': { status: 504, title: 'No answer in time' },

  'host.name-taken': { status: 409, title: 'Another host has this name' },
  'host.not-connected': { status: 409, title: 'The host is not connected' },
  'host.unreachable': { status: 502, title: 'The server cannot be reached' },
  'host.not-ssh': { status: 502, title: 'Nothing speaks SSH there' },
  'host.auth-failed': { status: 502, title: 'The server refused the sign-in' },
  'host.algorithm-mismatch': { status: 502, title: 'No common cipher or key type' },
  'host.key-unknown': { status: 502, title: 'The host key is not trusted yet' },
  'host.key-changed': { status: 502, title: 'The host key has changed' },
  'host.key-revoked': { status: 502, title: 'The host key is revoked' },
  'host.agent-unavailable': { status: 502, title: 'The SSH agent cannot be reached' },
  'host.ssh-config-invalid': { status: 400, title: 'The SSH configuration cannot be used' },
  'host.sessions-exhausted': { status: 503, title: 'The server opens no more sessions' },
  'host.command-failed': { status: 502, title: 'A command failed on the host' },
  'host.disk-full': { status: 507, title: 'The disk of the host is full' },

  'engine.unreachable': { status: 502, title: 'The container engine does not answer' },
  'engine.permission-denied': { status: 502, title: 'No permission to use the container engine' },
  'engine.forwarding-denied': { status: 502, title: 'The server forwards no streams' },
  'engine.too-old': { status: 502, title: 'The container engine is too old' },
  'engine.failed': { status: 502, title: 'The container engine refused' },

  'image.invalid-reference': { status: 400, title: 'This is not an image reference' },
  'image.not-found': { status: 404, title: 'The image does not exist' },
  'image.access-denied': { status: 403, title: 'The registry refused access' },
  'image.wrong-platform': { status: 409, title: 'The image is for another kind of processor' },
  'image.pull-failed': { status: 502, title: 'The image could not be pulled' },

  'project.name-taken': { status: 409, title: 'Another project has this name' },
  'project.in-use': { status: 409, title: 'Workspaces use this project' },

  'workspace.name-taken': { status: 409, title: 'Another workspace on this host has this name' },
  'workspace.not-running': { status: 409, title: 'The workspace is not running' },
  'workspace.start-failed': { status: 502, title: 'The workspace did not start' },
  'workspace.exited': { status: 502, title: 'The workspace ended by itself' },
  'workspace.out-of-memory': { status: 507, title: 'The workspace ran out of memory' },
  'workspace.volume-in-use': { status: 409, title: 'A workspace uses this volume' },
  'workspace.command-failed': { status: 502, title: 'A command failed in the workspace' },
  'workspace.port-refused': { status: 502, title: 'Nothing answers on this port' },
  'workspace.runtime-missing': { status: 409, title: 'The host does not have this runtime' },

  'snapshot.name-taken': { status: 409, title: 'Another snapshot of this workspace has this name' },
  'snapshot.pinned': { status: 409, title: 'The snapshot is pinned' },
  'snapshot.corrupt': { status: 422, title: 'The snapshot is damaged' },
  'snapshot.changed': { status: 409, title: 'Files changed while they were read' },
  'snapshot.unsafe-archive': { status: 422, title: 'The archive is not safe to unpack' },
  'snapshot.hook-failed': { status: 424, title: 'The command before the snapshot failed' },
  'snapshot.tools-missing': { status: 424, title: 'The host lacks what snapshots need' },
  'repository.name-taken': { status: 409, title: 'Another repository has this name' },
  'repository.unreachable': { status: 502, title: 'The repository cannot be reached' },
  'repository.wrong-key': { status: 403, title: 'The key does not fit the repository' },

  'terminal.open-failed': { status: 502, title: 'The terminal could not be opened' },
  'terminal.ended': { status: 410, title: 'The terminal has ended' },
  'terminal.share-needs-server': { status: 409, title: 'Only a served Berth shares terminals' },

  'credential.keychain-unavailable': { status: 503, title: 'No keychain can be used' },
  'credential.vault-locked': { status: 423, title: 'The vault is locked' },
  'credential.wrong-passphrase': { status: 403, title: 'The passphrase is wrong' },
  'credential.unreadable-key': { status: 400, title: 'The private key cannot be read' },
  'credential.write-unverified': { status: 500, title: 'The keychain did not keep the secret' },
  'credential.missing': { status: 409, title: 'The secret is not in the keychain' },
  'credential.in-use': { status: 409, title: 'Hosts use this credential' },

  'operation.finished': { status: 409, title: 'The operation has ended' },
  'operation.interrupted': { status: 503, title: 'The operation was interrupted' },
  'account.sign-in-failed': { status: 401, title: 'E-mail or password is wrong' },
  'account.second-factor-needed': { status: 401, title: 'A one-time code is needed' },
  'account.password-unfit': { status: 400, title: 'This password cannot be used' },
  'account.link-expired': { status: 410, title: 'The link has expired or was used' },
  'account.registration-closed': { status: 403, title: 'Nobody can register here' },
  'account.mail-unavailable': { status: 502, title: 'The e-mail could not be sent' },
  'account.provider-failed': { status: 502, title: 'The identity provider did not answer' },
  'account.provider-refused': { status: 403, title: 'The identity provider’s answer was refused' },
  'account.last-owner': { status: 409, title: 'There would be no owner left' },
  'account.none-here': { status: 409, title: 'The desktop app has no accounts' },
  'user.email-taken': { status: 409, title: 'Somebody has this address already' },
  'quota.exceeded': { status: 403, title: 'Your share is used up' },
  'question.expired': { status: 410, title: 'The question has expired' },
  'store.newer-version': { status: 409, title: 'The data is from a newer Berth' },
  'store.in-use': { status: 409, title: 'Another Berth uses this data' },
  'store.unwritable': { status: 507, title: 'The data cannot be written' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof errorCodes;

/** Failures that every method can have; a method lists only what it adds to these. */
export const commonErrorCodes = [
  'invalid-input',
  'not-signed-in',
  'not-found',
  'cancelled',
  'connection-lost',
  'internal',
  'store.unwritable',
  'store.newer-version',
] as const satisfies readonly ErrorCode[];

/** Failures of whatever needs a connected host and its engine. */
export const hostErrorCodes = [
  'host.not-connected',
  'engine.unreachable',
  'engine.permission-denied',
  'engine.forwarding-denied',
  'engine.too-old',
  'engine.failed',
  'timed-out',
] as const satisfies readonly ErrorCode[];
