/** What files give to the window: a page for folders, one for texts, their commands, and what is on its way. */
import { FileText, FolderOpen } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { fileCommands } from './file-commands.ts';
import { FileTabMark } from './file-tab-mark.tsx';
import { FilesOverlays } from './files-overlays.tsx';
import { HostFiles, WorkspaceFiles } from './files-section.tsx';
import { FilesStatus } from './files-status.tsx';
import { openDocuments } from './open-documents.ts';
import { baseName } from './path-words.ts';
import { FilesProvider, placeName } from './use-files-work.tsx';

const FilesPage = lazy(() => import('./files-page.tsx'));
const FilePage = lazy(() => import('./file-page.tsx'));

/** Texts whose person is being asked whether to close them. */
const asked = new Set<string>();

export const filesFeature: Feature = {
  name: 'files',
  commands: fileCommands,
  provider: FilesProvider,
  overlays: [FilesOverlays],
  statusItems: [FilesStatus],
  workspaceParts: [WorkspaceFiles],
  hostParts: [HostFiles],
  views: [
    defineView({
      type: 'files',
      component: FilesPage,
      isFullBleed: true,
      keepsPage: true,
      describe: ({ placeId, path }, state) => {
        const name = placeName(placeId, state);
        const folder = path === null ? 'Files' : baseName(path);
        return {
          title: name === '' ? folder : `${folder} – ${name}`,
          icon: FolderOpen,
          hint: `${path ?? 'Files'} on ${name}`,
        };
      },
    }),
    defineView({
      type: 'file',
      component: FilePage,
      isFullBleed: true,
      tabMark: FileTabMark,
      describe: ({ placeId, path }, state) => ({
        title: baseName(path),
        icon: FileText,
        hint: `${path} on ${placeName(placeId, state)}`,
      }),
      beforeClose: async (ref, { confirm }) => {
        const document = openDocuments.get(ref);
        if (document === undefined || !document.store.getState().isDirty) return true;
        const key = `${ref.placeId} ${ref.path}`;
        // A second press of the close key, while the question is there, must not ask a second time.
        if (asked.has(key)) return false;
        asked.add(key);
        return confirm({
          title: `Close ${baseName(ref.path)} without saving?`,
          body: 'What you changed in it is in this window alone, and is lost.',
          action: 'Close without saving',
          isDangerous: true,
        }).finally(() => asked.delete(key));
      },
    }),
  ],
};
