/** What a chosen host has that a new workspace could use: images and kept volumes. Read anew for each host. */
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { HostId } from '#contract/ids.ts';
import type { KeptVolume } from '#contract/workspaces.ts';
import { useClient } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';

export interface HostOffer {
  readonly images: readonly string[];
  readonly volumes: readonly KeptVolume[];
  /** Why the volumes could not be read; images are only a convenience. */
  readonly error: BerthError | null;
}

const nothing: HostOffer = { images: [], volumes: [], error: null };

export function useHostOffer(hostId: HostId | null): HostOffer {
  const client = useClient();
  const [offer, setOffer] = useState<HostOffer>(nothing);
  useEffect(() => {
    setOffer(nothing);
    if (hostId === null) return;
    const stop = new AbortController();
    const { signal } = stop;
    client.call('hosts.images', { id: hostId }, { signal }).then(
      ({ images }) => {
        const references = [...new Set(images.flatMap((image) => image.references))].sort();
        setOffer((before) => ({ ...before, images: references }));
      },
      () => undefined,
    );
    client.call('workspaces.keptVolumes', { hostId }, { signal }).then(
      ({ volumes }) => setOffer((before) => ({ ...before, volumes })),
      (cause: unknown) => {
        if (!signal.aborted) setOffer((before) => ({ ...before, error: toBerthError(cause) }));
      },
    );
    return () => stop.abort();
  }, [client, hostId]);
  return offer;
}
