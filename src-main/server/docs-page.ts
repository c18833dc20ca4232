/** Script and style of the documentation's page. Files of their own on the wire, since the page runs nothing inline. */

export const docsPageScript = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
window.ui = SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#swagger',
  deepLinking: true,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  filter: true,
  showCommonExtensions: true,
  syntaxHighlight: { activated: true },
  // What a page of ours sends with each change; the session's cookie comes by itself.
  requestInterceptor: (request) => {
    request.headers['X-Berth'] = '1';
    return request;
  },
  onComplete: () => {
    const line = document.getElementById(location.hash.slice(1));
    if (line !== null && line.id.startsWith('code-')) line.scrollIntoView({ block: 'center' });
  },
});
`;

export const docsPageStyle = `:root { color-scheme: light dark; }
body { margin: 0; background: #fff; color: #1b1b1f; font: 15px/1.5 system-ui, sans-serif; }
.docs-note, .docs-codes { max-width: 1460px; margin: 0 auto; padding: 1rem 20px; }
.docs-codes table { border-collapse: collapse; width: 100%; }
.docs-codes th, .docs-codes td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #d9d9de; }
.docs-codes tr:target { background: #fff3c4; }
.docs-codes code { font: .9em ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  body { background: #17181c; color: #e7e7ea; }
  a { color: #8ab4ff; }
  .docs-codes th, .docs-codes td { border-color: #34363d; }
  .docs-codes tr:target { background: #4a3f12; }
}
`;
