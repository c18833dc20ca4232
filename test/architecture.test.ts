/** The rules of the house that no compiler checks: who imports whom, where files are and what they may hold. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { commonErrorCodes, errorCodes } from '#contract/error-codes.ts';
import { contract } from '#contract/index.ts';
import { scopes } from '#contract/scopes.ts';
import { type Import, objectionTo, roomOf, rooms } from './import-table.ts';

const root = join(import.meta.dirname, '..');
const pathsOf = (pattern: string) =>
  globSync(pattern, { cwd: root })
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
const textOf = (path: string) => readFileSync(join(root, path), 'utf8');

const sources = pathsOf('src-*/**/*.{ts,tsx}');
const tests = pathsOf('test/**/*.test.{ts,tsx}');
const trees = new Map(sources.map((path) => [path, parse(path, textOf(path))]));

function parse(path: string, text: string): ts.SourceFile {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true, kind);
}

function nodesOf(node: ts.Node, found: ts.Node[] = []): ts.Node[] {
  found.push(node);
  ts.forEachChild(node, (child) => void nodesOf(child, found));
  return found;
}

function importsOf(file: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean) => {
    if (specifier && ts.isStringLiteralLike(specifier))
      found.push({ target: resolve(file.fileName, specifier.text), isTypeOnly });
  };
  for (const node of nodesOf(file)) {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const names = clause?.namedBindings;
      const areAllTypes =
        clause !== undefined &&
        clause.name === undefined &&
        names !== undefined &&
        ts.isNamedImports(names) &&
        names.elements.length > 0 &&
        names.elements.every((element) => element.isTypeOnly);
      add(node.moduleSpecifier, clause?.phaseModifier === ts.SyntaxKind.TypeKeyword || areAllTypes);
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
  }
  return found;
}

function resolve(from: string, specifier: string): string {
  // What follows ? tells the bundler what to make of the file.
  if (specifier.startsWith('.'))
    return join(dirname(from), specifier.replace(/\?.*$/, '')).replaceAll('\\', '/');
  return specifier
    .replace(/^#contract\//, 'src-preload/contract/')
    .replace(/^#main\//, 'src-main/')
    .replace(/^#renderer\//, 'src-renderer/');
}

const headerOf = (text: string) => /\/\*\*?([\s\S]*?)\*\//.exec(text)?.[1] ?? '';

/** Every node of every source that `isBad`, as `path:line`. */
function findIn(paths: readonly string[], isBad: (node: ts.Node) => boolean): string[] {
  return paths.flatMap((path) => {
    const file = trees.get(path);
    if (!file) return [];
    return nodesOf(file)
      .filter(isBad)
      .map((node) => {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        return `${path}:${line + 1}`;
      });
  });
}
const except = (...allowed: string[]) => sources.filter((path) => !allowed.includes(path));

describe('imports', () => {
  it('follow the table', () => {
    const objections = [...trees.values()].flatMap((file) =>
      importsOf(file).flatMap((imported) => objectionTo(file.fileName, imported) ?? []),
    );
    expect(objections).toEqual([]);
  });

  it.each([
    ['src-renderer/state/mirror.ts', `import { Host } from '../../src-main/control-plane/hosts/host.ts';`],
    ['src-renderer/features/hosts/page.tsx', `export { x } from '../projects/page.tsx';`],
    ['src-renderer/features/hosts/page.tsx', `import { Terminal } from '@xterm/xterm';`],
    ['src-main/control-plane/hosts/host.ts', `const fs = await import('node:fs');`],
    ['src-main/control-plane/hosts/host.ts', `import '#main/adapters/ssh/quote.ts';`],
    ['src-main/control-plane/hosts/host.ts', `import type { A } from '../projects/project-handlers.ts';`],
    ['src-main/adapters/ssh/login.ts', `import { redact } from '../system/redaction.ts';`],
    ['src-main/adapters/ssh/login.ts', `import keytar from 'keytar';`],
    ['src-main/server/rest-routes.ts', `import { app } from 'electron';`],
    ['src-preload/contract/hosts.ts', `import { join } from 'node:path';`],
    ['src-preload/index.ts', `import { ExternalUrl } from '#contract/shell.ts';`],
    ['src-main/nowhere/new.ts', `import 'node:path';`],
  ])('would be refused in %s: %s', (path, text) => {
    const objections = importsOf(parse(path, text)).flatMap((imported) => objectionTo(path, imported) ?? []);
    expect(objections).toHaveLength(1);
  });

  it('have a room for every source, and a source for every room that is a file', () => {
    expect(sources.filter((path) => roomOf(path) === undefined)).toEqual([]);
    const files = rooms.map(({ path }) => path).filter((path) => !path.endsWith('/'));
    expect(files.filter((path) => !trees.has(path))).toEqual([]);
  });

  it('name their files with the extension, which Node needs', () => {
    const bare = [...trees.values()].flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => target.startsWith('src-') && !/\.(tsx?|css|json)$/.test(target))
        .map(({ target }) => `${file.fileName} → ${target}`),
    );
    expect(bare).toEqual([]);
  });
});

describe('files', () => {
  it('are tested under their own path: a unit test names a source, one against real servers stands in its folder', () => {
    const lost = tests
      .filter((path) => /^test\/src-/.test(path))
      .filter((path) => {
        const folder = dirname(path).slice('test/'.length);
        if (/\.(integration|e2e)\.test\.tsx?$/.test(path)) return !existsSync(join(root, folder));
        const other = testsOfOtherFiles[path];
        if (other !== undefined) return !existsSync(join(root, other));
        const source = join(root, folder, basename(path).split('.')[0] ?? '');
        return !existsSync(`${source}.ts`) && !existsSync(`${source}.tsx`);
      });
    expect(lost).toEqual([]);
  });

  it('are named in kebab-case, for what they hold', () => {
    const all = [...sources, ...pathsOf('test/**/*.{ts,tsx}')];
    const odd = all.filter(
      (path) => !path.split('/').every((part) => /^[a-z0-9]+([-.][a-z0-9]+)*$/.test(part)),
    );
    // A helper container is a thing of its own, so `helper-…` names one; `…-helper` and `helpers` name nothing.
    const vague = all.filter((path) =>
      /(^|[/-])(utils?|common|misc|manager|impl|shared|stuff)[/.-]|(^|[/-])helpers?[/.]|helpers-/.test(path),
    );
    expect({ odd, vague }).toEqual({ odd: [], vague: [] });
  });

  it('begin with a comment that says what they own', () => {
    expect(sources.filter((path) => !/^(#!.*\n)?\/\*/.test(textOf(path)))).toEqual([]);
  });

  it('stay short: past 400 lines only where the list says how far', () => {
    const tooLong = sources
      .map((path) => ({ path, lines: textOf(path).split('\n').length }))
      .filter(({ path, lines }) => lines > (longFiles[path] ?? 400));
    expect(tooLong).toEqual([]);
    const isWhySaid = (path: string) => /\b[Ll]ong(er)?\b/.test(headerOf(textOf(path)));
    expect(Object.keys(longFiles).filter((path) => !isWhySaid(path))).toEqual([]);
  });

  it('hold no barrel but the contract’s', () => {
    const barrels = [...trees.values()].filter((file) => {
      const reexports = file.statements.filter(
        (node) => ts.isExportDeclaration(node) && node.moduleSpecifier,
      );
      return reexports.length > 0 && reexports.length === file.statements.length;
    });
    expect(barrels.map(({ fileName }) => fileName)).toEqual([]);
  });
});

/** Tests of what is no TypeScript: test → what it tests. */
const testsOfOtherFiles: Readonly<Record<string, string>> = {
  'test/src-renderer/theme/contrast.test.ts': 'src-renderer/theme/tokens.css',
};

/** Lines that a file past 400 may have; only ever lowered. */
const longFiles: Readonly<Record<string, number>> = {
  'src-preload/contract/machines.ts': 450,
  'src-main/control-plane/control-plane.ts': 570,
  'src-main/adapters/docker/docker-engine.ts': 440,
  'src-main/adapters/ssh/login.ts': 480,
  'src-main/control-plane/hosts/doctor-findings.ts': 420,
  'src-main/control-plane/hosts/host-service.ts': 450,
  'src-main/control-plane/hosts/host-supervisor.ts': 450,
  'src-main/adapters/tmux/tmux-multiplexer.ts': 500,
  'src-main/control-plane/terminals/terminal-service.ts': 610,
  'src-main/control-plane/snapshots/snapshot-service.ts': 430,
  'src-main/control-plane/operations/operation-run.ts': 430,
  'src-main/control-plane/workspaces/host-watch.ts': 450,
  'src-main/control-plane/workspaces/workspace-service.ts': 470,
  'src-renderer/features/terminals/terminal-session.ts': 450,
};

describe('code', () => {
  it('prints only where a person at a terminal reads', () => {
    const isConsole = (node: ts.Node) =>
      ts.isPropertyAccessExpression(node) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'console';
    expect(findIn(except('src-main/headless.ts', 'src-main/start.ts'), isConsole)).toEqual([]);
  });

  it('starts no shell', () => {
    const isShell = (node: ts.Node) =>
      (ts.isPropertyAssignment(node) &&
        node.name.getText() === 'shell' &&
        node.initializer.kind === ts.SyntaxKind.TrueKeyword) ||
      (ts.isImportDeclaration(node) &&
        /^['"](node:)?child_process['"]$/.test(node.moduleSpecifier.getText()) &&
        /\bexec(Sync)?\b|\* as/.test(node.importClause?.getText() ?? ''));
    expect(findIn(sources, isShell)).toEqual([]);
    expect(
      isShell(parse('x.ts', `import { exec } from 'node:child_process';`).statements[0] as ts.Node),
    ).toBe(true);
    expect(
      isShell(parse('x.ts', `import { execFile } from 'node:child_process';`).statements[0] as ts.Node),
    ).toBe(false);
  });

  it('makes no code of text and no markup of strings', () => {
    const isEval = (node: ts.Node) =>
      (ts.isCallExpression(node) && node.expression.getText() === 'eval') ||
      (ts.isNewExpression(node) && node.expression.getText() === 'Function') ||
      (ts.isIdentifier(node) &&
        /^(dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML)$/.test(node.text));
    expect(findIn(sources, isEval)).toEqual([]);
  });

  it('keeps no state in modules of the plane and the server', () => {
    const rooted = sources.filter((path) => /^src-main\/(control-plane|server|adapters)\//.test(path));
    const isModuleLet = (node: ts.Node) =>
      ts.isVariableStatement(node) &&
      ts.isSourceFile(node.parent) &&
      (node.declarationList.flags & ts.NodeFlags.Const) === 0;
    expect(findIn(rooted, isModuleLet)).toEqual([]);
  });

  it('reads environment and arguments where it starts, nowhere else', () => {
    const entries = [
      'config',
      'headless',
      'noun-commands',
      'index',
      'plane-process',
      'start',
      'open-in-browser',
      'adapters/system/computer',
    ].map((name) => `src-main/${name}.ts`);
    const isAmbient = (node: ts.Node) =>
      ts.isPropertyAccessExpression(node) && /^process\.(env|argv)$/.test(node.getText());
    expect(findIn(except(...entries), isAmbient)).toEqual([]);
  });

  it('uses clock and randomness through the plane’s interfaces', () => {
    const plane = sources.filter((path) => path.startsWith('src-main/control-plane/'));
    const isAmbient = (node: ts.Node) =>
      (ts.isPropertyAccessExpression(node) &&
        /^(Date\.now|Math\.random|performance\.now|crypto\.randomUUID)$/.test(node.getText())) ||
      (ts.isCallExpression(node) && /^set(Timeout|Interval)$/.test(node.expression.getText())) ||
      (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length);
    expect(findIn(plane, isAmbient)).toEqual([]);
  });
});

describe('the contract', () => {
  const methods = Object.entries(contract);
  const common: readonly string[] = commonErrorCodes;

  it('declares known codes and scopes, once, and what is common not at all', () => {
    const odd = methods.flatMap(([name, { errors, scope }]) => {
      const codes: readonly string[] = errors;
      return [
        ...codes
          .filter((code) => !Object.hasOwn(errorCodes, code))
          .map((code) => `${name}: no such code ${code}`),
        ...codes.filter((code) => common.includes(code)).map((code) => `${name}: ${code} is common`),
        ...codes
          .filter((code, index) => codes.indexOf(code) !== index)
          .map((code) => `${name}: ${code} twice`),
        ...(scopes.includes(scope) ? [] : [`${name}: no such scope ${scope}`]),
      ];
    });
    expect(odd).toEqual([]);
  });

  it('has no code that nothing uses', () => {
    // What runs on hosts fails with codes of the table as well.
    const texts = [...sources, ...pathsOf('resources/remote/*')]
      .filter((path) => path !== 'src-preload/contract/error-codes.ts')
      .map(textOf)
      .join('\n');
    const unused = Object.keys(errorCodes).filter(
      (code) => !texts.includes(`'${code}'`) && !common.includes(code),
    );
    expect(unused).toEqual([]);
  });

  it('names methods after their noun, and routes are unique', () => {
    const odd = methods
      .filter(([name]) => !/^[a-z]+[A-Za-z]*\.[a-z]+[A-Za-z]*$/.test(name))
      .map(([name]) => name);
    const routes = methods.flatMap(([, method]) => {
      const rest = 'rest' in method ? method.rest : undefined;
      return rest ? [`${rest.method} ${rest.path.replaceAll(/:[a-zA-Z]+/g, ':')}`] : [];
    });
    expect(odd).toEqual([]);
    expect(routes.filter((route, index) => routes.indexOf(route) !== index)).toEqual([]);
  });

  it('routes take their path’s names from the input', () => {
    const odd = methods.flatMap(([name, method]) => {
      const rest = 'rest' in method ? method.rest : undefined;
      if (!rest) return [];
      const fields = 'shape' in method.input ? Object.keys(method.input.shape) : [];
      return [...rest.path.matchAll(/:([a-zA-Z]+)/g)]
        .map((match) => match[1] ?? '')
        .filter((field) => !fields.includes(field))
        .map((field) => `${name}: ${field}`);
    });
    expect(odd).toEqual([]);
  });

  it('has the error table that the README shows, row for row', () => {
    const readme = existsSync(join(root, 'README.md')) ? textOf('README.md') : '';
    const rows = [...readme.matchAll(/^\| `([a-z]+(?:[.-][a-z-]+)*)` \| (\d{3}) \| (.+?) \|/gm)].map(
      ([, code, status, title]) => ({ code, status: Number(status), title }),
    );
    const table = Object.entries(errorCodes).map(([code, { status, title }]) => ({ code, status, title }));
    // Until the README has the table there is nothing to compare; one row of it makes all of them due.
    expect(rows).toEqual(rows.length === 0 ? [] : table);
  });
});
