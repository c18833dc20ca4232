/**
 * The password of a workspace's programs: which variable has it, and the ways to see, copy and change it. It is asked of the
 * plane when a person wants it, and leaves the page by itself.
 */
import { Check, Copy, Eye, EyeOff } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { Workspace } from '#contract/workspaces.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { Card, Section } from '../../components/page.tsx';
import { useClient, useMay } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { workspaceDialogs } from './workspace-dialogs.ts';

/** So long a password stays to be read. */
export const shownForMs = 30_000;
const copiedForMs = 2_000;

export function WorkspacePassword({ workspace, isOn }: { workspace: Workspace; isOn: boolean }) {
  const client = useClient();
  const mayUse = useMay('workspaces.write');
  const { isBusy, error, run } = useAct();
  const [shown, setShown] = useState<string | null>(null);
  const [isCopied, setCopied] = useState(false);
  const { id, accessPassword } = workspace;

  // Not past its time, not behind another tab, and not for another password.
  useEffect(() => {
    if (shown === null) return;
    if (!isOn) return setShown(null);
    const timer = setTimeout(() => setShown(null), shownForMs);
    return () => clearTimeout(timer);
  }, [shown, isOn]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another workspace or another password is another question
  useEffect(() => setShown(null), [id, accessPassword]);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), copiedForMs);
    return () => clearTimeout(timer);
  }, [isCopied]);

  if (accessPassword === undefined || !mayUse) return null;
  const read = async () => (await client.call('workspaces.revealPassword', { id })).password;
  return (
    <Section title="Password">
      <Card className="flex flex-col gap-2 px-4 py-3">
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <span
            className="min-w-0 flex-1 basis-64 font-code wrap-anywhere"
            data-selectable
            aria-live="polite"
          >
            {shown ?? (
              <>
                <span aria-hidden>••••••••••••</span>
                <span className="sr-only">hidden</span>
              </>
            )}
          </span>
          <div className="flex flex-wrap gap-2">
            <Button
              icon={shown === null ? Eye : EyeOff}
              isBusy={isBusy}
              onClick={() => {
                if (shown !== null) setShown(null);
                else void run(async () => setShown(await read()));
              }}
            >
              {shown === null ? 'Reveal' : 'Hide'}
            </Button>
            <Button
              icon={isCopied ? Check : Copy}
              onClick={() =>
                void run(async () => {
                  await navigator.clipboard.writeText(shown ?? (await read()));
                  setCopied(true);
                })
              }
            >
              {isCopied ? 'Copied' : 'Copy'}
            </Button>
            <Button onClick={() => workspaceDialogs.open({ kind: 'password', id })}>Change…</Button>
          </div>
        </div>
        <p className="text-meta text-muted">
          Berth puts it in where it opens screens and web apps. In the container it is{' '}
          {accessPassword.delivery === 'file' ? (
            <>
              in the file that <span className="font-code">{accessPassword.variable}_FILE</span> names
            </>
          ) : (
            <>
              the variable <span className="font-code">{accessPassword.variable}</span>
            </>
          )}
          . A change holds from the next restart on.
        </p>
        {error !== null && <ErrorNote title="The password could not be read" error={error} />}
      </Card>
    </Section>
  );
}
