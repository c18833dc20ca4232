/**
 * The page behind the one-time link for as long as the window is not built: whole in itself. A built window has its own
 * (src-renderer/sign-in.tsx), which knows passwords, too. The ticket is in the
 * fragment, which no browser sends in a request or a Referer; the page takes it out of the address before it uses it.
 */
export const signInPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="data:," />
    <title>Sign in · Berth</title>
    <style>
      body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 15px/1.5 system-ui, sans-serif; }
      main { max-width: 26rem; padding: 2rem; }
      h1 { font-size: 1.25rem; font-weight: 600; margin: 0 0 .5rem; }
      p { margin: .5rem 0; }
      code { font: .9em ui-monospace, monospace; padding: .1em .35em; border: 1px solid; border-radius: 4px; opacity: .85; }
    </style>
    <script type="module" src="/sign-in.js"></script>
  </head>
  <body>
    <main>
      <h1 id="title">Signing in…</h1>
      <p id="text" role="status">One moment.</p>
      <p id="how" hidden>On the computer where Berth runs, <code>berth link</code> prints a new link. Open it here.</p>
      <noscript><p>Berth needs JavaScript.</p></noscript>
    </main>
  </body>
</html>
`;

export const signInScript = `const say = (title, text) => {
  document.getElementById('title').textContent = title;
  document.getElementById('text').textContent = text;
  document.getElementById('how').hidden = false;
};
const signIn = async () => {
  const ticket = location.hash.slice(1);
  history.replaceState(null, '', '/sign-in');
  if (ticket === '') return say('Sign in', 'This browser is not signed in to Berth.');
  // A code alone comes from the way to an identity provider and back; nobody else's words are ever shown here.
  if (ticket === 'error=account.provider-failed')
    return say('The identity provider does not answer', 'Try again in a minute.');
  if (ticket.startsWith('error=')) return say('That did not work', 'The sign-in was refused. Begin it again.');
  try {
    const response = await fetch('/api/v1/session', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-Berth': '1' },
      body: JSON.stringify({ ticket }),
      cache: 'no-store',
    });
    if (response.ok) return location.replace('/');
    const { error } = await response.json();
    say('That did not work', error.message);
  } catch {
    say('Berth does not answer', 'Is it still running?');
  }
};
addEventListener('hashchange', signIn);
signIn();
`;
