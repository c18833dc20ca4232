/** A container that an earlier try left: taken as it is, unless it may lack its secrets. */
import { describe, expect, it } from 'vitest';
import type { HostId, WorkspaceId } from '#contract/ids.ts';
import { localOwnerId } from '#contract/ids.ts';
import { projectDefaults } from '#contract/projects.ts';
import type {
  ContainerDetail,
  ContainerEngine,
  EngineInfo,
  WorkspaceContainerSpec,
} from '#main/control-plane/interfaces/container-engine.ts';
import { Secret } from '#main/control-plane/interfaces/secret.ts';
import type { StepContext } from '#main/control-plane/operations/operation-definition.ts';
import { newRecord } from '#main/control-plane/workspaces/workspace.ts';
import { ensureContainer } from '#main/control-plane/workspaces/workspace-parts.ts';
import { FakeLinks } from '#test/harness/fake-links.ts';

const hostId: HostId = `host_${'1'.repeat(20)}`;
const id: WorkspaceId = `ws_${'1'.repeat(20)}`;
const record = newRecord({
  id,
  name: 'w',
  hostId,
  ownerId: localOwnerId,
  projectId: null,
  definition: { ...projectDefaults, environment: [], name: 'p', image: 'debian:12' },
  volumeName: null,
  accessPassword: null,
  createdAt: '2026-01-02T03:04:05.000Z',
});

async function ensure(state: ContainerDetail['state'] | undefined, hasSecret: boolean) {
  const acts: string[] = [];
  const made: WorkspaceContainerSpec[] = [];
  const found = state === undefined ? undefined : ({ id: 'old', state } as ContainerDetail);
  const engine = {
    listContainers: () => Promise.resolve(found === undefined ? [] : [found]),
    inspectContainer: () => Promise.resolve(found),
    removeContainer: (container: string) => {
      acts.push(`remove ${container}`);
      return Promise.resolve();
    },
    createWorkspaceContainer: (spec: WorkspaceContainerSpec) => {
      made.push(spec);
      return Promise.resolve({ id: 'new', warnings: [] });
    },
  } as unknown as ContainerEngine;
  const link = new FakeLinks().ready(hostId, {
    engine,
    engineInfo: { runtimes: [] } as unknown as EngineInfo,
  });
  const logged: string[] = [];
  const context = {
    operationId: `op_${'1'.repeat(20)}`,
    signal: new AbortController().signal,
    link: () => link,
    log: (text: string) => logged.push(text),
  } as unknown as StepContext<unknown>;
  const content = new Secret('canary');
  const result = await ensureContainer(context, {
    record,
    environment: hasSecret ? [{ name: 'PASSWORD', value: content }] : [],
    secretFiles: hasSecret ? [{ path: '/run/secrets/PASSWORD', content }] : [],
    stopGraceSeconds: 5,
  });
  expect(JSON.stringify([logged, made])).not.toContain('canary');
  return { result, acts, made };
}

describe('a container that is there', () => {
  it.each(['running', 'exited', 'paused'] as const)('and %s has its secrets, and stays', async (state) => {
    expect(await ensure(state, true)).toMatchObject({ result: 'old', acts: [], made: [] });
  });

  it('and was never started is made again where it should have secrets', async () => {
    const { result, acts, made } = await ensure('created', true);
    expect([result, acts]).toEqual(['new', ['remove old']]);
    expect(made[0]?.secretFiles).toHaveLength(1);
  });

  it('and was never started stays where there are none', async () => {
    expect(await ensure('created', false)).toMatchObject({ result: 'old', acts: [], made: [] });
  });
});

it('is made with its secrets where there is none', async () => {
  const { result, made } = await ensure(undefined, true);
  expect(result).toBe('new');
  expect(made[0]?.environment).toHaveLength(1);
});
