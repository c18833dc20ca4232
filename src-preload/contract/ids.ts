/**
 * Identifiers: a prefix that names the noun and 20 characters of base 32 (100 random bits), safe in labels, file names
 * and URLs. Each noun has its own template type, so that one cannot be passed for another.
 */
import { z } from 'zod';

const body = z.string().regex(/^[0-9a-z]{20}$/);

export const HostId = z.templateLiteral(['host_', body]);
export type HostId = z.infer<typeof HostId>;
export const ProjectId = z.templateLiteral(['proj_', body]);
export type ProjectId = z.infer<typeof ProjectId>;
export const WorkspaceId = z.templateLiteral(['ws_', body]);
export type WorkspaceId = z.infer<typeof WorkspaceId>;
export const TerminalId = z.templateLiteral(['term_', body]);
export type TerminalId = z.infer<typeof TerminalId>;
export const CredentialId = z.templateLiteral(['cred_', body]);
export type CredentialId = z.infer<typeof CredentialId>;
export const OperationId = z.templateLiteral(['op_', body]);
export type OperationId = z.infer<typeof OperationId>;
export const QuestionId = z.templateLiteral(['q_', body]);
export type QuestionId = z.infer<typeof QuestionId>;
export const ShareId = z.templateLiteral(['share_', body]);
export type ShareId = z.infer<typeof ShareId>;
export const SnapshotId = z.templateLiteral(['snap_', body]);
export type SnapshotId = z.infer<typeof SnapshotId>;
export const RepositoryId = z.templateLiteral(['repo_', body]);
export type RepositoryId = z.infer<typeof RepositoryId>;
/** A browser that is signed in, or a program that holds a refresh token. */
export const SessionId = z.templateLiteral(['sess_', body]);
export type SessionId = z.infer<typeof SessionId>;
export const ApiKeyId = z.templateLiteral(['key_', body]);
export type ApiKeyId = z.infer<typeof ApiKeyId>;
/** An account at a provider of machines. */
export const CloudId = z.templateLiteral(['cloud_', body]);
export type CloudId = z.infer<typeof CloudId>;
export const MachineId = z.templateLiteral(['mach_', body]);
export type MachineId = z.infer<typeof MachineId>;
/** Something at a provider that Berth does not know as its own. */
export const FoundId = z.templateLiteral(['found_', body]);
export type FoundId = z.infer<typeof FoundId>;
/** A way from a local address to a port in a workspace, or back. */
export const ForwardId = z.templateLiteral(['fwd_', body]);
export type ForwardId = z.infer<typeof ForwardId>;
export const UserId = z.templateLiteral(['user_', body]);
export type UserId = z.infer<typeof UserId>;

/** The person at the desktop, who needs no account: a fixed id, so that labels on hosts stay theirs. */
export const localOwnerId: UserId = 'user_00000000000000000000';

/** Whoever came through a shared terminal's link: nobody in particular, and no owner of anything. */
export const guestUserId: UserId = 'user_guest000000000000000';

export type IdPrefix =
  | 'host'
  | 'proj'
  | 'ws'
  | 'term'
  | 'cred'
  | 'op'
  | 'q'
  | 'share'
  | 'snap'
  | 'repo'
  | 'sess'
  | 'key'
  | 'cloud'
  | 'mach'
  | 'found'
  | 'fwd'
  | 'user';
