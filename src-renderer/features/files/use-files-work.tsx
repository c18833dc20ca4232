/** Hands the window's one `FilesWork` to the pages, and ends it with the window. */
import { createContext, type ReactNode, use, useEffect, useState } from 'react';
import { useStore } from 'zustand';
import type { PlaceId } from '#contract/files.ts';
import type { AppState } from '../../state/commands.ts';
import { useApp, useHost, useMay, useWorkspace } from '../../state/app-context.tsx';
import { createFilesWork, type FilesWork, type FilesWorkState } from './files-work.ts';

const FilesWorkContext = createContext<FilesWork | null>(null);

export function FilesProvider({ children }: { children: ReactNode }) {
  const app = useApp();
  const [work] = useState(() => createFilesWork(app));
  useEffect(() => {
    const close = () => work.close();
    window.addEventListener('pagehide', close);
    return () => window.removeEventListener('pagehide', close);
  }, [work]);
  return <FilesWorkContext value={work}>{children}</FilesWorkContext>;
}

export function useFilesWork(): FilesWork {
  const work = use(FilesWorkContext);
  if (!work) throw new Error('useFilesWork needs a FilesProvider above it');
  return work;
}

export function useFilesWorkState<T>(select: (state: FilesWorkState) => T): T {
  return useStore(useFilesWork().store, select);
}

export interface Place {
  readonly id: PlaceId;
  readonly name: string;
  readonly kind: 'workspace' | 'host';
  /** The host of a workspace. */
  readonly hostName: string | null;
  readonly mayWrite: boolean;
  /** Changes when its files may be others: it started, stopped, came back. */
  readonly stateKey: string;
}

export function usePlace(id: PlaceId): Place {
  const isHost = id.startsWith('host_');
  const workspace = useWorkspace(isHost ? null : id);
  const host = useHost(isHost ? id : workspace?.hostId);
  const mayWrite = useMay(isHost ? 'hosts.write' : 'workspaces.write');
  return {
    id,
    name: (isHost ? host?.name : workspace?.name) ?? (isHost ? 'a host' : 'a workspace'),
    kind: isHost ? 'host' : 'workspace',
    hostName: isHost ? null : (host?.name ?? null),
    mayWrite,
    stateKey: `${workspace?.state ?? ''} ${host?.state.phase ?? ''}`,
  };
}

/** For titles of tabs, which have the state and no hooks. */
export function placeName(id: PlaceId, state: Pick<AppState, 'hosts' | 'workspaces'>): string {
  return (id.startsWith('host_') ? state.hosts.get(id)?.name : state.workspaces.get(id)?.name) ?? '';
}
