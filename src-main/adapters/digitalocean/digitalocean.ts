/**
 * DigitalOcean as a provider of machines: a Droplet is a machine, a token is an account. The one entry of this folder;
 * nothing of DigitalOcean is spoken of outside of it.
 */
import type { CloudProviderInfo } from '#contract/clouds.ts';
import type { Clock } from '../../control-plane/interfaces/clock.ts';
import type { CloudClient, CloudProvider } from '../../control-plane/interfaces/cloud-provider.ts';
import type { Log } from '../../control-plane/interfaces/log.ts';
import type { Secret } from '../../control-plane/interfaces/secret.ts';
import { readBalance, readIdentity } from './account.ts';
import { checkedApiUrl, defaultApiUrl } from './api-address.ts';
import { ApiClient, type Fetch } from './api-client.ts';
import { destroyResource } from './destroy-resource.ts';
import { destroyMachine, leftoversOf, readDestruction, retryDestruction } from './destruction.ts';
import { actionsOf, findAction, order } from './droplet-actions.ts';
import { bringSnapshot, findImageAction, snapshotsOf } from './droplet-snapshots.ts';
import { createMachine, findMachine, machineCount, machinesTagged } from './droplets.ts';
import { changeFirewall, ensureFirewall, removeFirewall } from './firewalls.ts';
import { readInventory } from './inventory.ts';
import { createOffer } from './offer.ts';
import { permissionList } from './permission-list.ts';
import { probePermissions } from './permissions.ts';
import { BILLING, PRICE_NOTE } from './prices.ts';
import { ensureKey, removeKey } from './ssh-keys.ts';
import { assertTokenForm } from './token-form.ts';

export interface DigitalOceanDeps {
  /** Default: the API's own. Another one is for tests and gateways. */
  readonly baseUrl?: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly fetch?: Fetch;
}

const info: CloudProviderInfo = {
  id: 'digitalocean',
  name: 'DigitalOcean',
  machineWord: 'droplet',
  machinesWord: 'droplets',
  tokenUrl: 'https://cloud.digitalocean.com/account/api/tokens/new',
  tokenHelp: 'A personal access token: it begins with dop_v1_ and has 64 characters after that.',
  priceNote: PRICE_NOTE,
  permissions: permissionList.map(({ name }) => name),
};

/** Throws invalid-input (field `apiUrl`) for an address that is none, or not safe for a token. */
export function createDigitalOcean({
  baseUrl = defaultApiUrl,
  clock,
  log,
  fetch: send = (url, init) => fetch(url, init),
}: DigitalOceanDeps): CloudProvider {
  const url = checkedApiUrl(baseUrl);
  return {
    info,
    billing: BILLING,
    open(token: Secret): CloudClient {
      assertTokenForm(token.reveal());
      return createClient(new ApiClient({ baseUrl: url, token, clock, log, fetch: send }), clock);
    },
  };
}

function createClient(api: ApiClient, clock: Clock): CloudClient {
  return {
    clockAheadMs: () => api.clockAheadMs,
    identity: (signal) => readIdentity(api, signal),
    permissions: (signal) => probePermissions(api, signal),
    balance: (signal) => readBalance(api, signal),
    offer: createOffer(api, clock),
    ensureKey: (key, signal) => ensureKey(api, key, signal),
    removeKey: (keyId, signal) => removeKey(api, keyId, signal),
    ensureFirewall: (wish, signal) => ensureFirewall(api, wish, signal),
    changeFirewall: (id, access, signal) => changeFirewall(api, id, access, signal),
    removeFirewall: (id, signal) => removeFirewall(api, id, signal),
    createMachine: (wish, signal) => createMachine(api, wish, signal),
    machinesTagged: (tag, signal) => machinesTagged(api, tag, signal),
    machine: (id, signal) => findMachine(api, id, signal),
    inventory: (tag, signal) => readInventory(api, tag, signal),
    machineCount: (signal) => machineCount(api, signal),
    order: (machineId, what, signal) => order(api, machineId, what, signal),
    action: (machineId, actionId, signal) => findAction(api, machineId, actionId, signal),
    actionsOf: (machineId, signal) => actionsOf(api, machineId, signal),
    snapshotsOf: (machineId, signal) => snapshotsOf(api, machineId, signal),
    bringSnapshot: (snapshotId, region, signal) => bringSnapshot(api, snapshotId, region, signal),
    imageAction: (snapshotId, actionId, signal) => findImageAction(api, snapshotId, actionId, signal),
    leftoversOf: (machineId, signal) => leftoversOf(api, machineId, signal),
    destroyMachine: (machineId, leftovers, signal) => destroyMachine(api, machineId, leftovers, signal),
    destruction: (machineId, signal) => readDestruction(api, machineId, signal),
    retryDestruction: (machineId, signal) => retryDestruction(api, machineId, signal),
    destroyResource: (ref, signal) => destroyResource(api, ref, signal),
  };
}
