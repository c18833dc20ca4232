/** Says what destroying a workspace deletes and what stays, as its host tells; the files go only when asked for by name. */
import { Minus, ShieldCheck } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { DestroyPlan, Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { Switch } from '../../components/choices.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';

interface Plans {
  readonly keeping: DestroyPlan;
  readonly deleting: DestroyPlan;
}

export function DestroyDialog({ workspace, onClose }: { workspace: Workspace; onClose: () => void }) {
  const client = useClient();
  const [plans, setPlans] = useState<Plans | null>(null);
  const [error, setError] = useState<BerthError | null>(null);
  const [isWithFiles, setWithFiles] = useState(false);
  const [typed, setTyped] = useState('');
  const [isBusy, setBusy] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const { id } = workspace;

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt asks again
  useEffect(() => {
    const stop = new AbortController();
    const plan = (keepVolume: boolean) =>
      client.call('workspaces.destroyPlan', { id, keepVolume }, { signal: stop.signal });
    setError(null);
    Promise.all([plan(true), plan(false)]).then(
      ([keeping, deleting]) => setPlans({ keeping, deleting }),
      (cause: unknown) => {
        if (!stop.signal.aborted) setError(toBerthError(cause));
      },
    );
    return () => stop.abort();
  }, [client, id, attempt]);

  const plan = plans === null ? null : isWithFiles ? plans.deleting : plans.keeping;
  const isReady = plan !== null && (!isWithFiles || typed.trim() === workspace.name.trim());
  const destroy = async () => {
    setBusy(true);
    setError(null);
    try {
      await client.call('workspaces.destroy', { id, keepVolume: !isWithFiles });
      onClose();
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };

  return (
    <Dialog
      isOpen
      onClose={onClose}
      title={`Destroy ${workspace.name}?`}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            type="submit"
            form="berth-destroy"
            variant="danger"
            isBusy={isBusy}
            disabled={!isReady}
            reason={plan === null ? 'Its host has not answered yet' : 'Type the name first'}
          >
            {isWithFiles ? 'Destroy workspace and files' : 'Destroy workspace'}
          </Button>
        </>
      }
    >
      <form
        id="berth-destroy"
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady && !isBusy) void destroy();
        }}
      >
        {plan === null && error === null && <LoadingRows label="Asking the host what there is" rows={4} />}
        {plan !== null && (
          <>
            <PlanList title="Deleted for good" items={plan.deletes} isKept={false} />
            <PlanList title="Kept" items={plan.keeps} isKept />
            <Switch
              label="Also delete the files"
              help={`Everything in ${workspace.mountPoint}. This cannot be taken back.`}
              isChecked={isWithFiles}
              onChange={(next) => {
                setWithFiles(next);
                setTyped('');
              }}
            />
            {isWithFiles && (
              <TextField
                label={
                  <>
                    Type <span className="font-code break-all">{workspace.name}</span> to confirm
                  </>
                }
                value={typed}
                onChange={setTyped}
                isCode
              />
            )}
          </>
        )}
        {error !== null && (
          <ErrorNote
            title={plan === null ? 'The host did not say what there is' : 'The workspace was not destroyed'}
            error={error}
            actions={
              plan === null && <Button onClick={() => setAttempt((before) => before + 1)}>Ask again</Button>
            }
          />
        )}
      </form>
    </Dialog>
  );
}

function PlanList(props: { title: string; items: DestroyPlan['deletes']; isKept: boolean }) {
  const { title, items, isKept } = props;
  if (items.length === 0) return null;
  const Icon = isKept ? ShieldCheck : Minus;
  return (
    <section aria-label={title} className="flex flex-col gap-1">
      <h3 className="text-meta font-medium text-muted">{title}</h3>
      <ul className="m-0 flex list-none flex-col gap-1.5 p-0">
        {items.map((item) => (
          <li key={item.what} className="flex items-start gap-2">
            <Icon
              aria-hidden
              size={14}
              className={`mt-[3px] shrink-0 ${isKept ? 'text-running' : 'text-failed'}`}
            />
            <span className="min-w-0 wrap-anywhere">
              {item.what}
              <span className="block text-meta text-muted">{item.detail}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
