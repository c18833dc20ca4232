/** Script and style of the documentation's page. Files of their own on the wire, since the page runs nothing inline. */

export const docsPageScript = `const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', follow);
follow();
// Swagger UI takes the address's fragment for one of its own and drops it: a code's is read before.
const wanted = location.hash.slice(1);
const isCode = wanted.startsWith('code-');
const showCode = () => {
  const line = isCode ? document.getElementById(wanted) : null;
  line?.classList.add('is-wanted');
  line?.scrollIntoView({ block: 'center' });
};
window.ui = SwaggerUIBundle({
  url: '/api/openapi.json',
  dom_id: '#swagger',
  deepLinking: !isCode,
  docExpansion: 'none',
  defaultModelsExpandDepth: 0,
  filter: true,
  showCommonExtensions: true,
  syntaxHighlight: { activated: true },
  // What a page of ours sends with each change; the session's cookie comes by itself.
  requestInterceptor: (request) => {
    request.headers['X-Berth'] = '1';
    return request;
  },
  // What is above the codes has its height only now, a frame after it was drawn.
  onComplete: () => requestAnimationFrame(() => requestAnimationFrame(showCode)),
});
`;

export const docsPageStyle = `:root { color-scheme: light dark; }
body { margin: 0; background: #fff; color: #1b1b1f; font: 15px/1.5 system-ui, sans-serif; }
.docs-note, .docs-codes { max-width: 1460px; margin: 0 auto; padding: 1rem 20px; }
.docs-codes table { border-collapse: collapse; width: 100%; }
.docs-codes th, .docs-codes td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #d9d9de; }
.docs-codes tr.is-wanted { background: #fff3c4; }
.docs-codes code { font: .9em ui-monospace, monospace; }
@media (prefers-color-scheme: dark) {
  body { background: #17181c; color: #e7e7ea; }
  a { color: #8ab4ff; }
  .docs-codes th, .docs-codes td { border-color: #34363d; }
  .docs-codes tr.is-wanted { background: #4a3f12; }
}
`;
