// Where the manifest of an event stands, as long as it is at hand.

import { describe, expect, it } from 'vitest';

import { findManifestPlace } from '../../../controller/server/manifest-places.ts';
import { API_DESIRED, apiPicture } from '../../support/api.ts';

const VIEW = apiPicture();
const [RELEASE] = API_DESIRED.releases;
if (RELEASE === undefined) throw new Error('no release');
const { file, line, column, revision, name } = RELEASE.origin;
const EVENT = { product: 'thermostat', revision, manifest: `Release/${name}` };
const NOWHERE = { file: null, line: null, column: null };

describe('the place of an event', () => {
  it('is that of its manifest, with the text that it is about', () => {
    expect(findManifestPlace(EVENT, VIEW)).toEqual({ file, line, column });
    expect(findManifestPlace({ ...EVENT, revision: 'another' }, VIEW)).toEqual(NOWHERE);
    expect(findManifestPlace({ ...EVENT, manifest: 'Release/nobody' }, VIEW)).toEqual(NOWHERE);
    expect(findManifestPlace({ ...EVENT, product: 'nobody' }, VIEW)).toEqual(NOWHERE);
  });

  it('is none where no manifest is behind it', () => {
    for (const missing of [{ product: null }, { revision: null }, { manifest: null }]) {
      expect(findManifestPlace({ ...EVENT, ...missing }, VIEW)).toEqual(NOWHERE);
    }
  });

  it('is found in the newest reading too, which may be refused', () => {
    const moved = { ...RELEASE, origin: { ...RELEASE.origin, revision: 'r2', line: 70 } };
    const { snapshot } = VIEW;
    const view = {
      ...VIEW,
      snapshot: snapshot && {
        ...snapshot,
        products: { thermostat: { ...API_DESIRED, releases: [moved] } },
      },
    };
    expect(findManifestPlace({ ...EVENT, revision: 'r2' }, view)).toMatchObject({ line: 70 });
    expect(findManifestPlace(EVENT, view)).toMatchObject({ line });
    expect(findManifestPlace(EVENT, { ...VIEW, snapshot: null })).toMatchObject({ line });
  });

  it('is found for a product of any name', () => {
    expect(findManifestPlace({ ...EVENT, product: 'constructor' }, VIEW)).toEqual(NOWHERE);
  });
});
