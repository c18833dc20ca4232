/**
 * The contract's schemas as JSON Schema (draft 2020-12, which OpenAPI 3.1 uses), with names for those that a reader meets
 * more than once. What goes in and what comes out of one schema may differ (defaults, trimming), so what goes in has a
 * name of its own.
 */
import { z } from 'zod';
import { About } from '#contract/about.ts';
import { Account, ApiKey, SignedInSession } from '#contract/account.ts';
import { ErrorShape } from '#contract/berth-error.ts';
import { Credential, SecretStoreStatus } from '#contract/credentials.ts';
import {
  Finding,
  Host,
  HostCandidate,
  HostDefinition,
  HostFacts,
  HostImage,
  HostState,
  SshAuth,
  SshHop,
} from '#contract/hosts.ts';
import { LogLine, Operation, OperationStep } from '#contract/operations.ts';
import { EnvironmentVariable, Limits, Project } from '#contract/projects.ts';
import { Answer, Question } from '#contract/questions.ts';
import { Repository, RepositoryPlace } from '#contract/repositories.ts';
import { Settings } from '#contract/settings.ts';
import { KeepPlan, KeepRule, SnapshotRules } from '#contract/snapshot-rules.ts';
import {
  EntryChange,
  RestorePlan,
  RestoreUndo,
  SearchHit,
  Snapshot,
  SnapshotComparison,
  SnapshotEntry,
  SnapshotHost,
} from '#contract/snapshots.ts';
import { SharedTerminal, TerminalShare } from '#contract/terminal-shares.ts';
import {
  Terminal,
  TerminalMeasure,
  TerminalSize,
  TerminalState,
  TerminalTarget,
} from '#contract/terminals.ts';
import { AuditEntry, Quota, Usage, User } from '#contract/users.ts';
import { DestroyPlan, KeptVolume, Workspace, WorkspaceStats } from '#contract/workspaces.ts';
import { Problem } from './rest/problem.ts';

/** By the name that they have in the document. */
const named = {
  About,
  Account,
  Answer,
  ApiKey,
  AuditEntry,
  Credential,
  DestroyPlan,
  EntryChange,
  EnvironmentVariable,
  Error: ErrorShape,
  Finding,
  Host,
  HostCandidate,
  HostDefinition,
  HostFacts,
  HostImage,
  HostState,
  KeepPlan,
  KeepRule,
  KeptVolume,
  Limits,
  LogLine,
  Operation,
  OperationStep,
  Problem,
  Project,
  Question,
  Quota,
  Repository,
  RepositoryPlace,
  RestorePlan,
  RestoreUndo,
  SearchHit,
  SecretStoreStatus,
  Settings,
  SharedTerminal,
  SignedInSession,
  Snapshot,
  SnapshotComparison,
  SnapshotEntry,
  SnapshotHost,
  SnapshotRules,
  SshAuth,
  SshHop,
  Terminal,
  TerminalMeasure,
  TerminalShare,
  TerminalSize,
  TerminalState,
  TerminalTarget,
  Usage,
  User,
  Workspace,
  WorkspaceStats,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

export interface SchemaBook {
  /** The schema, in which those with a name are references to it. */
  write(schema: z.ZodType, io: 'input' | 'output'): JsonSchema;
  /** What was referred to so far. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
}

export function createSchemaBook(): SchemaBook {
  const schemas: Record<string, JsonSchema> = {};
  const registries = { input: registryOf((name) => `${name}Input`), output: registryOf((name) => name) };
  return {
    schemas,
    write(schema, io) {
      const {
        $schema: _,
        $defs = {},
        ...own
      } = z.toJSONSchema(schema, {
        io,
        metadata: registries[io],
        unrepresentable: 'any',
      }) as Record<string, unknown>;
      for (const [name, definition] of Object.entries($defs as Record<string, unknown>))
        schemas[name] ??= withReferences(definition) as JsonSchema;
      return withReferences(own) as JsonSchema;
    },
  };
}

function registryOf(nameOf: (name: string) => string): z.core.$ZodRegistry<{ id: string }> {
  const registry = z.registry<{ id: string }>();
  for (const [name, schema] of Object.entries(named)) registry.add(schema, { id: nameOf(name) });
  return registry;
}

function withReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withReferences);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // The name is the key that it stands under.
      .filter(([key, one]) => !(key === 'id' && typeof one === 'string' && one in schemaNames))
      .map(([key, one]) => [
        key,
        key === '$ref' && typeof one === 'string'
          ? one.replace(/^#\/\$defs\//, '#/components/schemas/')
          : withReferences(one),
      ]),
  );
}

const schemaNames: Readonly<Record<string, true>> = Object.fromEntries(
  Object.keys(named).flatMap((name) => [
    [name, true],
    [`${name}Input`, true],
  ]),
);
