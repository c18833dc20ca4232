/** Makes the container of a workspace, once: prepares it, creates it, and puts its secrets in, or leaves nothing. */
import { BerthError } from '#contract/berth-error.ts';
import type { WorkspaceContainerSpec } from '../../control-plane/interfaces/container-engine.ts';
import { inspectRaw } from './container-inspection.ts';
import type { EngineClient } from './engine-client.ts';
import { asRecord, asText, asTexts, type JsonRecord } from './engine-json.ts';
import { readRootId } from './engine-shapes.ts';
import { familiarReference, parseImageReference } from './image-reference.ts';
import { workspaceContainerBody } from './workspace-container.ts';
import { prepareWorkspace } from './workspace-preparation.ts';
import { writeSecretFiles } from './workspace-secrets.ts';

export interface WorkspaceMakerDeps {
  readonly client: EngineClient;
  readonly keepAliveScript: string;
  /** The engine's `/info`. */
  readonly info: (signal: AbortSignal | undefined) => Promise<JsonRecord>;
}

/** Milliseconds; of creating and of starting, engine busy and disk slow. */
export const START_TIMEOUT_MS = 60_000;

export class WorkspaceMaker {
  readonly #deps: WorkspaceMakerDeps;
  #canLimitOpenFiles: Promise<boolean> | undefined;

  constructor(deps: WorkspaceMakerDeps) {
    this.#deps = deps;
  }

  /** Throws conflict with `details.containerId` where the name is taken. */
  async make(
    spec: WorkspaceContainerSpec,
    signal: AbortSignal | undefined,
  ): Promise<{ id: string; warnings: string[] }> {
    const { client, keepAliveScript } = this.#deps;
    const asked: WorkspaceContainerSpec = {
      ...spec,
      image: familiarReference(parseImageReference(spec.image)),
    };
    // Before anything is made: a name that is taken is the usual end of an operation that runs a second time.
    const taken = await inspectRaw(client, spec.containerName, signal);
    if (taken) throw nameTaken(spec.containerName, asText(taken.Id));
    const info = await this.#deps.info(signal);
    const preparation = await prepareWorkspace(
      { client, rootId: readRootId(info), canLimitOpenFiles: (probe) => this.#limitsOpenFiles(probe) },
      asked,
      signal,
    );
    const body = workspaceContainerBody(asked, { ...preparation, keepAliveScript });
    const created = await client
      .json({
        method: 'POST',
        path: '/containers/create',
        query: { name: spec.containerName },
        body,
        subject: 'create',
        details: { image: asked.image, runtime: spec.runtime },
        timeoutMs: START_TIMEOUT_MS,
        signal,
      })
      .catch(async (error: unknown) => {
        if (!BerthError.is(error, 'conflict')) throw error;
        const holder = await inspectRaw(client, spec.containerName, signal);
        throw holder ? nameTaken(spec.containerName, asText(holder.Id), error) : error;
      });
    const { Id, Warnings } = asRecord(created);
    await writeSecretFiles(client, asText(Id), { files: asked.secretFiles, user: preparation.user });
    const rootWarning =
      spec.profile === 'root-inside' && !hasUserNamespaces(info)
        ? ['Root in this workspace is root of the host, fenced in: this engine uses no user namespaces.']
        : [];
    return { id: asText(Id), warnings: [...asTexts(Warnings), ...preparation.warnings, ...rootWarning] };
  }

  /** Once a connection: it costs one start that fails. A failed probe is not remembered. */
  #limitsOpenFiles(probe: () => Promise<boolean>): Promise<boolean> {
    this.#canLimitOpenFiles ??= probe().catch((error: unknown) => {
      this.#canLimitOpenFiles = undefined;
      throw error;
    });
    return this.#canLimitOpenFiles;
  }
}

function nameTaken(name: string, containerId: string, cause?: unknown): BerthError {
  const details = { containerId, containerName: name };
  return new BerthError('conflict', `The host has a container ${name} already.`, { details, cause });
}

function hasUserNamespaces(info: JsonRecord): boolean {
  return asTexts(info.SecurityOptions).some(
    (option) => option.includes('name=userns') || option.includes('name=rootless'),
  );
}
