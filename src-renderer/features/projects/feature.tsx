/** What projects give to the window: the list, the editor, and the making of a workspace from one. */
import { FolderCog, Plus } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { projectCommands } from './project-commands.ts';

const ProjectsPage = lazy(() => import('./projects-page.tsx'));
const ProjectPage = lazy(() => import('./project-page.tsx'));
const NewWorkspacePage = lazy(() => import('./new-workspace-page.tsx'));

export const projectsFeature: Feature = {
  name: 'projects',
  commands: projectCommands,
  views: [
    defineView({
      type: 'projects',
      component: ProjectsPage,
      describe: () => ({ title: 'Projects', icon: FolderCog }),
    }),
    defineView({
      type: 'project',
      component: ProjectPage,
      describe: (ref, state) => {
        if (ref.projectId === null) return { title: 'New project', icon: FolderCog };
        return { title: state.projects.get(ref.projectId)?.name ?? 'Project', icon: FolderCog };
      },
    }),
    defineView({
      type: 'new-workspace',
      scope: 'workspaces.write',
      component: NewWorkspacePage,
      describe: () => ({ title: 'New workspace', icon: Plus }),
    }),
  ],
};
