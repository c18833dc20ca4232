/** Begins what goes through whole trees. Each has a subject of its own: several copies may go on at once. */
import type { PlaceId } from '#contract/files.ts';
import type { UserId } from '#contract/ids.ts';
import type { Operation } from '#contract/operations.ts';
import type { Random } from '../interfaces/random.ts';
import type { OperationDefinition, OperationStarter } from '../operations/operation-definition.ts';
import { type CopyInput, copyOperation } from './copy-operation.ts';
import type { OperationPlaces } from './operation-places.ts';
import {
  type PermissionsInput,
  permissionsOperation,
  type RemoveInput,
  removeOperation,
} from './tree-operations.ts';

export interface FileOperationsDeps {
  readonly operations: OperationStarter;
  readonly places: OperationPlaces;
  /** As people know it. Throws not-found. */
  readonly nameOf: (id: PlaceId) => string;
  readonly random: Pick<Random, 'bytes'>;
}

export class FileOperations {
  readonly #deps: FileOperationsDeps;
  readonly #copy: OperationDefinition<CopyInput>;
  readonly #remove: OperationDefinition<RemoveInput>;
  readonly #permissions: OperationDefinition<PermissionsInput>;

  constructor(deps: FileOperationsDeps) {
    this.#deps = deps;
    this.#copy = copyOperation(deps.places);
    this.#remove = removeOperation(deps.places);
    this.#permissions = permissionsOperation(deps.places);
  }

  define(): void {
    this.#deps.operations.define(this.#copy);
    this.#deps.operations.define(this.#remove);
    this.#deps.operations.define(this.#permissions);
  }

  copy(input: CopyInput, userId: UserId): Promise<Operation> {
    const verb = input.isMove ? 'Move' : 'Copy';
    const to = input.toId === input.placeId ? '' : ` to “${this.#deps.nameOf(input.toId)}”`;
    return this.#start(this.#copy, { title: `${verb} ${whatOf(input)}${to}`, input, userId });
  }

  remove(input: RemoveInput, userId: UserId): Promise<Operation> {
    return this.#start(this.#remove, { title: `Delete ${whatOf(input)}`, input, userId });
  }

  setPermissions(input: PermissionsInput, userId: UserId): Promise<Operation> {
    return this.#start(this.#permissions, { title: `Change permissions of ${whatOf(input)}`, input, userId });
  }

  #start<I extends { readonly placeId: PlaceId }>(
    definition: OperationDefinition<I>,
    { title, input, userId }: { readonly title: string; readonly input: I; readonly userId: UserId },
  ): Promise<Operation> {
    const { placeId } = input;
    const mark = Buffer.from(this.#deps.random.bytes(8)).toString('hex');
    return this.#deps.operations.start(definition, {
      title,
      subject: { kind: 'files', id: `${placeId}/${mark}`, name: this.#deps.nameOf(placeId) },
      hostId: this.#deps.places.hostOf(placeId),
      userId,
      input,
    });
  }
}

function whatOf({ names }: { readonly names: readonly string[] }): string {
  const [first = ''] = names;
  return names.length === 1 ? `“${first.slice(0, 60)}”` : `${names.length} files and folders`;
}
