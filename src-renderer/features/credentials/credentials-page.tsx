/** Secrets by their labels: where they are kept, which there are, and their replacing and removing. */
import { KeyRound, Plus, RectangleEllipsis } from 'lucide-react';
import { useState } from 'react';
import type { Credential } from '#contract/credentials.ts';
import type { Host } from '#contract/hosts.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { useClient, useConfirm, useCredentials, useHosts, useNotices } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { CredentialDialog } from './credential-dialog.tsx';
import { kindWords } from './credential-words.ts';
import { SecretStoreCard } from './secret-store-card.tsx';

export default function CredentialsPage(_props: ViewProps<'credentials'>) {
  const credentials = useCredentials();
  const [dialog, setDialog] = useState<{ replaces?: Credential } | null>(null);
  return (
    <Page
      title="Credentials"
      lead="Keys and passwords that hosts refer to. A secret goes in and never comes out again."
      actions={
        <Button variant="primary" icon={Plus} onClick={() => setDialog({})}>
          Keep a secret
        </Button>
      }
    >
      <SecretStoreCard />
      <Section title="Kept secrets">
        {credentials.status === 'loading' && <LoadingRows label="Loading the credentials" />}
        {credentials.status === 'error' && credentials.error !== null && (
          <ErrorNote
            title="The credentials could not be read"
            error={credentials.error}
            actions={<Button onClick={credentials.retry}>Read again</Button>}
          />
        )}
        {credentials.status === 'ready' && credentials.items.length === 0 && (
          <EmptyState icon={KeyRound} title="Nothing kept yet">
            Berth keeps a password or passphrase here when you tick “Remember”, and a key when you paste it.
            Keys in files and agents stay where they are.
          </EmptyState>
        )}
        {credentials.items.length > 0 && (
          <Card>
            <ul aria-label="Kept secrets" className="m-0 list-none divide-y divide-line p-0">
              {credentials.items.map((credential) => (
                <Row
                  key={credential.id}
                  credential={credential}
                  onReplace={() => setDialog({ replaces: credential })}
                />
              ))}
            </ul>
          </Card>
        )}
      </Section>
      {dialog !== null && <CredentialDialog {...dialog} onClose={() => setDialog(null)} />}
    </Page>
  );
}

function Row({ credential, onReplace }: { credential: Credential; onReplace: () => void }) {
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const users = useHosts().items.filter((host) => refersTo(host, credential.id));
  const Icon = credential.kind === 'private-key' ? KeyRound : RectangleEllipsis;
  const remove = async () => {
    const isAgreed = await confirm({
      title: `Delete ${credential.label}?`,
      body: 'The secret is deleted from the keychain and cannot be brought back.',
      deletes: [`${kindWords[credential.kind]} “${credential.label}”`],
      action: 'Delete secret',
      isDangerous: true,
    });
    if (!isAgreed) return;
    try {
      await client.call('credentials.remove', { id: credential.id });
    } catch (cause) {
      notices.fail(`${credential.label} was not deleted`, cause);
    }
  };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
      <Icon aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
      <div className="min-w-0 flex-1 basis-48">
        <div className="font-medium wrap-anywhere" dir="auto">
          {credential.label}
        </div>
        <div className="text-meta text-muted wrap-anywhere">
          {kindWords[credential.kind]}
          {credential.publicKey !== null && credential.publicKey.fingerprint !== '' && (
            <>
              {' · '}
              {credential.publicKey.type}{' '}
              <span className="font-code" data-selectable>
                {credential.publicKey.fingerprint}
              </span>
              {credential.publicKey.isEncrypted && ' · encrypted'}
            </>
          )}
          {' · kept '}
          <RelativeTime at={credential.createdAt} />
        </div>
        <div className="truncate text-meta text-muted">
          {users.length === 0 ? 'No host uses it' : `Used by ${users.map((host) => host.name).join(', ')}`}
        </div>
      </div>
      <div className="flex items-center max-sm:ml-4 max-sm:basis-full">
        <Button variant="quiet" onClick={onReplace}>
          Replace…
        </Button>
        <Button
          variant="quiet"
          disabled={users.length > 0}
          reason="A host uses it"
          onClick={() => void remove()}
        >
          Delete…
        </Button>
      </div>
    </li>
  );
}

/** Whether a definition names this credential anywhere, at its target or at a jump. */
function refersTo(host: Host, id: Credential['id']): boolean {
  if (host.definition.kind !== 'ssh') return false;
  return [host.definition.auth, ...host.definition.jumps.map((jump) => jump.auth)].some((auth) => {
    if (auth.method === 'password') return auth.credentialId === id;
    if (auth.method !== 'key') return false;
    return auth.passphraseId === id || (auth.source.kind === 'credential' && auth.source.credentialId === id);
  });
}
