/** One person of the list: who, what they have, and what an owner can do about their account. */
import { Ellipsis, UserRound } from 'lucide-react';
import { useState } from 'react';
import type { Role } from '#contract/scopes.ts';
import type { User } from '#contract/users.ts';
import { IconButton } from '../../components/button.tsx';
import { Menu, type MenuEntry } from '../../components/menu.tsx';
import { RelativeTime } from '../../components/relative-time.tsx';
import { Badge } from '../../components/state-mark.tsx';
import { useClient, useConfirm, useNotices } from '../../state/app-context.tsx';
import {
  disableQuestion,
  ownerQuestion,
  passedOn,
  removeQuestion,
  signOutQuestion,
} from './people-questions.ts';
import { QuotaDialog } from './quota-dialog.tsx';
import { quotaLines } from './quota-lines.ts';
import { roleWords, stateWords } from './role-words.ts';

export function PersonRow({ user, isMe }: { user: User; isMe: boolean }) {
  const [isQuotaOpen, setQuotaOpen] = useState(false);
  const state = stateWords[user.state];
  return (
    <li className="flex items-start gap-x-3 px-4 py-3">
      <UserRound aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0 text-muted" />
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span className="font-medium wrap-anywhere" dir="auto">
            {user.name}
          </span>
          <Badge>{roleWords[user.role].name.toLowerCase()}</Badge>
          {isMe && <Badge>you</Badge>}
          {state && <Badge signal={state.signal}>{state.word}</Badge>}
          {user.hasSecondFactor && <Badge>second factor</Badge>}
        </div>
        <div className="text-meta text-muted wrap-anywhere">
          {user.email ?? 'no e-mail address'}
          {' · '}
          {user.lastSeenAt === null ? (
            'never seen'
          ) : (
            <>
              seen <RelativeTime at={user.lastSeenAt} />
            </>
          )}
        </div>
        <ul
          aria-label={`What ${user.name} has`}
          className="tabular m-0 mt-1 flex list-none flex-wrap gap-x-4 gap-y-0.5 p-0 text-meta text-muted"
        >
          {quotaLines(user.usage, user.quota).map(({ key, label, used, limit, part }) => (
            <li key={key} className={part !== null && part >= 1 ? 'text-attention' : undefined}>
              {label} <span className="text-text">{used}</span>
              {limit !== null && ` of ${limit}`}
              {part !== null && part >= 1 && ' (used up)'}
            </li>
          ))}
        </ul>
      </div>
      <PersonMenu user={user} isMe={isMe} onQuota={() => setQuotaOpen(true)} />
      {isQuotaOpen && <QuotaDialog user={user} onClose={() => setQuotaOpen(false)} />}
    </li>
  );
}

interface PersonMenuProps {
  readonly user: User;
  readonly isMe: boolean;
  readonly onQuota: () => void;
}

function PersonMenu({ user, isMe, onQuota }: PersonMenuProps) {
  const client = useClient();
  const confirm = useConfirm();
  const notices = useNotices();
  const { id, name } = user;

  const attempt = async (failure: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (cause) {
      notices.fail(failure, cause);
    }
  };
  const setRole = (role: Role) =>
    attempt(`The role of ${name} was not changed`, async () => {
      if (role === 'owner' && !(await confirm(ownerQuestion(user)))) return;
      await client.call('users.change', { id, role });
    });
  const setDisabled = (isDisabled: boolean) =>
    attempt(`The account of ${name} was not changed`, async () => {
      if (isDisabled && !(await confirm(disableQuestion(user)))) return;
      await client.call('users.change', { id, isDisabled });
    });
  const signOut = () =>
    attempt(`${name} was not signed out`, async () => {
      if (!(await confirm(signOutQuestion(user)))) return;
      await client.call('users.signOut', { id });
      notices.show({ level: 'done', title: `${name} is signed out everywhere` });
    });
  const remove = () =>
    attempt(`The account of ${name} was not removed`, async () => {
      if (!(await confirm(removeQuestion(user)))) return;
      const passed = await client.call('users.remove', { id });
      notices.show({ level: 'done', title: `The account of ${name} is removed`, body: passedOn(passed) });
    });

  const item = (
    label: string,
    run: () => void,
    more: { isDisabled?: boolean; isDangerous?: boolean; isChecked?: boolean } = {},
  ): MenuEntry => ({ kind: 'item', id: label, label, run, ...more });
  const entries: MenuEntry[] = [
    { kind: 'heading', id: 'role', label: 'Role' },
    ...(['owner', 'member', 'viewer'] as const).map((role) =>
      item(
        roleWords[role].name,
        () => {
          if (role !== user.role) void setRole(role);
        },
        { isChecked: user.role === role },
      ),
    ),
    { kind: 'line', id: 'after-role' },
    item('Change limits…', onQuota),
    item('Sign out everywhere…', () => void signOut()),
    ...(isMe
      ? []
      : [
          user.state === 'disabled'
            ? item('Enable account', () => void setDisabled(false))
            : item('Disable account…', () => void setDisabled(true)),
          { kind: 'line', id: 'before-remove' } as const,
          item('Remove account…', () => void remove(), { isDangerous: true }),
        ]),
  ];
  return (
    <Menu
      trigger={<IconButton label={`More acts on ${name}`} icon={Ellipsis} />}
      entries={entries}
      align="end"
    />
  );
}
