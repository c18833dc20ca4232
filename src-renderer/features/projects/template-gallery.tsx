/** With what a new project begins: nothing, or one that is nearly filled in for an image that many people use. */
import { ExternalLink, FileBox, Monitor, SquareTerminal } from 'lucide-react';
import type { ReactNode } from 'react';
import type { ProjectTemplate } from '#contract/projects.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useApp, useClient } from '../../state/app-context.tsx';
import { openLink } from '../../state/open-link.ts';
import { useAsked } from '../../state/use-asked.ts';

export function useTemplates() {
  const client = useClient();
  return useAsked('templates', (signal) => client.call('projects.templates', {}, { signal }));
}

export function TemplateGallery({ onChoose }: { onChoose: (template: ProjectTemplate | null) => void }) {
  const { answer, error, isAsking, askAgain } = useTemplates();
  return (
    <div className="flex flex-col gap-4">
      <ul aria-label="Templates" className="m-0 grid list-none grid-cols-2 gap-3 p-0 max-sm:grid-cols-1">
        <li className="flex">
          <Choice
            icon={<FileBox aria-hidden size={18} strokeWidth={1.5} />}
            name="Empty project"
            summary="Any image; you say the rest."
            onChoose={() => onChoose(null)}
          />
        </li>
        {answer?.templates.map((template) => (
          <li key={template.id} className="flex">
            <Choice
              icon={
                template.definition.kind === 'desktop' ? (
                  <Monitor aria-hidden size={18} strokeWidth={1.5} />
                ) : (
                  <SquareTerminal aria-hidden size={18} strokeWidth={1.5} />
                )
              }
              name={template.definition.name}
              summary={template.summary}
              image={template.definition.image}
              onChoose={() => onChoose(template)}
            />
          </li>
        ))}
      </ul>
      {isAsking && answer === null && <LoadingRows label="Loading the templates" />}
      {error !== null && (
        <ErrorNote
          title="The templates could not be read"
          error={error}
          actions={<Button onClick={askAgain}>Read again</Button>}
        />
      )}
    </div>
  );
}

function Choice(props: {
  readonly icon: ReactNode;
  readonly name: string;
  readonly summary: string;
  readonly image?: string;
  readonly onChoose: () => void;
}) {
  return (
    <button
      type="button"
      onClick={props.onChoose}
      className="flex w-full min-w-0 items-start gap-3 rounded-md border border-line bg-panel px-3 py-2.5 text-left transition-colors hover:border-muted hover:bg-hover"
    >
      <span className="mt-0.5 shrink-0 text-muted">{props.icon}</span>
      <span className="flex min-w-0 flex-1 flex-col gap-0.5">
        <span className="font-medium">{props.name}</span>
        <span className="text-meta text-muted">{props.summary}</span>
        {props.image !== undefined && (
          <span className="truncate font-code text-small text-muted" title={props.image}>
            {props.image}
          </span>
        )}
      </span>
    </button>
  );
}

/** What a person should know of the template that fills the form. */
export function TemplateNotes({ template }: { template: ProjectTemplate }) {
  const app = useApp();
  const { homepage, notes } = template;
  if (notes.length === 0 && homepage === null) return null;
  return (
    <section
      aria-label="About this template"
      className="flex flex-col items-start gap-2 rounded-md border border-line bg-raised px-3 py-2.5"
    >
      {notes.length > 0 && (
        <ul className="m-0 flex list-disc flex-col gap-1 pl-4 text-muted">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      {homepage !== null && (
        <Button icon={ExternalLink} variant="quiet" onClick={() => openLink(app, homepage)}>
          {new URL(homepage).host}
        </Button>
      )}
    </section>
  );
}
