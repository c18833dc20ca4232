/** Orders to a Droplet, and what becomes of them. */
import type { CloudAction, MachineOrder } from '../../control-plane/interfaces/cloud-provider.ts';
import { PER_PAGE } from './all-pages.ts';
import type { ApiClient } from './api-client.ts';
import { numberOrSlug } from './droplets.ts';
import { Action, FramedAction, pageOf } from './shapes.ts';

const KEPT_ACTIONS = 20;

/** Sent once. */
export async function order(
  api: ApiClient,
  machineId: string,
  what: MachineOrder,
  signal: AbortSignal,
): Promise<CloudAction> {
  const wish = { parts: { droplet: machineId }, body: bodyOf(what) };
  return toAction(await api.change('POST /v2/droplets/{droplet}/actions', FramedAction, signal, wish));
}

export async function findAction(
  api: ApiClient,
  machineId: string,
  actionId: string,
  signal: AbortSignal,
): Promise<CloudAction | undefined> {
  const parts = { droplet: machineId, action: actionId };
  const route = 'GET /v2/droplets/{droplet}/actions/{action}';
  const action = await api.find(route, FramedAction, signal, { parts });
  return action && toAction(action);
}

/** Newest first. None where the Droplet is gone. */
export async function actionsOf(
  api: ApiClient,
  machineId: string,
  signal: AbortSignal,
): Promise<CloudAction[]> {
  const wish = { parts: { droplet: machineId }, query: { per_page: String(PER_PAGE) } };
  const route = 'GET /v2/droplets/{droplet}/actions';
  const page = await api.find(route, pageOf('actions', Action), signal, wish);
  return (page?.items ?? [])
    .map(toAction)
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt) || Number(b.id) - Number(a.id))
    .slice(0, KEPT_ACTIONS);
}

export function toAction(action: Action): CloudAction {
  const state = action.status === 'completed' ? 'done' : action.status === 'errored' ? 'failed' : 'running';
  return {
    id: action.id,
    type: orderTypes[action.type] ?? action.type,
    state,
    startedAt: action.started_at,
    endedAt: action.completed_at ?? null,
  };
}

/** The provider's words → the order's. Whatever is not ordered here (`create`, `transfer`) keeps its name. */
const orderTypes: Readonly<Record<string, MachineOrder['type']>> = {
  power_on: 'power-on',
  power_off: 'power-off',
  power_cycle: 'power-cycle',
  enable_backups: 'backups',
  disable_backups: 'backups',
};

function bodyOf(what: MachineOrder): object {
  switch (what.type) {
    case 'power-on':
      return { type: 'power_on' };
    case 'power-off':
      return { type: 'power_off' };
    case 'power-cycle':
      return { type: 'power_cycle' };
    case 'shutdown':
    case 'reboot':
      return { type: what.type };
    case 'resize':
      return { type: 'resize', size: what.size, disk: what.growsDisk };
    case 'rebuild':
    case 'restore':
      return { type: what.type, image: numberOrSlug(what.image) };
    case 'snapshot':
    case 'rename':
      return { type: what.type, name: what.name };
    case 'backups':
      return { type: what.isOn ? 'enable_backups' : 'disable_backups' };
    default:
      return what satisfies never;
  }
}
