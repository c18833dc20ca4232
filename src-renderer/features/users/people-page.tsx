/** Everybody with an account, for owners: role, state, what they have, and the acts on each. */
import { ScrollText, Search, SearchX, UserPlus, Users } from 'lucide-react';
import { useState } from 'react';
import type { User } from '#contract/users.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { inputClass } from '../../components/field.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Card, Page } from '../../components/page.tsx';
import { useAbout, useCommand, useUsers } from '../../state/app-context.tsx';
import type { ViewProps } from '../../state/feature.ts';
import { InviteDialog } from './invite-dialog.tsx';
import { PersonRow } from './person-row.tsx';

/** From this many people on, they can be searched. */
const manyPeople = 8;
const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' });

export default function PeoplePage(_props: ViewProps<'people'>) {
  const users = useUsers();
  const me = useAbout().value?.user.id;
  const audit = useCommand('audit.open');
  const [isInviting, setInviting] = useState(false);
  const [text, setText] = useState('');
  const others = users.items.filter(({ id }) => id !== me);
  const found = findPeople(users.items, text);
  return (
    <Page
      title="People"
      lead="Who has an account on this Berth. Everybody has projects, workspaces and snapshots of their own; hosts are shared."
      actions={
        <>
          {audit.isShown && (
            <Button icon={ScrollText} onClick={audit.run}>
              Audit log
            </Button>
          )}
          <Button variant="primary" icon={UserPlus} onClick={() => setInviting(true)}>
            Invite…
          </Button>
        </>
      }
    >
      {users.status === 'loading' && <LoadingRows label="Loading the people" />}
      {users.status === 'error' && users.error !== null && (
        <ErrorNote
          title="The people could not be read"
          error={users.error}
          actions={<Button onClick={users.retry}>Read again</Button>}
        />
      )}
      {users.items.length >= manyPeople && (
        <div className="relative">
          <Search aria-hidden size={14} className="absolute top-1/2 left-2.5 -translate-y-1/2 text-muted" />
          <input
            type="search"
            aria-label="Find people"
            placeholder="Find by name or e-mail"
            value={text}
            onChange={(event) => setText(event.target.value)}
            className={`${inputClass} w-full pl-8`}
          />
        </div>
      )}
      {found.length > 0 && (
        <Card>
          <ul aria-label="People" className="m-0 list-none divide-y divide-line p-0">
            {found.map((user) => (
              <PersonRow key={user.id} user={user} isMe={user.id === me} />
            ))}
          </ul>
        </Card>
      )}
      {users.items.length > 0 && found.length === 0 && (
        <EmptyState icon={SearchX} title="Nobody has these words in their name" />
      )}
      {users.status === 'ready' && others.length === 0 && (
        <EmptyState icon={Users} title="Nobody but you yet">
          Whoever you invite chooses a password, and has workspaces on the hosts that you added. They never
          see yours, nor your credentials.
        </EmptyState>
      )}
      {isInviting && <InviteDialog onClose={() => setInviting(false)} />}
    </Page>
  );
}

export function findPeople(users: readonly User[], text: string): readonly User[] {
  const wanted = text.trim().toLocaleLowerCase();
  return users
    .filter(({ name, email }) => `${name} ${email ?? ''}`.toLocaleLowerCase().includes(wanted))
    .toSorted((a, b) => byName.compare(a.name, b.name));
}
