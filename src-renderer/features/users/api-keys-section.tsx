/** Keys with which programs act for one: made, shown once, listed by their first characters, removed. */
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import type { ApiKey } from '#contract/account.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Section } from '../../components/page.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import { useAbout, useApiKeys, useClient, useConfirm, useNotices } from '../../state/app-context.tsx';
import { ApiKeyDialog } from './api-key-dialog.tsx';
import { scopeSummary } from './scope-words.ts';

export function ApiKeysSection() {
  const keys = useApiKeys();
  const [isMaking, setMaking] = useState(false);
  const items = keys.items.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt));
  return (
    <Section
      title="API keys"
      actions={
        <Button icon={Plus} onClick={() => setMaking(true)}>
          New key…
        </Button>
      }
    >
      {keys.status === 'loading' && <LoadingRows label="Loading your API keys" rows={2} />}
      {keys.status === 'error' && keys.error !== null && (
        <ErrorNote
          title="Your API keys could not be read"
          error={keys.error}
          actions={<Button onClick={keys.retry}>Read again</Button>}
        />
      )}
      {keys.status === 'ready' && items.length === 0 && (
        <EmptyState icon={KeyRound} title="No keys yet">
          A script sends a key in place of a sign-in. It can do what you choose, and never more than you can.
        </EmptyState>
      )}
      {items.length > 0 && (
        <Card>
          <ul aria-label="API keys" className="m-0 list-none divide-y divide-line p-0">
            {items.map((apiKey) => (
              <Row key={apiKey.id} apiKey={apiKey} />
            ))}
          </ul>
        </Card>
      )}
      {isMaking && <ApiKeyDialog onClose={() => setMaking(false)} />}
    </Section>
  );
}

function Row({ apiKey }: { apiKey: ApiKey }) {
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const own = useAbout().value?.scopes ?? [];
  const isExpired = apiKey.expiresAt !== null && Date.parse(apiKey.expiresAt) <= Date.now();
  const remove = async () => {
    const isAgreed = await confirm({
      title: `Remove the key ${apiKey.name}?`,
      body: 'Whatever uses it is refused from now on. It cannot be brought back.',
      deletes: [`API key “${apiKey.name}” (${apiKey.hint})`],
      action: 'Remove key',
      isDangerous: true,
    });
    if (!isAgreed) return;
    try {
      await client.call('apiKeys.remove', { id: apiKey.id });
    } catch (cause) {
      notices.fail(`${apiKey.name} was not removed`, cause);
    }
  };
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5">
      <KeyRound aria-hidden size={16} strokeWidth={1.75} className="shrink-0 text-muted" />
      <div className="min-w-0 flex-1 basis-56">
        <div className="flex flex-wrap items-center gap-x-2">
          <span className="font-medium wrap-anywhere" dir="auto">
            {apiKey.name}
          </span>
          <span className="font-code text-meta text-muted">{apiKey.hint}</span>
          {isExpired && <Badge signal="stopped">expired</Badge>}
        </div>
        <div className="text-meta text-muted wrap-anywhere">{scopeSummary(apiKey.scopes, own)}</div>
        <div className="text-meta text-muted">
          {apiKey.usedAt === null ? (
            'Never used'
          ) : (
            <>
              Used <RelativeTime at={apiKey.usedAt} />
            </>
          )}
          {' · '}
          {apiKey.expiresAt === null ? (
            'never expires'
          ) : (
            <>
              {isExpired ? 'expired ' : 'expires '}
              <RelativeTime at={apiKey.expiresAt} />
            </>
          )}
        </div>
      </div>
      <Button variant="quiet" aria-label={`Remove ${apiKey.name}`} onClick={() => void remove()}>
        Remove…
      </Button>
    </li>
  );
}
