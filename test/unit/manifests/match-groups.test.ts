// Groups by attributes and stepping stones: how they are resolved, and what refers to them in vain.

import { describe, expect, it } from 'vitest';
import type { Files } from './staged-tree.ts';
import {
  BASE,
  firmware,
  group,
  groupLock,
  product,
  release,
  resolve,
  tell,
  tellPaths,
} from './staged-tree.ts';

describe('firmware that requires a version', () => {
  it('says from which version a device can take it', () => {
    const files = {
      ...BASE,
      'f.yaml': `${firmware(42)}---\n${firmware(43, '  requires: { from: 42 }')}`,
    };
    const snapshot = resolve(files);
    expect(tell(snapshot)).toEqual([]);
    const specs = snapshot.products['t']?.firmware.map(({ spec }) => spec.requiresFrom);
    expect(specs).toEqual([null, 42]);
  });

  it.each([
    [42, 42, 'Write a version from 1 to 41, or remove `requires`.'],
    [42, 43, 'Write a version from 1 to 41, or remove `requires`.'],
    [1, 1, 'Remove `requires`: no version is below 1.'],
  ])('cannot be version %i and require %i', (version, from, remedy) => {
    const text = firmware(version, `  requires: { from: ${from} }`);
    const snapshot = resolve({ 'p.yaml': product(), 'f.yaml': text });
    const message = `The firmware requires version ${from}, which is not below its own version ${version}; no device could ever take it.`;
    expect(tell(snapshot)).toMatchObject([{ reason: 'Contradiction', message, remedy }]);
    expect(tellPaths(text, snapshot)).toEqual([['spec.requires.from', message]]);
    expect(snapshot.refused).toEqual([`Firmware/t/t-${version}`]);
    expect(snapshot.frozen).toEqual([]);
  });

  it('is withdrawn all the same when it contradicts itself', () => {
    const more = '  requires: { from: 42 }\n  withdrawn: { reason: bad }';
    const snapshot = resolve({ ...BASE, 'f.yaml': firmware(42, more) });
    expect(snapshot.problems).toContainEqual(
      expect.objectContaining({ severity: 'warning', reason: 'Contradiction' }),
    );
    expect(snapshot.refused).toEqual([]);
    expect(snapshot.products['t']?.firmware).toHaveLength(1);
  });
});

describe('a group that matches attributes', () => {
  const files: Files = { ...BASE, 'p.yaml': product('[hw_rev, region]') };

  it('has no devices of its own, whatever the order of its attributes', () => {
    const [first, second] = ['{ region: eu, hw_rev: "2" }', '{ hw_rev: "2", region: eu }'].map(
      (match) => resolve({ ...files, 'g.yaml': group(`match: ${match}`) }).products['t'],
    );
    expect(first?.groups[0]?.spec).toEqual({
      product: 't',
      devices: [],
      match: { hw_rev: '2', region: 'eu' },
    });
    expect(JSON.stringify(first?.groups[0]?.spec)).toBe(JSON.stringify(second?.groups[0]?.spec));
    expect(first?.config?.spec.fleet.groupBy).toEqual(['hw_rev', 'region']);
  });

  it('is not that which lists its devices', () => {
    const snapshot = resolve({ ...files, 'g.yaml': group('devices: [a, b]') });
    expect(snapshot.products['t']?.groups[0]?.spec).toEqual({
      product: 't',
      devices: ['a', 'b'],
      match: null,
    });
  });

  it.each(['2', 'true', '1.0', '0x1F'])('wants a value quoted that YAML reads as %s', (value) => {
    const text = group(`match: { hw_rev: ${value} }`);
    const snapshot = resolve({ ...files, 'g.yaml': text });
    expect(tell(snapshot)).toMatchObject([
      { reason: 'InvalidManifest', remedy: `Quote it: \`"${value}"\`.` },
    ]);
    expect(tellPaths(text, snapshot)[0]?.[0]).toBe('spec.match.hw_rev');
  });

  it('shows an attribute that cannot be one at its key', () => {
    const text = group('match: { "hw rev": B }');
    expect(tell(resolve({ ...files, 'g.yaml': text }))).toMatchObject([
      { place: 'g.yaml:6:12', reason: 'InvalidManifest', remedy: expect.any(String) as string },
    ]);
  });

  it.each<readonly [string, string, string, string]>([
    [
      '[hw_rev]',
      'hw_rv',
      '`fleet.groupBy` of Product t does not list the attribute `hw_rv`; it lists `hw_rev`.',
      'Write `hw_rev`, or add `hw_rv` to `fleet.groupBy` of the Product.',
    ],
    [
      '[]',
      'hw_rev',
      '`fleet.groupBy` of Product t does not list the attribute `hw_rev`.',
      'Add `hw_rev` to `fleet.groupBy` of the Product, or match another attribute.',
    ],
  ])(
    'is refused alone when its product, which groups by %s, does not group by %s',
    (groupBy, attribute, message, remedy) => {
      const text = group(`match: { ${attribute}: B }`);
      const snapshot = resolve({ ...BASE, 'p.yaml': product(groupBy), 'g.yaml': text });
      expect(tell(snapshot)).toEqual([
        { place: 'g.yaml:6:12', reason: 'AttributeNotGrouped', message, remedy },
      ]);
      expect(snapshot.refused).toEqual(['DeviceGroup/t/g']);
      expect(snapshot.frozen).toEqual([]);
      expect(snapshot.products['t']).toMatchObject({ groups: [], config: {} });
    },
  );

  it('is told of each attribute, also of one whose name has dots', () => {
    const snapshot = resolve({
      ...files,
      'g.yaml': group('match: { "os.name": x, region: eu, "os.arch": y }'),
    });
    expect(tell(snapshot).map(({ place }) => place)).toEqual(['g.yaml:6:12', 'g.yaml:6:38']);
  });

  it('is let be while its Product cannot be read', () => {
    const snapshot = resolve({
      ...files,
      'p.yaml': product('[hw_rev]').replace('gateway', 'gatewa'),
      'g.yaml': group('match: { region: eu }'),
    });
    expect(tell(snapshot)).toMatchObject([{ reason: 'InvalidManifest' }]);
    expect(snapshot.refused).toEqual([]);
  });

  it('may be released to', () => {
    const text = release('  group: g');
    const snapshot = resolve({
      ...files,
      'g.yaml': group('match: { region: eu }'),
      'r.yaml': text,
    });
    expect(tell(snapshot)).toEqual([]);
    expect(snapshot.products['t']?.releases[0]?.spec.group).toBe('g');
  });

  it('cannot be locked', () => {
    const snapshot = resolve({
      ...files,
      'g.yaml': group('match: { region: eu }'),
      'l.yaml': groupLock(),
    });
    expect(tell(snapshot)).toEqual([
      {
        place: 'l.yaml:6:10',
        reason: 'GroupNotListed',
        message:
          'The DeviceGroup `g` of t matches attributes, but a lock takes only a group that lists its devices.',
        remedy: 'List the devices under `devices` of the lock, or name a group that lists them.',
      },
    ]);
    expect(snapshot.refused).toEqual(['DeviceLock/t/l']);
    expect(snapshot.frozen).toEqual([]);
    expect(snapshot.products['t']).toMatchObject({ locks: [], groups: [{}] });
  });

  it('cannot verify', () => {
    const snapshot = resolve({
      ...files,
      'p.yaml': product('[region]', '  verification: { group: g }'),
      'g.yaml': group('match: { region: eu }'),
    });
    expect(tell(snapshot)).toEqual([
      {
        place: 'p.yaml:6:26',
        reason: 'GroupNotListed',
        message:
          'The DeviceGroup `g` of t matches attributes, but the verification takes only a group that lists its devices.',
        remedy: 'Name a group that lists its devices, or remove `group` to count every device.',
      },
    ]);
    expect(snapshot.refused).toEqual(['Product/t/t']);
    expect(snapshot.frozen).toEqual([]);
  });

  it('has no part in conflicts of locks', () => {
    const locks = `${groupLock('a')}---\n${groupLock('b').replace('version: 42', 'version: 43')}`;
    const snapshot = resolve({
      ...files,
      'f.yaml': `${firmware(42)}---\n${firmware(43)}`,
      'g.yaml': group('match: { region: eu }'),
      'l.yaml': locks,
    });
    expect(tell(snapshot).map(({ reason }) => reason)).toEqual([
      'GroupNotListed',
      'GroupNotListed',
    ]);
  });
});
