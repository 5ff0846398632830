// The list of firmware as an import reads it: what people wrote, and numbers that no device can report.

import { describe, expect, it } from 'vitest';

import { readCatalogue } from '../../../controller/fleets/particle/read-catalogue.ts';

describe('the catalogue of a product', () => {
  it('is in the order of versions, with the words and flags of each', () => {
    const catalogue = readCatalogue([
      { version: '42', title: ' ', description: 'x', current: true, mandatory: true, size: '9' },
      { version: 41, title: 'A', product_default: false, current: true, app_hash: 'AB'.repeat(32) },
    ]);
    expect(catalogue).toEqual([
      {
        version: 41,
        title: 'A',
        description: null,
        isDefault: false,
        isMandatory: false,
        size: null,
        appHash: 'ab'.repeat(32),
      },
      {
        version: 42,
        title: null,
        description: 'x',
        isDefault: true,
        isMandatory: true,
        size: 9,
        appHash: null,
      },
    ]);
  });

  it('keeps entries under numbers that are of no use, so that they can be told of', () => {
    const versions = readCatalogue([{ version: 65_535 }, { version: 0 }])?.map(
      (each) => each.version,
    );
    expect(versions).toEqual([0, 65_535]);
  });

  it.each([null, {}, [{}], [null], [{ version: 'x' }], [{ version: -1 }], [{ version: 1.5 }]])(
    'is unreadable as a whole where an entry is: %j',
    (body) => {
      expect(readCatalogue(body)).toBeNull();
    },
  );

  it('does not take something else for an app hash', () => {
    expect(readCatalogue([{ version: 1, app_hash: 'abc' }])?.[0]?.appHash).toBeNull();
  });
});
