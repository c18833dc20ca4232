/**
 * The import table of test/import-table.ts, as rules for dependency-cruiser, and what only a graph can show: cycles,
 * packages that are not declared, modules that nothing reaches.
 */
const { rooms } = require('./test/import-table.ts');

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
const place = (path) => `^${escaped(path)}${path.endsWith('/') ? '' : '$'}`;

function packagePattern(name) {
  if (name.startsWith('node:')) return `^(node:)?${escaped(name.slice('node:'.length))}(/|$)`;
  return `(^|/)node_modules/(@types/)?${escaped(name)}/`;
}

const earlier = [];
const table = rooms.flatMap(({ path, may, types = [], packages }) => {
  // The first room that fits is a path's room: later ones leave it out.
  const from = { path: place(path), pathNot: earlier.map(place) };
  earlier.push(path);
  const values = [path, ...may]
    .map(place)
    .concat(packages.filter((name) => name !== 'node:').map(packagePattern));
  const core = packages.includes('node:') ? ['core'] : [];
  return [
    {
      name: `values: ${path}`,
      severity: 'error',
      from,
      to: { pathNot: values, dependencyTypesNot: [...core, ...(types.length > 0 ? ['type-only'] : [])] },
    },
    ...(types.length > 0
      ? [
          {
            name: `types: ${path}`,
            severity: 'error',
            from,
            to: {
              pathNot: values.concat(types.map(place)),
              dependencyTypes: ['type-only'],
              dependencyTypesNot: core,
            },
          },
        ]
      : []),
  ];
});

module.exports = {
  forbidden: [
    ...table.map((rule) =>
      rule.to.dependencyTypesNot.length > 0
        ? rule
        : {
            ...rule,
            to: Object.fromEntries(Object.entries(rule.to).filter(([key]) => key !== 'dependencyTypesNot')),
          },
    ),
    {
      name: 'handlers are joined in one place',
      severity: 'error',
      from: { path: '^src-', pathNot: '^src-main/control-plane/([^/]+|[^/]+/[^/]+-parts)\\.ts$' },
      to: { path: '^src-main/control-plane/.*-handlers\\.ts$' },
    },
    {
      name: 'no cycles',
      severity: 'error',
      from: { path: '^src-' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'every import can be found',
      severity: 'error',
      from: { path: '^src-' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.css'],
    },
  },
};
