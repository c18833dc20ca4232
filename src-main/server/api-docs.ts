/**
 * The documentation for people and programs: the OpenAPI document, and a page that shows it with Swagger UI from this very
 * server. Public, for it says nothing of what is here. Guarantees that the page loads nothing from elsewhere and runs
 * nothing inline; every error code has a line there, which the `type` of a problem leads to.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { errorCodes } from '#contract/error-codes.ts';
import { contentTypes, readUiFile } from '../ui-files.ts';
import { docsPageScript, docsPageStyle } from './docs-page.ts';
import { type DocumentOptions, type OpenApiDocument, openApiDocument } from './openapi-document.ts';
import { jsonAnswer } from './rest/json-answer.ts';

export interface ApiDocsOptions extends DocumentOptions {
  /** The built window; what Swagger UI needs is beside it. */
  readonly uiFolder: string;
}

/** Swagger UI writes style attributes through the DOM, which this allows, and shows its icons as data. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const swaggerFiles = ['swagger-ui.css', 'swagger-ui-bundle.js'] as const;

/** An app to be mounted under /api, before whatever asks for a session. */
export function apiDocs({ uiFolder, ...options }: ApiDocsOptions): Hono {
  const app = new Hono();
  let document: OpenApiDocument | undefined;
  app.get('/openapi.json', (context) => {
    // Made when it is first asked for: a start must not wait for it.
    document ??= openApiDocument(options);
    return jsonAnswer(context, document);
  });
  app.get('/docs', (context) =>
    context.body(page(), 200, {
      'Content-Type': contentTypes['.html'] ?? '',
      'Content-Security-Policy': policy,
      Link: '</api/openapi.json>; rel="service-desc"; type="application/vnd.oai.openapi+json;version=3.1"',
    }),
  );
  app.get('/docs/docs.js', (context) =>
    context.body(docsPageScript, 200, { 'Content-Type': contentTypes['.js'] ?? '' }),
  );
  app.get('/docs/docs.css', (context) =>
    context.body(docsPageStyle, 200, { 'Content-Type': contentTypes['.css'] ?? '' }),
  );
  const folder = swaggerFolder(uiFolder);
  for (const name of swaggerFiles)
    app.get(`/docs/${name}`, async (context) => {
      const file = folder === undefined ? undefined : await readUiFile(folder, `/${name}`);
      if (file === undefined)
        return context.text('The documentation is not built. Run "npm run build".\n', 503);
      // Its content changes with a new Berth alone.
      return context.body(file.body, 200, {
        'Content-Type': file.contentType,
        'Cache-Control': 'public, max-age=3600',
      });
    });
  return app;
}

/** Where the build has put it, or where it was installed, for a Berth that runs from its sources. */
function swaggerFolder(uiFolder: string): string | undefined {
  const built = join(uiFolder, 'api-docs');
  if (existsSync(built)) return built;
  try {
    return dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')));
  } catch {
    return undefined;
  }
}

function page(): string {
  const rows = Object.entries(errorCodes).map(
    ([code, { status, title }]) =>
      `<tr id="code-${code}"><td><code>${code}</code></td><td>${status}</td><td>${title}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width" />
    <meta name="color-scheme" content="light dark" />
    <title>API · Berth</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
    <link rel="stylesheet" href="/api/docs/docs.css" />
    <script src="/api/docs/swagger-ui-bundle.js" defer></script>
    <script src="/api/docs/docs.js" defer></script>
  </head>
  <body>
    <main>
      <div id="swagger"><p class="docs-note">Loading… Without JavaScript, read <a href="/api/openapi.json">the document itself</a>.</p></div>
      <section class="docs-codes" aria-labelledby="codes">
        <h2 id="codes">Error codes</h2>
        <p>The <code>code</code> of a problem document, and the status that it usually comes with.</p>
        <table>
          <thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Title</th></tr></thead>
          <tbody>${rows.join('')}</tbody>
        </table>
      </section>
    </main>
  </body>
</html>
`;
}
