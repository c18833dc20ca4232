/**
 * Builds the three parts: the main process's entries (ES modules), the sandboxed preload (one .cjs, as the sandbox asks)
 * and the window. Native and dynamically loaded packages stay outside: they are the `dependencies` of package.json.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const at = (path: string) => resolve(import.meta.dirname, path);
const external = ['electron', 'keytar', 'ssh2', '@lydell/node-pty', 'undici', 'bufferutil', 'utf-8-validate'];

/** The documentation's page (src-main/server/api-docs.ts) needs these as they are; packages are not shipped. */
function swaggerUi(): Plugin {
  const names = ['swagger-ui.css', 'swagger-ui-bundle.js', 'LICENSE', 'NOTICE'];
  return {
    name: 'berth:swagger-ui',
    apply: 'build',
    generateBundle() {
      for (const name of names)
        this.emitFile({
          type: 'asset',
          fileName: `api-docs/${name}`,
          source: readFileSync(at(`node_modules/swagger-ui-dist/${name}`)),
        });
    },
  };
}

export default defineConfig(({ mode }) => {
  const minify = mode !== 'development';
  return {
    main: {
      build: {
        minify,
        outDir: 'out/main',
        rollupOptions: {
          input: {
            index: at('src-main/index.ts'),
            headless: at('src-main/headless.ts'),
            'plane-process': at('src-main/plane-process.ts'),
          },
          external,
          output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
        },
      },
    },
    preload: {
      build: {
        minify,
        outDir: 'out/preload',
        rollupOptions: {
          input: { index: at('src-preload/index.ts') },
          external: ['electron'],
          output: { format: 'cjs', entryFileNames: '[name].cjs' },
        },
      },
    },
    renderer: {
      root: 'src-renderer',
      plugins: [react(), tailwindcss(), swaggerUi()],
      build: {
        minify,
        outDir: at('out/renderer'),
        // Fonts as files, not as data: the policy then needs no exception, and the first page stays small.
        assetsInlineLimit: 0,
        // KiB. The window comes from this computer; what is heavy (terminals, charts, pages) is loaded when it is shown.
        chunkSizeWarningLimit: 1_200,
        rollupOptions: { input: at('src-renderer/index.html') },
      },
    },
  };
});
