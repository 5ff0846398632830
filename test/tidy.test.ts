// The house rules that a machine can check: who may import whom, no circles, small files, pure folders without I/O,
// registries that match their folders, and a README that lists exactly the reasons that the code has.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REASONS } from '../controller/model/reasons.ts';

const ROOT = resolve(import.meta.dirname, '..');
const LINES_MAX = 400;

/** What each folder of `controller/` may import, besides itself. The order is from the bottom up. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ['base'],
  firmware: ['base', 'model'],
  manifests: ['base', 'model', 'firmware'],
  releases: ['base', 'model'],
  gates: ['base', 'model'],
  devices: ['base', 'model', 'releases'],
  plan: ['base', 'model', 'gates', 'releases', 'devices'],
  reports: ['base', 'model', 'releases', 'devices', 'gates', 'plan'],
  proposals: ['base', 'model', 'firmware', 'manifests'],
  imports: ['base', 'model', 'firmware', 'proposals'],
  sources: ['base', 'model'],
  forges: ['base', 'model'],
  stores: ['base', 'model', 'firmware', 'devices', 'releases'],
  fleets: ['base', 'model', 'firmware', 'devices', 'releases', 'reports', 'stores'],
  simulator: ['base'],
  reconciler: [
    'base',
    'model',
    'firmware',
    'manifests',
    'plan',
    'releases',
    'devices',
    'reports',
    'sources',
    'stores',
    'fleets',
  ],
  reviewer: [
    'base',
    'model',
    'firmware',
    'manifests',
    'plan',
    'releases',
    'reports',
    'proposals',
    'sources',
    'forges',
    'stores',
    'reconciler',
  ],
  proposer: [
    'base',
    'model',
    'plan',
    'proposals',
    'reports',
    'sources',
    'forges',
    'stores',
    'reconciler',
    'reviewer',
  ],
  notices: ['base', 'model', 'reports', 'stores', 'reconciler'],
  server: [
    'base',
    'model',
    'devices',
    'plan',
    'releases',
    'reports',
    'stores',
    'fleets',
    'forges',
    'reconciler',
    'proposer',
  ],
  cli: [
    'base',
    'model',
    'firmware',
    'manifests',
    'reports',
    'proposals',
    'imports',
    'sources',
    'forges',
    'stores',
    'simulator',
    'reconciler',
    'reviewer',
    'notices',
    'server',
  ],
};

/** Folders that decide: no file, network, timer, environment, console, clock or random call. */
const PURE = [
  'base',
  'model',
  'firmware',
  'manifests',
  'releases',
  'gates',
  'plan',
  'devices',
  'reports',
  'proposals',
  'imports',
];

/** Above the interfaces, only these may know an adapter: everything else sees what stands beside the folders. */
const KNOWS_ADAPTERS = [
  'compose.ts',
  'fleets/registry.ts',
  'forges/open-forge.ts',
  'sources/open-source.ts',
  'stores/open-state.ts',
];

interface Module {
  /** Path inside `controller/`. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Paths inside `controller/` that it imports, types included. */
  readonly imports: readonly string[];
  readonly packages: readonly string[];
}

const modules = listModules();

describe('the layers', () => {
  it('are known for every folder', () => {
    const folders = new Set(modules.map(({ path }) => topFolder(path)));
    folders.delete('');
    // What browsers run is no part of the program: see below.
    folders.delete('dashboard');
    expect([...folders].filter((folder) => !(folder in MAY_IMPORT))).toEqual([]);
  });

  it('import only what lies below them', () => {
    const wrong = modules.flatMap(({ path, imports }) => {
      const folder = topFolder(path);
      if (folder === '') return [];
      const allowed = new Set([folder, ...(MAY_IMPORT[folder] ?? [])]);
      return imports
        .filter((target) => !allowed.has(topFolder(target)))
        .map((target) => `${path} imports ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keep adapters from one another, and everything else from adapters', () => {
    const adapterOf = (path: string): string | null => {
      const [folder, name, file] = path.split('/');
      const isAdapter =
        ['sources', 'stores', 'fleets', 'forges'].includes(folder ?? '') && file !== undefined;
      return isAdapter ? `${folder}/${name}` : null;
    };
    const wrong = modules.flatMap(({ path, imports, text }) =>
      imports
        .filter((target) => adapterOf(target) !== null && adapterOf(target) !== adapterOf(path))
        .filter(() => !KNOWS_ADAPTERS.includes(path))
        .filter((target) => !importsTypesOnly(text, target))
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('have no circles, types included', () => {
    expect(findCircle()).toEqual([]);
  });
});

describe('pure folders', () => {
  it('do no I/O and ask for no time or chance', () => {
    const forbidden =
      /\b(?:Date\.now|new Date\(\)|performance\.|Math\.random|setTimeout|setInterval|process\.|console\.|fetch\()/;
    const allowedPackages = new Set(['node:crypto', 'node:zlib', 'node:util', 'node:buffer']);
    const wrong = modules
      .filter(({ path }) => PURE.includes(topFolder(path)) && path !== 'base/clock.ts')
      .flatMap(({ path, text, packages }) => [
        ...text
          .split('\n')
          .filter((line) => !/^\s*(?:\/\/|\*|\/\*)/.test(line) && forbidden.test(line))
          .map((line) => `${path}: ${line.trim()}`),
        ...packages
          .filter((name) => name.startsWith('node:') && !allowedPackages.has(name))
          .map((name) => `${path} imports ${name}`),
      ]);
    expect(wrong).toEqual([]);
  });
});

describe('files', () => {
  it(`have at most ${LINES_MAX} lines`, () => {
    const long = modules.filter(
      ({ lines, path }) => lines > LINES_MAX && path !== 'model/schema-types.ts',
    );
    expect(long.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });

  it('open by saying what lives in them', () => {
    const silent = modules.filter(({ text }) => !/^(?:#!.*\n)?(?:\/\/|\/\*)/.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it('have no default export and no names that say nothing', () => {
    const wrong = modules.filter(
      ({ path, text }) =>
        /^export default/m.test(text) || /(?:utils?|helpers?|manager|misc)\.ts$/i.test(path),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe('registries', () => {
  it('name every fleet driver that has a folder', () => {
    const folders = readdirSync(join(ROOT, 'controller/fleets'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    const registry = readFileSync(join(ROOT, 'controller/fleets/registry.ts'), 'utf8');
    expect(folders.filter((name) => !registry.includes(`${name}:`))).toEqual([]);
  });

  it('ask every gate that has a file', () => {
    const registry = readFileSync(join(ROOT, 'controller/gates/registry.ts'), 'utf8');
    const gates = readdirSync(join(ROOT, 'controller/gates')).filter(
      (name) => name !== 'gate.ts' && name !== 'registry.ts',
    );
    expect(gates.filter((name) => !registry.includes(`./${name}`))).toEqual([]);
  });
});

describe('the dashboard', () => {
  const files = readdirSync(join(ROOT, 'controller/dashboard'), {
    recursive: true,
    encoding: 'utf8',
  }).filter((name) => /\.(?:js|css)$/.test(name));
  const texts = files.map((path) => {
    const text = readFileSync(join(ROOT, 'controller/dashboard', path), 'utf8');
    return { path: `dashboard/${path}`, text, lines: text.split('\n').length - 1 };
  });

  it('loads nothing but itself and its one library', () => {
    const wrong = texts.flatMap(({ path, text }) =>
      [...text.matchAll(/^(?:import|export)\s[^;]*?from\s*'([^']+)'|\bimport\('([^']+)'\);/gm)]
        .map(([, still, lazy]) => still ?? lazy ?? '')
        .filter((target) =>
          target.startsWith('.')
            ? !resolve('/', dirname(path), target).startsWith('/dashboard/')
            : !['preact', 'preact/hooks'].includes(target),
        )
        .map((target) => `${path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('shows everything as text, and runs nothing that is written in a string', () => {
    const forbidden =
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/i;
    expect(texts.filter(({ text }) => forbidden.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('keeps the rules of files', () => {
    const wrong = texts.filter(
      ({ text, lines }) => lines > LINES_MAX || !/^(?:\/\/|\/\*)/.test(text),
    );
    expect(wrong.map(({ path, lines }) => `${path}: ${lines}`)).toEqual([]);
  });
});

describe('the lock file', () => {
  it('holds what every platform needs, so that `npm ci` takes it', () => {
    interface Locked {
      readonly optionalDependencies?: Readonly<Record<string, string>>;
    }
    const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, Locked>> };
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies)
        .filter(
          (name) =>
            !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
        )
        .map((name) => `${path} wants ${name}`),
    );
    expect(missing).toEqual([]);
  });
});

describe('the README', () => {
  it('lists exactly the reasons that the code has, with their remedies', () => {
    const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
    const section = /<!-- reasons -->([\s\S]*?)<!-- \/reasons -->/.exec(readme)?.[1] ?? '';
    const rows = new Map(
      [...section.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \|$/gm)].map(
        ([, name, meaning, remedy]) => [name, { meaning, remedy }],
      ),
    );
    const expected = new Map(
      Object.entries(REASONS).map(([name, { meaning, remedy }]) => [name, { meaning, remedy }]),
    );
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(expected));
  });
});

function listModules(): readonly Module[] {
  const folder = join(ROOT, 'controller');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && statSync(join(folder, name)).isFile())
    .sort()
    .map((path) => {
      const text = readFileSync(join(folder, path), 'utf8');
      const targets = [...text.matchAll(/(?:from|import\()\s*'([^']+)'/g)].map(
        ([, target]) => target ?? '',
      );
      return {
        path,
        text,
        lines: text.split('\n').length - 1,
        imports: targets
          .filter((target) => target.startsWith('.') && target.endsWith('.ts'))
          .map((target) => relative(folder, resolve(folder, dirname(path), target))),
        packages: targets.filter((target) => !target.startsWith('.')),
      };
    });
}

function topFolder(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : '';
}

function importsTypesOnly(text: string, target: string): boolean {
  const file = target.split('/').at(-1) ?? '';
  const statements = [...text.matchAll(/import\s[^;]*?from\s*'[^']*';/g)].map(
    ([statement]) => statement,
  );
  const ours = statements.filter((statement) => statement.includes(`/${file}'`));
  return ours.length > 0 && ours.every((statement) => statement.startsWith('import type'));
}

/** One circle of imports as a list of paths; empty where there is none. */
function findCircle(): readonly string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const walk = (path: string, trail: readonly string[]): readonly string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const target of byPath.get(path)?.imports ?? []) {
      const circle = walk(target, [...trail, path]);
      if (circle.length > 0) return circle;
    }
    done.add(path);
    return [];
  };
  for (const { path } of modules) {
    const circle = walk(path, []);
    if (circle.length > 0) return circle;
  }
  return [];
}
