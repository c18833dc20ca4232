/** Machines behind droplets: throw-away hosts with cloud-init. */
import type { RemoteHost } from '../remote-host.ts';
import type { Hardware } from './hardware.ts';

export interface RealHardware extends Hardware {
  hostOf(id: number): RemoteHost;
  letSshAnswer(id: number): Promise<void>;
}

export function realHardware(): Promise<RealHardware> {
  throw new Error('machines behind droplets are not there yet');
}
