import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BinaryFinding } from '../../../controller/manifests/check-binaries.ts';
import type { ProductsByFile } from '../../../controller/manifests/freeze.ts';
import { parseManifestFile } from '../../../controller/manifests/parse-file.ts';
import { resolveSnapshot } from '../../../controller/manifests/resolve.ts';
import type { BinaryFacts } from '../../../controller/model/firmware.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';

type Files = Readonly<Record<string, string>>;

const SHA = 'a'.repeat(64);

const FACTS: BinaryFacts = {
  size: 10,
  sha256: SHA,
  sha1: '1'.repeat(40),
  md5: '2'.repeat(32),
  compiled: {
    format: 'particle',
    productId: 94,
    version: 42,
    versionText: null,
    platform: { id: 6, name: 'photon' },
    appHash: null,
    details: [],
  },
  defect: null,
  lfsPointer: false,
};

function resolve(
  files: Files,
  previous: ProductsByFile | null = null,
  found: BinaryFinding = { state: 'unchecked' },
): Snapshot {
  const snapshot = resolveSnapshot({
    revision: 'r1',
    files: Object.entries(files).map(([path, text]) =>
      parseManifestFile(path, new TextEncoder().encode(text)),
    ),
    previousProductsByFile: previous,
    binaries: () => found,
  });
  expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  return snapshot;
}

/** Errors as `file:line:column Reason`. */
function tell(snapshot: Snapshot): readonly string[] {
  return snapshot.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ place, reason }) => `${place?.file}:${place?.line}:${place?.column} ${reason}`);
}

function write(kind: string, name: string, spec: string): string {
  return `apiVersion: lockstep/v1\nkind: ${kind}\nmetadata: { name: ${name} }\nspec: { ${spec} }\n`;
}

const product = (name: string, extra = '') =>
  write('Product', name, `fleet: { driver: gateway }${extra}`);
const firmware = (version: number, extra = '', name = `t-${version}`) =>
  write(
    'Firmware',
    name,
    `product: t, version: ${version}, binary: { path: ${version}.bin, sha256: ${SHA} }${extra}`,
  );
const group = (name: string, devices: string) =>
  write('DeviceGroup', name, `product: t, devices: [${devices}]`);
const lock = (name: string, devices: string, version = 42, flash = 'now') =>
  write(
    'DeviceLock',
    name,
    `product: t, devices: [${devices}], version: ${version}, flash: ${flash}`,
  );
const groupLock = (name: string, of: string, version = 42) =>
  write('DeviceLock', name, `product: t, group: ${of}, version: ${version}, flash: now`);
const release = (name: string, version = 42, extra = '') =>
  write('Release', name, `product: t, version: ${version}${extra}`);

const BASE: Files = { 'p.yaml': product('t'), 'f.yaml': firmware(42) };

describe('a revision without mistakes', () => {
  const files: Files = {
    ...BASE,
    'z.yaml': [firmware(9), group('b', 'y'), group('a', 'x')].join('---\n'),
    'l.yaml': [lock('b', 'x'), lock('a', 'y'), groupLock('c', 'a')].join('---\n'),
    'r.yaml': [release('z'), release('y', 9, ', group: b')].join('---\n'),
    'other.yaml': 'services: {}\n',
  };

  it('asks for what its manifests say, in a stable order', () => {
    const snapshot = resolve(files);
    expect(snapshot).toMatchObject({ revision: 'r1', frozen: [], refused: [] });
    expect(tell(snapshot)).toEqual([]);
    const desired = snapshot.products['t'];
    expect(desired?.config?.spec.fleet.driver).toBe('gateway');
    expect(desired?.firmware.map(({ spec }) => spec.version)).toEqual([9, 42]);
    expect(desired?.groups.map(({ origin }) => origin.name)).toEqual(['a', 'b']);
    expect(desired?.locks.map(({ origin }) => origin.name)).toEqual(['a', 'b', 'c']);
    expect(desired?.releases.map(({ origin }) => origin.name)).toEqual(['z', 'y']);
    expect(desired?.releases[0]?.origin).toMatchObject({
      kind: 'Release',
      revision: 'r1',
      file: 'r.yaml',
      line: 1,
      column: 1,
      places: { 'spec.version': [4, 30] },
    });
    expect(snapshot.productsByFile).toEqual({
      'f.yaml': ['t'],
      'l.yaml': ['t'],
      'p.yaml': ['t'],
      'r.yaml': ['t'],
      'z.yaml': ['t'],
    });
  });

  it('may lock a device twice to the same version in the same way', () => {
    expect(tell(resolve({ ...BASE, 'l.yaml': `${lock('a', 'x')}---\n${lock('b', 'x')}` }))).toEqual(
      [],
    );
  });

  it('may use a name for manifests of different kinds and products', () => {
    const files = {
      ...BASE,
      'g.yaml': `${group('n', 'x')}---\n${lock('n', 'x')}`,
      'q.yaml': `${product('q')}---\n${group('n', 'x').replace('product: t', 'product: q')}`,
    };
    expect(tell(resolve(files))).toEqual([]);
  });
});

/** One tiny tree for each reason: the mistake, its place, what is refused and what freezes. */
const CASES: readonly (readonly [
  name: string,
  files: Files,
  told: readonly string[],
  refused: readonly string[],
  frozen: 'all' | readonly string[],
])[] = [
  [
    'InvalidManifest of a known product',
    { ...BASE, 'r.yaml': release('r', 70_000) },
    ['r.yaml:4:30 InvalidManifest'],
    [],
    ['t'],
  ],
  [
    'Contradiction of a fleet and its driver',
    { 'p.yaml': product('t').replace('gateway', 'particle'), 'f.yaml': firmware(42) },
    ['p.yaml:4:16 Contradiction'],
    ['Product/t/t'],
    [],
  ],
  [
    'UnknownProduct',
    {
      ...BASE,
      'q.yaml': `${group('g', 'x').replace('product: t', 'product: tt')}---\n${group('h', 'x')}`,
    },
    ['q.yaml:4:18 UnknownProduct'],
    [],
    ['t', 'tt'],
  ],
  [
    'UnknownVersion of a lock',
    { ...BASE, 'l.yaml': lock('l', 'x', 43) },
    ['l.yaml:4:44 UnknownVersion'],
    [],
    [],
  ],
  [
    'UnknownVersion of a release',
    { ...BASE, 'r.yaml': release('r', 43) },
    ['r.yaml:4:30 UnknownVersion'],
    [],
    [],
  ],
  [
    'UnknownGroup of a lock',
    { ...BASE, 'l.yaml': groupLock('l', 'bench') },
    ['l.yaml:4:28 UnknownGroup'],
    [],
    [],
  ],
  [
    'UnknownGroup of a release',
    { ...BASE, 'r.yaml': release('r', 42, ', group: bench') },
    ['r.yaml:4:41 UnknownGroup'],
    [],
    [],
  ],
  [
    'UnknownGroup of a verification',
    { ...BASE, 'p.yaml': product('t', ', verification: { group: bench }') },
    ['p.yaml:4:60 UnknownGroup'],
    ['Product/t/t'],
    [],
  ],
  [
    'DuplicateName',
    { ...BASE, 'l.yaml': lock('l', 'x'), 'm.yaml': lock('l', 'y') },
    ['m.yaml:3:19 DuplicateName'],
    [],
    ['t'],
  ],
  [
    'DuplicateName of a product',
    { ...BASE, 'q.yaml': product('t') },
    ['q.yaml:3:19 DuplicateName'],
    [],
    ['t'],
  ],
  [
    'DuplicateName of a version',
    { ...BASE, 'g.yaml': firmware(42, '', 'again') },
    ['g.yaml:4:30 DuplicateName'],
    [],
    ['t'],
  ],
  [
    'DuplicateName of a reported text',
    {
      ...BASE,
      'g.yaml': `${firmware(43, ', reportedAs: 1.4.3')}---\n${firmware(44, ', reportedAs: 1.4.3')}`,
    },
    ['g.yaml:9:146 DuplicateName'],
    [],
    ['t'],
  ],
  [
    'DuplicateName of a reported text that is a version',
    { ...BASE, 'g.yaml': firmware(43, ', reportedAs: "42"') },
    ['g.yaml:4:146 DuplicateName'],
    [],
    ['t'],
  ],
  [
    'DuplicateName of a tenant',
    { 'p.yaml': product('t'), 'q.yaml': product('q').replace('gateway', 'gateway, tenant: T') },
    ['q.yaml:4:43 DuplicateName'],
    [],
    ['q', 't'],
  ],
  [
    'ReleaseConflict of a product',
    { ...BASE, 'r.yaml': `${release('a')}---\n${release('b')}` },
    ['r.yaml:4:18 ReleaseConflict', 'r.yaml:9:18 ReleaseConflict'],
    ['Release/t/a', 'Release/t/b'],
    [],
  ],
  [
    'ReleaseConflict of a group',
    {
      ...BASE,
      'g.yaml': group('g', 'x'),
      'r.yaml': `${release('a', 42, ', group: g')}---\n${release('b', 42, ', group: g')}`,
    },
    ['r.yaml:4:41 ReleaseConflict', 'r.yaml:9:41 ReleaseConflict'],
    ['Release/t/a', 'Release/t/b'],
    [],
  ],
  [
    'LockConflict of flash modes',
    {
      ...BASE,
      'l.yaml': `${lock('a', 'x, y')}---\n${lock('b', 'z, y', 42, 'on-reset')}---\n${lock('c', 'z', 42, 'on-reset')}`,
    },
    ['l.yaml:4:34 LockConflict', 'l.yaml:9:34 LockConflict'],
    ['DeviceLock/t/a', 'DeviceLock/t/b'],
    [],
  ],
  [
    'LockConflict of versions through a group',
    {
      ...BASE,
      'f2.yaml': firmware(43),
      'g.yaml': group('g', 'x'),
      'l.yaml': `${groupLock('a', 'g')}---\n${lock('b', 'x', 43)}`,
    },
    ['l.yaml:4:28 LockConflict', 'l.yaml:9:31 LockConflict'],
    ['DeviceLock/t/a', 'DeviceLock/t/b'],
    [],
  ],
  [
    'LockConflict of one group',
    {
      ...BASE,
      'f2.yaml': firmware(43),
      'g.yaml': group('g', 'x'),
      'l.yaml': `${groupLock('a', 'g')}---\n${groupLock('b', 'g', 43)}---\n${groupLock('c', 'g', 43)}`,
    },
    ['l.yaml:4:28 LockConflict', 'l.yaml:9:28 LockConflict', 'l.yaml:14:28 LockConflict'],
    ['DeviceLock/t/a', 'DeviceLock/t/b', 'DeviceLock/t/c'],
    [],
  ],
];

describe('a mistake', () => {
  it.each(CASES)(
    'is told at its place and has its reach: %s',
    (_, files, told, refused, frozen) => {
      const known = Object.fromEntries(Object.keys(files).map((path) => [path, ['t']]));
      const snapshot = resolve(files, known);
      expect(tell(snapshot)).toEqual(told);
      expect(snapshot.refused).toEqual(refused);
      expect(snapshot.frozen).toEqual(frozen);
      for (const { message, remedy, excerpt } of snapshot.problems) {
        expect([message, remedy, excerpt]).not.toContain('');
      }
    },
  );

  it.each(CASES)('keeps what it refuses out of the products: %s', (_, files, __, refused) => {
    const { products } = resolve(files);
    const kept = Object.values(products).flatMap(
      ({ product, config, firmware, groups, locks, releases }) =>
        [...(config === null ? [] : [config]), ...firmware, ...groups, ...locks, ...releases].map(
          ({ origin }) => `${origin.kind}/${product}/${origin.name}`,
        ),
    );
    for (const key of refused) expect(kept).not.toContain(key);
  });

  it.each(['', '# nothing\n', 'apiVer', 'name: ci\non: push\n'])(
    'is a file that has lost its manifests, which is no deletion: %j',
    (text) => {
      const files = { ...BASE, 'l.yaml': text };
      const snapshot = resolve(files, { 'l.yaml': ['t'] });
      expect(tell(snapshot)).toEqual(['l.yaml:1:1 InvalidManifest']);
      expect(snapshot.frozen).toEqual(['t']);
      expect(tell(resolve(files))).toEqual([]);
    },
  );

  it('in a reference of a lock or release is left to the plan, which knows what is kept in force', () => {
    const { products } = resolve({
      ...BASE,
      'r.yaml': release('r', 43),
      'l.yaml': lock('l', 'x', 43),
    });
    expect(products['t']?.releases.map(({ origin }) => origin.name)).toEqual(['r']);
    expect(products['t']?.locks.map(({ origin }) => origin.name)).toEqual(['l']);
  });

  it('of an unknown product names the nearest one, and does not hide behind its form', () => {
    const files = { ...BASE, 'p.yaml': product('thermostat'), 'f.yaml': '' };
    const wrong = group('g', 'x').replace('product: t', 'product: thermosat');
    const { problems } = resolve({ ...files, 'g.yaml': wrong });
    expect(problems).toMatchObject([
      { reason: 'UnknownProduct', remedy: 'Write `product: thermostat`.' },
    ]);
    expect(tell(resolve({ ...files, 'g.yaml': wrong.replace('thermosat', 'Thermostat') }))).toEqual(
      ['g.yaml:4:18 InvalidManifest'],
    );
  });

  it('does not make a version, group or product unknown that a refused manifest declares', () => {
    const files = {
      'p.yaml': product('t').replace('gateway', 'particle'),
      'f.yaml': firmware(42, ', requires: { from: 42 }'),
      'g.yaml': `${product('q')}---\n${write('DeviceGroup', 'g', 'product: q, match: { a: b }')}`,
      'l.yaml': lock('l', 'x'),
      'r.yaml': write('Release', 'r', 'product: q, version: 1, group: g'),
    };
    const snapshot = resolve(files);
    expect(tell(snapshot)).toEqual([
      'f.yaml:4:152 Contradiction',
      'g.yaml:9:30 AttributeNotGrouped',
      'p.yaml:4:16 Contradiction',
      'r.yaml:4:30 UnknownVersion',
    ]);
    expect(snapshot.products['t']).toMatchObject({ config: null, firmware: [] });
    expect(snapshot.products['t']?.locks).toHaveLength(1);
    expect(snapshot.products['q']).toMatchObject({ groups: [] });
  });
});

describe('a name given twice', () => {
  const files: Files = {
    ...BASE,
    'l.yaml': `${release('same')}---\n${product('q')}`,
    'm.yaml': `${release('same')}---\n${product('r')}`,
    'n.yaml': product('s'),
  };

  it('freezes the products of both files', () => {
    expect(resolve(files).frozen).toEqual(['q', 'r', 't']);
  });

  it('is told once, and neither manifest is used', () => {
    const snapshot = resolve(files);
    expect(tell(snapshot)).toEqual(['m.yaml:3:19 DuplicateName']);
    expect(snapshot.products['t']?.releases).toEqual([]);
    expect(snapshot.products['t']?.firmware).toHaveLength(1);
  });
});

describe('what a broken file freezes', () => {
  const broken = 'apiVersion: lockstep/v1\nkind: [\n';
  const files: Files = { ...BASE, 'q.yaml': product('q'), 'x.yaml': broken };

  it('is everything when the file is new', () => {
    expect(resolve(files).frozen).toBe('all');
    expect(resolve(files, { 'p.yaml': ['t'] }).frozen).toBe('all');
  });

  it('is what the file held before', () => {
    const snapshot = resolve(files, { 'p.yaml': ['t'], 'q.yaml': ['q'], 'x.yaml': ['q'] });
    expect(snapshot.frozen).toEqual(['q']);
    expect(snapshot.productsByFile['x.yaml']).toEqual(['q']);
  });

  it('is also what its readable documents name, and what its text mentions', () => {
    const before = { 'x.yaml': ['q'], 'old.yaml': ['gone'] };
    const partly = {
      ...BASE,
      'q.yaml': product('q'),
      'x.yaml': `${lock('l', 'x')}---\n${broken}# gone`,
    };
    expect(resolve(partly, before).frozen).toEqual(['gone', 'q', 't']);
  });

  it('stays everything in the next revision when the file was new', () => {
    const first = resolve({ ...files, 'x.yaml': `${lock('l', 'x')}---\n${broken}` }, {});
    const second = resolve(
      { ...files, 'x.yaml': `${lock('l', 'x')}---\n${broken}` },
      first.productsByFile,
    );
    expect([first.frozen, second.frozen]).toEqual(['all', 'all']);
  });

  it('does not turn what it may declare into unknown products, versions and groups', () => {
    const snapshot = resolve({
      'x.yaml': `${BASE['p.yaml']}---\n${firmware(42)}---\n${group('bench', 'x')}  [\n`,
      'y.yaml': `kind: Product\nmetadata: { name: zebra\napiVersion: lockstep/v1\n`,
      'r.yaml': release('r', 42, ', group: bench'),
      'z.yaml': group('g', 'x').replace('product: t', 'product: zebra'),
    });
    expect(tell(snapshot).filter((text) => !text.endsWith('InvalidManifest'))).toEqual([]);
  });

  it('does not turn a version that it may declare into an unknown one', () => {
    const broken = { 'p.yaml': product('t'), 'x.yaml': `${firmware(42)}  [\n` };
    expect(tell(resolve({ ...broken, 'r.yaml': release('r') }))).toEqual([
      'x.yaml:5:1 InvalidManifest',
    ]);
    expect(tell(resolve({ ...broken, 'r.yaml': release('r', 4) }))).toContainEqual(
      'r.yaml:4:30 UnknownVersion',
    );
  });

  it.each([
    ['empty', ''],
    ['full of NULs', '\0\0\0\0'],
    ['not YAML any more', 'kind: Release\n  a: [\n'],
  ])('is what a file held that is now %s', (_, text) => {
    const before = { 'p.yaml': ['t'], 'l.yaml': ['t'] };
    const snapshot = resolve({ ...BASE, 'l.yaml': text }, before);
    expect(tell(snapshot)).toEqual([expect.stringContaining('InvalidManifest')]);
    expect(snapshot.frozen).toEqual(['t']);
    expect(snapshot.productsByFile['l.yaml']).toEqual(['t']);
    expect(resolve({ ...BASE, 'l.yaml': text }, { 'p.yaml': ['t'] }).frozen).toEqual([]);
  });

  it('is a product whose Product manifest is gone while others speak of it', () => {
    const snapshot = resolve(
      { 'f.yaml': firmware(42), 'q.yaml': product('q') },
      { 'f.yaml': ['t'], 'p.yaml': ['t'] },
    );
    expect(snapshot.frozen).toEqual(['t']);
    expect(snapshot.products['t']).toBeUndefined();
  });

  it('is nothing when a file is deleted', () => {
    expect(resolve(BASE, { 'p.yaml': ['t'], 'gone.yaml': ['t'] })).toMatchObject({
      frozen: [],
      problems: [{ reason: 'BinaryNotChecked' }],
    });
  });
});

describe('a binary', () => {
  const files: Files = {
    'p.yaml': product('t', ', productId: 94, platform: photon'),
    'f.yaml': firmware(42),
  };
  const compiled = FACTS.compiled;
  const read = (facts: Partial<BinaryFacts>): BinaryFinding => ({
    state: 'read',
    facts: { ...FACTS, ...facts },
  });

  it('that agrees is kept by its digest', () => {
    const snapshot = resolve(files, null, read({}));
    expect(snapshot.problems).toEqual([]);
    expect(snapshot.binaries).toEqual({ [SHA]: FACTS });
  });

  it.each<readonly [string, BinaryFinding, string]>([
    ['DigestMismatch', read({ sha256: 'b'.repeat(64) }), '4:66'],
    ['VersionMismatch', read({ compiled: compiled && { ...compiled, version: 41 } }), '4:30'],
    ['ProductMismatch', read({ compiled: compiled && { ...compiled, productId: 95 } }), '4:18'],
    [
      'PlatformMismatch',
      read({ compiled: compiled && { ...compiled, platform: { id: 8, name: 'p1' } } }),
      '4:18',
    ],
    [
      'BinaryUnreadable',
      read({ compiled: null, defect: { format: 'particle', message: 'The CRC is wrong.' } }),
      '4:50',
    ],
    ['BinaryMissing', read({ lfsPointer: true }), '4:50'],
    ['BinaryMissing', { state: 'missing', detail: null }, '4:50'],
  ])('that does not is %s and refuses its manifest alone', (reason, found, place) => {
    const snapshot = resolve(files, null, found);
    expect(tell(snapshot)).toEqual([`f.yaml:${place} ${reason}`]);
    expect(snapshot.refused).toEqual(['Firmware/t/t-42']);
    expect(snapshot.frozen).toEqual([]);
    expect(snapshot.products['t']?.firmware).toEqual([]);
  });

  it('never refuses a withdrawal', () => {
    const withdrawn = { ...files, 'f.yaml': firmware(42, ', withdrawn: { reason: bad }') };
    const snapshot = resolve(withdrawn, null, { state: 'missing', detail: null });
    expect(snapshot.problems).toMatchObject([{ severity: 'warning', reason: 'BinaryMissing' }]);
    expect(snapshot.refused).toEqual([]);
    expect(snapshot.products['t']?.firmware).toHaveLength(1);
  });

  it('that was not fetched only warns', () => {
    expect(resolve(files).problems).toMatchObject([
      { severity: 'warning', reason: 'BinaryNotChecked' },
    ]);
  });

  it.each(['../42.bin', '/etc/passwd', 'a/../../b', 'C:/x', 'firmware\\\\42.bin'])(
    'outside the fleet repo is missing, and not looked for: %s',
    (path) => {
      const escaped = { ...files, 'f.yaml': firmware(42).replace('42.bin', `"${path}"`) };
      const snapshot = resolve(escaped, null, read({}));
      expect(snapshot.problems).toMatchObject([
        { reason: 'BinaryMissing', message: 'The path leads out of the fleet repo.' },
      ]);
    },
  );
});

describe('the order of files', () => {
  it('does not matter', () => {
    const files: Files = Object.assign(
      {},
      ...CASES.map(([, tree], index) =>
        Object.fromEntries(
          Object.entries(tree).map(([path, text]) => [`${index % 7}/${path}`, text]),
        ),
      ),
    ) as Files;
    const expected = JSON.stringify(resolve(files, { '0/p.yaml': ['t'] }));
    const shuffled = fc.shuffledSubarray(Object.keys(files), {
      minLength: Object.keys(files).length,
    });
    const property = fc.property(shuffled, (paths) => {
      const turned = Object.fromEntries(paths.map((path) => [path, files[path] ?? '']));
      return JSON.stringify(resolve(turned, { '0/p.yaml': ['t'] })) === expected;
    });
    expect(() => fc.assert(property, { numRuns: 30 })).not.toThrow();
  });
});

describe('size', () => {
  it('of a group does not multiply with the locks on it', () => {
    const devices = Array.from({ length: 20_000 }, (_, index) => `d${index}`).join(',');
    const locks = Array.from({ length: 1_000 }, (_, index) =>
      groupLock(`l${index}`, 'g', 42 + (index % 3)),
    );
    const files = {
      'p.yaml': [product('t'), firmware(42), firmware(43), firmware(44)].join('---\n'),
      'g.yaml': group('g', devices),
      'l.yaml': locks.join('---\n'),
    };
    expect(tell(resolve(files))).toHaveLength(1_000);
  }, 10_000);

  it('beyond 10,000 files freezes everything', () => {
    const parsed = parseManifestFile('x.yaml', new TextEncoder().encode(product('t')));
    const files = Array.from({ length: 10_001 }, (_, index) => ({
      ...parsed,
      path: `${index}.yaml`,
      documents: [],
    }));
    const snapshot = resolveSnapshot({
      revision: 'r1',
      files,
      previousProductsByFile: Object.fromEntries(files.map(({ path }) => [path, ['t']])),
      binaries: () => ({ state: 'unchecked' }),
    });
    expect(snapshot.frozen).toBe('all');
    expect(snapshot.problems).toMatchObject([{ reason: 'InvalidManifest' }]);
  });
});
