/**
 * Sharing of one terminal: makes links, shows those that work, ends them. A link is shown once, right after it was made:
 * nobody, not even Berth, can read it again.
 */
import { Eye, Keyboard } from 'lucide-react';
import { useState } from 'react';
import { useStore } from 'zustand';
import type { BerthError } from '#contract/berth-error.ts';
import type { TerminalId } from '#contract/ids.ts';
import { maxShareMinutes, type ShareAccess, type TerminalShare } from '#contract/terminal-shares.ts';
import { Button } from '../../components/button.tsx';
import { RadioGroup } from '../../components/choices.tsx';
import { CopyButton } from '../../components/copy-button.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useShares, useTerminal } from '../../state/app-context.tsx';
import { terminalTitle } from '../../state/marks.ts';
import { toBerthError } from '../../state/to-berth-error.ts';
import { shareDialogs } from './share-dialogs.ts';
import {
  accessWords,
  type ExpiryChoice,
  type ExpiryUnit,
  expiryChoices,
  expiryUnits,
  isOwnComputer,
  minutesOf,
  watchingWords,
} from './share-words.ts';

/** Mounted once; draws the dialog of the terminal that a command asked for. */
export function ShareDialogs() {
  const id = useStore(shareDialogs.store, (state) => state.terminalId);
  return id === null ? null : <ShareDialog key={id} id={id} />;
}

interface MadeLink {
  readonly share: TerminalShare;
  readonly url: string;
}

function ShareDialog({ id }: { id: TerminalId }) {
  const terminal = useTerminal(id);
  const shares = useShares();
  const [made, setMade] = useState<MadeLink | null>(null);
  const own = shares.items.filter(({ terminalId }) => terminalId === id);
  const isMadeAlive = made !== null && own.some((share) => share.id === made.share.id);
  return (
    <Dialog
      isOpen
      onClose={shareDialogs.close}
      title={`Share ${terminal === undefined ? 'terminal' : terminalTitle(terminal)}`}
      description="Whoever has the link sees this one terminal and nothing else, until the link ends or the terminal does."
      footer={<Button onClick={shareDialogs.close}>Close</Button>}
    >
      <div className="flex flex-col gap-4">
        <NewLink id={id} onMade={setMade} />
        {isMadeAlive && <Link key={made.url} made={made} />}
        <LiveLinks shares={own} isLoading={shares.status === 'loading'} />
      </div>
    </Dialog>
  );
}

function NewLink({ id, onMade }: { id: TerminalId; onMade: (made: MadeLink) => void }) {
  const client = useClient();
  const [access, setAccess] = useState<ShareAccess>('read');
  const [expiry, setExpiry] = useState<ExpiryChoice>('60');
  const [count, setCount] = useState('2');
  const [unit, setUnit] = useState<ExpiryUnit>('60');
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const minutes = expiry === 'custom' ? minutesOf(count, unit, maxShareMinutes) : Number(expiry);
  const create = async () => {
    if (typeof minutes === 'string') return;
    setBusy(true);
    setError(null);
    try {
      const { share, path } = await client.call('terminals.share', { id, access, expiresInMinutes: minutes });
      onMade({ share, url: new URL(path, window.location.origin).href });
    } catch (cause) {
      setError(toBerthError(cause));
    }
    setBusy(false);
  };
  return (
    <form
      className="flex flex-col gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void create();
      }}
    >
      <RadioGroup
        label="Whoever opens the link"
        value={access}
        onChange={setAccess}
        options={[
          { value: 'read', label: accessWords.read.owner, help: 'Sees the screen. Keys do nothing.' },
          {
            value: 'write',
            label: accessWords.write.owner,
            help: 'Runs anything that you can run here. Only for people to whom you would hand your keyboard.',
          },
        ]}
      />
      <div className="flex flex-wrap items-end gap-2">
        <div className="min-w-36 flex-1">
          <Select label="Ends after" value={expiry} onChange={setExpiry} options={expiryChoices} />
        </div>
        {expiry === 'custom' && (
          <>
            <TextField
              label="How long"
              inputMode="numeric"
              className="w-20"
              value={count}
              onChange={setCount}
            />
            <div className="w-28">
              <Select label="Unit" value={unit} onChange={setUnit} options={expiryUnits} />
            </div>
          </>
        )}
        <Button
          type="submit"
          variant="primary"
          isBusy={isBusy}
          disabled={typeof minutes === 'string'}
          reason="How long is not a time of a minute to seven days"
        >
          Create link
        </Button>
      </div>
      {typeof minutes === 'string' && (
        <p role="alert" className="text-meta text-failed">
          How long {minutes}.
        </p>
      )}
      {error !== null && <ErrorNote title="The terminal was not shared" error={error} />}
    </form>
  );
}

function Link({ made: { share, url } }: { made: MadeLink }) {
  return (
    <section className="flex flex-col gap-2 rounded-md border border-line bg-panel p-3">
      <TextField
        label={`New link: ${accessWords[share.access].owner.toLowerCase()}`}
        isCode
        readOnly
        value={url}
        onChange={() => undefined}
        onFocus={(event) => event.currentTarget.select()}
      />
      <div className="flex flex-wrap items-start justify-between gap-2">
        <p className="min-w-0 flex-1 text-meta text-muted">
          It is shown this once, and asks for no password.
          {isOwnComputer(window.location.hostname) &&
            ' This Berth listens on its own computer only: elsewhere the link works through a tunnel or a proxy.'}
        </p>
        <CopyButton text={url} label="Copy link" />
      </div>
    </section>
  );
}

function LiveLinks({ shares, isLoading }: { shares: readonly TerminalShare[]; isLoading: boolean }) {
  if (isLoading) return null;
  return (
    <section className="flex flex-col gap-1">
      <h3 className="text-meta font-medium">Links that work</h3>
      {shares.length === 0 ? (
        <p className="text-muted">None: nobody but you sees this terminal.</p>
      ) : (
        <ul className="flex flex-col">
          {shares.map((share) => (
            <LiveLink key={share.id} share={share} />
          ))}
        </ul>
      )}
    </section>
  );
}

function LiveLink({ share }: { share: TerminalShare }) {
  const client = useClient();
  const [error, setError] = useState<BerthError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const Icon = share.access === 'write' ? Keyboard : Eye;
  const revoke = async () => {
    setBusy(true);
    setError(null);
    try {
      await client.call('terminals.unshare', { shareId: share.id });
    } catch (cause) {
      setError(toBerthError(cause));
      setBusy(false);
    }
  };
  return (
    <li className="flex flex-col gap-2 border-t border-line py-2 first:border-t-0">
      <div className="flex items-center gap-3">
        <Icon aria-hidden size={15} strokeWidth={1.75} className="shrink-0 text-muted" />
        <div className="tabular min-w-0 flex-1">
          <span className="block">
            {accessWords[share.access].owner} · {watchingWords(share.viewerCount)}
          </span>
          <span className="block text-meta text-muted">
            ends <RelativeTime at={share.expiresAt} />, made <RelativeTime at={share.createdAt} />
          </span>
        </div>
        <Button onClick={() => void revoke()} isBusy={isBusy}>
          Revoke
        </Button>
      </div>
      {error !== null && <ErrorNote title="The link was not revoked for good" error={error} />}
    </li>
  );
}
