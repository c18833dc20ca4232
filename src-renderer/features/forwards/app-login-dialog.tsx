/**
 * An app's server asks for a name and a password, and Berth has none for it: the person types them, and they go to that
 * server alone. In the desktop; a browser asks by itself.
 */
import { useState } from 'react';
import { useStore } from 'zustand';
import { FormDialog } from '../../components/form-dialog.tsx';
import { PasswordField, TextField } from '../../components/text-field.tsx';
import { useApp, useForward, useViewState } from '../../state/app-context.tsx';
import { allPanes, findTab } from '../../state/panes.ts';
import { appViewStates } from './app-view-states.ts';
import { forwardName } from './forward-words.ts';

export function AppLoginDialog() {
  const logins = useStore(appViewStates.store, (state) => state.logins);
  // One that nobody sees waits until its tab is in front: a question out of nowhere is answered for the wrong app.
  const tabId = useViewState(
    ({ root }) => allPanes(root).find((pane) => logins.has(pane.activeTabId ?? ''))?.activeTabId,
  );
  const realm = tabId == null ? undefined : logins.get(tabId);
  if (tabId == null || realm === undefined) return null;
  return <LoginDialog key={tabId} {...{ tabId, realm }} />;
}

function LoginDialog({ tabId, realm }: { readonly tabId: string; readonly realm: string }) {
  const { shell } = useApp();
  const ref = useViewState(({ root }) => findTab(root, tabId)?.ref);
  const forward = useForward(ref?.type === 'app' ? ref.forwardId : null);
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const answer = (login: { username: string; password: string } | null) => {
    appViewStates.answerLogin(tabId);
    void shell?.request('appViewLogin', { tabId, login });
  };
  const name = forward === undefined ? 'The app' : forwardName(forward);
  return (
    <FormDialog
      title={`Sign in to ${name}`}
      description={
        realm === '' ? 'Its server asks who you are.' : `Its server asks who you are, for “${realm}”.`
      }
      width="small"
      action="Sign in"
      isReady={username !== '' || password !== ''}
      reason="Type a name or a password first"
      isBusy={false}
      failureTitle=""
      failure={null}
      onClose={() => answer(null)}
      onSubmit={() => answer({ username, password })}
    >
      <TextField label="Name" isCode value={username} onChange={setUsername} maxLength={500} />
      <PasswordField label="Password" value={password} onChange={setPassword} maxLength={4096} />
    </FormDialog>
  );
}
