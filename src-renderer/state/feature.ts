/**
 * What a feature gives to the window. Each feature exports one `Feature` value from `features/<noun>/feature.ts`; app.tsx
 * joins them. Nothing registers itself and no feature imports another: they meet through commands and `ViewRef`s.
 */
import type { ComponentType, ReactNode } from 'react';
import type { LucideIcon } from 'lucide-react';
import type { Host } from '#contract/hosts.ts';
import type { Scope } from '#contract/scopes.ts';
import type { Workspace } from '#contract/workspaces.ts';
import type { AppState, Command, CommandContext } from './commands.ts';
import type { ViewRefOf, ViewType } from './view-ref.ts';

/** The five signals, each with an icon, a word and a colour (components/state-mark.tsx). */
export type Signal = 'running' | 'busy' | 'attention' | 'failed' | 'stopped';
export interface Mark {
  readonly signal: Signal;
  /** One or two words, as "running" or "needs you". */
  readonly word: string;
}

export interface ViewProps<T extends ViewType> {
  readonly view: ViewRefOf<T>;
  readonly tabId: string;
  /** The tab is in front in its pane. A page that is not keeps its state and should do no work. */
  readonly isVisible: boolean;
  /** The pane has the keyboard as well. */
  readonly isActive: boolean;
}

export interface ViewDescription {
  readonly title: string;
  readonly icon: LucideIcon;
  readonly mark?: Mark | null;
  /** Full text for the tooltip, as "bash — api-server on atlas". */
  readonly hint?: string;
}

export interface ViewDefinition<T extends ViewType = ViewType> {
  readonly type: T;
  readonly component: ComponentType<ViewProps<T>>;
  /** A page about what needs it: closed, where it was left open, for who lacks it. */
  readonly scope?: Scope;
  /** Not in the desktop, not even by a link to it: nobody signs in there. */
  readonly isServedOnly?: boolean;
  /** Pure: title, icon and mark of its tab. Also right while the thing is not loaded yet or gone. */
  readonly describe: (ref: ViewRefOf<T>, state: AppState) => ViewDescription;
  /** Asked before its tab closes; false keeps the tab. Ends what the tab owns (a terminal), if it owns something. */
  readonly beforeClose?: (ref: ViewRefOf<T>, context: CommandContext) => Promise<boolean>;
  /** Drawn on the tab, for what only this window knows and what changes by itself. */
  readonly tabMark?: ComponentType<{ view: ViewRefOf<T> }>;
  /** A second line for the tooltip, asked for when the pointer comes; null: there is none. */
  readonly readHint?: (ref: ViewRefOf<T>) => string | null;
  /** The page scrolls and pads by itself (a terminal). Default: it gets a scrolling column. */
  readonly isFullBleed?: boolean;
  /** Another reference of its type in the same tab is the same page gone on (a folder to the next): it is not drawn anew. */
  readonly keepsPage?: boolean;
}

/** A definition whose own type is checked, then stored with the others. */
export function defineView<T extends ViewType>(definition: ViewDefinition<T>): ViewDefinition {
  return definition as unknown as ViewDefinition;
}

/** A part of a workspace's page that another feature draws: it is only handed what it is about. */
export interface WorkspacePartProps {
  readonly workspace: Workspace;
  readonly isVisible: boolean;
}

/** As `WorkspacePartProps`, for a host's page. */
export interface HostPartProps {
  readonly host: Host;
  readonly isVisible: boolean;
}

export interface Feature {
  readonly name: string;
  readonly views?: readonly ViewDefinition[];
  readonly commands?: readonly Command[];
  /** Mounted once, over everything: dialogs that open by themselves (questions of a connection). */
  readonly overlays?: readonly ComponentType[];
  /** Parts of the status bar, from left to right. Must only say true things. */
  readonly statusItems?: readonly ComponentType[];
  /** Above a workspace's page: what waits for a decision, what is under way. */
  readonly workspaceBands?: readonly ComponentType<WorkspacePartProps>[];
  /** Sections of the overview of a workspace's page. */
  readonly workspaceParts?: readonly ComponentType<WorkspacePartProps>[];
  /** Above a host's page: what it is besides a host. */
  readonly hostBands?: readonly ComponentType<HostPartProps>[];
  /** Sections of a host's page. */
  readonly hostParts?: readonly ComponentType<HostPartProps>[];
  /** At the head of the first page: what a person may want to do once, and can put away. */
  readonly homeParts?: readonly ComponentType[];
  /** Wraps the whole window, as for a context of the feature. */
  readonly provider?: ComponentType<{ children: ReactNode }>;
}
