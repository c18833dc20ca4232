/**
 * Adding a host, as a short conversation: one line that understands what people have at hand, what Berth made of it,
 * then a real connection with what it found, and only then the host is kept.
 */
import { ArrowRight, Cpu, KeyRound, Server, SquareTerminal } from 'lucide-react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import { errorCodes } from '#contract/error-codes.ts';
import type { HostCandidate, HostDefinition } from '#contract/hosts.ts';
import type { OutputOf } from '#contract/index.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Fingerprint } from '../../components/code-block.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { StateMark } from '../../components/state-mark.tsx';
import { TextField } from '../../components/text-field.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { useClient, useCommand, useViewActions } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { errorBesideFields, fieldErrors } from '../../state/field-errors.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { DefinitionFields, showsField } from './definition-fields.tsx';
import { failureAtField } from './failure-at-field.ts';
import { Findings } from './findings.tsx';
import { hostAddress } from './host-words.ts';
import { MachineFacts } from './machine-facts.tsx';
import { useShownFailure } from './shown-failure.ts';

type Candidates = OutputOf<'hosts.candidates'>;
type Tested = OutputOf<'hosts.test'>;

interface Draft {
  readonly name: string;
  readonly definition: HostDefinition;
  readonly effective: readonly { label: string; value: string; source: string }[];
}

export default function AddHostPage({ tabId }: ViewProps<'add-host'>) {
  const client = useClient();
  const view = useViewActions();
  const [text, setText] = useState('');
  const [draft, setDraft] = useState<Draft | null>(null);

  const add = async (name: string, definition: HostDefinition) => {
    const host = await client.call('hosts.add', { name, definition });
    view.replace(tabId, { type: 'host', hostId: host.id });
  };

  return (
    <Page
      title="Add a host"
      lead="A machine with Docker that you can reach over SSH, or this computer. Nothing is installed on it."
      width="text"
    >
      {draft === null ? (
        <Opening text={text} onText={setText} onDraft={setDraft} />
      ) : (
        <Review key={hostAddress(draft.definition)} draft={draft} onBack={() => setDraft(null)} onAdd={add} />
      )}
    </Page>
  );
}

function Opening(props: {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly onDraft: (draft: Draft) => void;
}) {
  const { text, onText, onDraft } = props;
  const client = useClient();
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [candidates, setCandidates] = useState<Candidates | null>(null);
  const [candidatesError, setCandidatesError] = useState<BerthError | null>(null);
  const input = useRef<HTMLInputElement>(null);
  const create = useCommand('machine.create');
  const beside = errorBesideFields(error, (field) => field === 'text');

  useEffect(() => {
    input.current?.focus();
    const stop = new AbortController();
    client.call('hosts.candidates', {}, { signal: stop.signal }).then(setCandidates, (cause: unknown) => {
      if (!stop.signal.aborted) setCandidatesError(toBerthError(cause));
    });
    return () => stop.abort();
  }, [client]);

  const interpret = async () => {
    setBusy(true);
    setError(null);
    try {
      const { name, definition, effective } = await client.call('hosts.interpret', { text });
      onDraft({ name, definition, effective });
    } catch (cause) {
      setError(toBerthError(cause));
    } finally {
      setBusy(false);
    }
  };

  return (
    <>
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim() !== '') void interpret();
        }}
      >
        <div className="flex items-start gap-2">
          <TextField
            ref={input}
            className="flex-1"
            label="Server"
            isCode
            placeholder="you@server.example"
            help="An address, a name of your SSH configuration, or a whole ssh command."
            value={text}
            error={fieldErrors(error).text ?? null}
            onChange={(next) => {
              onText(next);
              setError(null);
            }}
          />
          <Button
            type="submit"
            variant="primary"
            isBusy={isBusy}
            disabled={text.trim() === ''}
            className="mt-[21px]"
          >
            Continue
          </Button>
        </div>
        {beside !== null && <ErrorNote title={errorCodes[beside.code].title} error={beside} />}
      </form>

      <Section title="Found on this computer">
        {candidatesError !== null && (
          <ErrorNote title="This computer could not be searched" error={candidatesError} />
        )}
        {candidates === null && candidatesError === null && (
          <LoadingRows label="Looking on this computer" rows={2} />
        )}
        {candidates !== null && <CandidateList candidates={candidates} onDraft={onDraft} />}
      </Section>
      {create.isShown && (
        <p className="text-muted">
          No machine at hand?{' '}
          <button type="button" onClick={create.run} className="rounded-sm text-accent hover:underline">
            Create one at a provider
          </button>
          : Berth rents it and sets it up.
        </p>
      )}
    </>
  );
}

const candidateIcons = {
  'engine-socket': Cpu,
  'ssh-config': SquareTerminal,
  'known-agent': KeyRound,
} as const;

function CandidateList({
  candidates: { candidates, agent, warnings },
  onDraft,
}: {
  candidates: Candidates;
  onDraft: (draft: Draft) => void;
}) {
  if (candidates.length === 0)
    return (
      <p className="text-muted">
        No Docker socket and no name in the SSH configuration. Type the server’s address above.
      </p>
    );
  return (
    <>
      <Card>
        <ul aria-label="Found on this computer" className="divide-y divide-line">
          {candidates.map((candidate) => (
            <CandidateRow
              key={`${candidate.source} ${candidate.name} ${candidate.detail}`}
              candidate={candidate}
              onChoose={() =>
                onDraft({ name: candidate.name, definition: candidate.definition, effective: [] })
              }
            />
          ))}
        </ul>
      </Card>
      {agent !== null && (
        <p className="text-meta text-muted">
          An SSH agent runs with {agent.keys.length} {agent.keys.length === 1 ? 'key' : 'keys'}; Berth offers
          at most five of them, or the one that you name.
        </p>
      )}
      {warnings.length > 0 && (
        <ul className="text-meta text-muted">
          {warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function CandidateRow({ candidate, onChoose }: { candidate: HostCandidate; onChoose: () => void }) {
  const Icon = candidateIcons[candidate.source] ?? Server;
  return (
    <li>
      <button
        type="button"
        onClick={onChoose}
        className="focus-inset flex w-full items-center gap-3 px-3 py-2 text-left transition-colors hover:bg-hover"
      >
        <Icon aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium" dir="auto">
            {candidate.name}
          </span>
          <span className="block truncate text-meta text-muted">{candidate.detail}</span>
        </span>
        <ArrowRight aria-hidden size={15} className="shrink-0 text-muted" />
      </button>
    </li>
  );
}

function Review(props: {
  readonly draft: Draft;
  readonly onBack: () => void;
  readonly onAdd: (name: string, definition: HostDefinition) => Promise<void>;
}) {
  const client = useClient();
  const [name, setName] = useState(props.draft.name);
  const [definition, setDefinition] = useState(props.draft.definition);
  const [tested, setTested] = useState<Tested | null>(null);
  const [error, setError] = useState<BerthError | null>(null);
  const [phase, setPhase] = useState<'idle' | 'testing' | 'adding'>('idle');
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const errors = { ...fieldErrors(error), ...failureAtField(error, definition) };
  const beside =
    Object.keys(failureAtField(error, definition)).length > 0 ? null : errorBesideFields(error, showsField);

  // What the plane would not keep either cannot be added all the same.
  const isFailedTrial = error !== null && error.code !== 'invalid-input' && error.code !== 'host.name-taken';

  const change = (next: HostDefinition) => {
    setDefinition(next);
    setTested(null);
    setError(null);
  };
  const test = async () => {
    const stop = new AbortController();
    running.current = stop;
    setPhase('testing');
    setError(null);
    setTested(null);
    try {
      setTested(await client.call('hosts.test', { definition, hostId: null }, { signal: stop.signal }));
    } catch (cause) {
      if (!stop.signal.aborted) setError(toBerthError(cause));
    } finally {
      setPhase('idle');
    }
  };
  const add = async () => {
    setPhase('adding');
    setError(null);
    try {
      await props.onAdd(name, definition);
    } catch (cause) {
      setError(toBerthError(cause));
      setPhase('idle');
    }
  };

  const form = useRef<HTMLFormElement>(null);
  useShownFailure(form, error);

  return (
    <form
      ref={form}
      className="flex flex-col gap-6"
      onSubmit={(event) => {
        event.preventDefault();
        if (phase === 'idle') void (tested === null ? test() : add());
      }}
    >
      <div className="flex flex-col gap-3">
        <TextField
          label="Name"
          help="How the host is called in Berth."
          value={name}
          error={errors.name ?? null}
          onChange={(next) => {
            setName(next);
            setError(null);
          }}
        />
        {definition.kind === 'ssh' ? (
          <DefinitionFields definition={definition} errors={errors} onChange={change} />
        ) : (
          <TextField
            label="Engine socket"
            isCode
            isOptional
            help="Empty finds it the way the Docker command line does."
            value={definition.socketPath ?? ''}
            error={errors['definition.socketPath'] ?? null}
            onChange={(path) => change({ kind: 'local', socketPath: path.trim() === '' ? null : path })}
          />
        )}
        <Effective rows={props.draft.effective.filter((row) => !inFields.has(row.source))} />
      </div>

      {beside !== null && <ErrorNote title={errorCodes[beside.code].title} error={beside} />}
      {phase === 'testing' && (
        <div role="status" className="flex items-center gap-3 text-muted">
          <StateMark signal="busy" word="Connecting" />
          Berth asks here if it needs to know something.
        </div>
      )}
      {tested !== null && <Found tested={tested} />}

      <div className="flex flex-wrap gap-2">
        {tested === null ? (
          <Button type="submit" variant="primary" isBusy={phase === 'testing'}>
            Connect
          </Button>
        ) : (
          <Button type="submit" variant="primary" isBusy={phase === 'adding'}>
            Add host
          </Button>
        )}
        {phase === 'testing' ? (
          <Button onClick={() => running.current?.abort()}>Cancel</Button>
        ) : (
          <Button variant="quiet" onClick={props.onBack}>
            Back
          </Button>
        )}
        {isFailedTrial && phase === 'idle' && definition.kind === 'ssh' && (
          <Button variant="quiet" onClick={() => void add()}>
            Add all the same
          </Button>
        )}
      </div>
    </form>
  );
}

/** What was typed, and what nobody said, already stands in the fields. */
const inFields: ReadonlySet<string> = new Set(['typed', 'default']);

function Effective({ rows }: { rows: Draft['effective'] }) {
  if (rows.length === 0) return null;
  return (
    <dl className="grid grid-cols-[auto_1fr_auto] gap-x-4 gap-y-1 text-meta">
      {rows.map((row) => (
        <div key={`${row.label} ${row.value}`} className="contents">
          <dt className="text-muted">{row.label}</dt>
          <dd className="m-0 min-w-0 font-code wrap-anywhere">{row.value}</dd>
          <dd className="m-0 text-muted">{row.source}</dd>
        </div>
      ))}
    </dl>
  );
}

function Found({ tested }: { tested: Tested }): ReactNode {
  const { hostKey } = tested.facts;
  return (
    <Section title="Connected">
      <MachineFacts facts={tested.facts} roundTripMs={tested.roundTripMs} />
      {hostKey !== null && <Fingerprint type={hostKey.type} value={hostKey.fingerprint} />}
      <Findings findings={tested.findings} />
    </Section>
  );
}
