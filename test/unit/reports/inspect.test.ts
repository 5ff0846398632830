// The two forms of `inspect`: aligned text, and JSON with null for what is not carried.

import { describe, expect, it } from 'vitest';

import { examineBytes } from '../../../controller/firmware/examine.ts';
import { inspectJson, renderInspectText } from '../../../controller/reports/inspect.ts';
import {
  buildEspImage,
  buildParticleModule,
  shapeParticleModule,
} from '../../support/firmware-images.ts';

const MODULE = examineBytes(buildParticleModule({ productId: 94, version: 42, platformId: 6 }));

describe('inspect as JSON', () => {
  it('gives every key in its order, and no defect for a sound binary', () => {
    const json = inspectJson('firmware/42.bin', MODULE);
    expect(Object.keys(json)).toEqual([
      'file',
      'format',
      'productId',
      'version',
      'versionText',
      'platform',
      'size',
      'sha256',
      'sha1',
      'md5',
      'appHash',
      'details',
    ]);
    expect(json).toMatchObject({
      file: 'firmware/42.bin',
      format: 'particle',
      productId: 94,
      version: 42,
      versionText: null,
      platform: { id: 6, name: 'photon' },
      size: 4096,
      sha256: MODULE.sha256,
    });
    expect(json.appHash).not.toBe(json.sha256);
  });

  it('gives null for all that could not be read, and says why', () => {
    const json = inspectJson('a.bin', examineBytes(Buffer.from('no firmware at all')));
    expect(json).toMatchObject({ format: null, productId: null, platform: null, details: {} });
    expect(json.defect).toContain('No known header');
  });

  it('names the format that a damaged binary looks like', () => {
    const json = inspectJson('a.bin', examineBytes(buildEspImage().subarray(0, 400)));
    expect(json).toMatchObject({ format: 'esp-idf', versionText: null });
    expect(json.defect).toContain('cut short');
  });

  it('joins details of one name', () => {
    const module = shapeParticleModule({
      dependencies: [
        [4, 1, 326],
        [4, 2, 326],
      ],
    });
    expect(inspectJson('a.bin', examineBytes(module)).details['needs']).toBe(
      'system part 1, module version 326 or newer; system part 2, module version 326 or newer',
    );
  });
});

describe('inspect for people', () => {
  it('aligns the facts under the name of the file', () => {
    expect(renderInspectText('firmware/42.bin', MODULE)).toBe(
      [
        'firmware/42.bin',
        '  format          particle',
        '  product id      94',
        '  version         42',
        '  platform        photon (6)',
        '  size            4096 bytes',
        `  sha256          ${MODULE.sha256}`,
        `  sha1            ${MODULE.sha1}`,
        `  md5             ${MODULE.md5}`,
        `  app hash        ${MODULE.compiled?.appHash}`,
        '  module          user part 1',
        '  module version  6',
        '  start address   0x080a0000',
        '  needs           system part 1, module version 3103 or newer (Device OS 3.1)',
        '',
      ].join('\n'),
    );
  });

  it('leaves out what a format does not carry', () => {
    const text = renderInspectText('esp.bin', examineBytes(buildEspImage()));
    expect(text).not.toContain('product id');
    expect(text).toContain('  version         1.4.2\n');
    expect(text).toContain('  platform        esp32s3 (9)\n');
  });

  it('puts the problem first', () => {
    const text = renderInspectText('a.bin', examineBytes(new Uint8Array()));
    expect(text).toMatch(/^a\.bin\n {2}problem {2}The file is empty\.\n {2}format {3}unknown\n/);
  });
});
