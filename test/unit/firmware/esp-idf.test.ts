// ESP-IDF application images: facts, tolerated extras, and each defect.

import { describe, expect, it } from 'vitest';

import { readCompiled } from '../../../controller/firmware/read.ts';
import { buildEspImage } from '../../support/firmware-images.ts';

function readDefect(bytes: Uint8Array): string {
  const { compiled, defect } = readCompiled(bytes);
  expect(compiled).toBeNull();
  expect(defect?.format).toBe('esp-idf');
  return defect?.message ?? '';
}

function flip(bytes: Uint8Array, at: number, mask = 1): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ mask;
  return changed;
}

describe('facts of an ESP-IDF image', () => {
  it('reads chip, version text and descriptor', () => {
    const { compiled } = readCompiled(buildEspImage({ version: '1.4.2', chipId: 9 }));
    expect(compiled).toMatchObject({
      format: 'esp-idf',
      productId: null,
      version: null,
      versionText: '1.4.2',
      platform: { id: 9, name: 'esp32s3' },
      appHash: null,
    });
    expect(Object.fromEntries(compiled?.details ?? [])).toMatchObject({
      project: 'thermostat',
      'ESP-IDF': 'v5.4',
      built: 'Jan  2 2026 08:15:00',
      'ELF sha256': 'a5'.repeat(32),
      'secure version': '3',
      segments: '2',
    });
  });

  it.each([
    ['42', 42],
    ['65534', 65_534],
    ['65535', null],
    ['0', null],
    ['042', null],
    ['1.4', null],
    ['v42', null],
  ])('takes version text %s for the number %s', (version, number) => {
    const { compiled } = readCompiled(buildEspImage({ version }));
    expect(compiled).toMatchObject({ version: number, versionText: version });
  });

  it('knows no version where the text is empty', () => {
    const { compiled } = readCompiled(buildEspImage({ version: '' }));
    expect(compiled).toMatchObject({ version: null, versionText: null });
  });

  it('reads a version that fills its whole field', () => {
    const version = 'v1.0.0-123-gdeadbeef-dirty-abcde';
    expect(version).toHaveLength(32);
    expect(readCompiled(buildEspImage({ version })).compiled?.versionText).toBe(version);
  });

  it('makes control characters of a text visible instead of passing them on', () => {
    const { compiled } = readCompiled(
      buildEspImage({ version: '1\u001b[2J', project: 'a\u202eb' }),
    );
    expect(compiled?.versionText).toBe('1\uFFFD[2J');
    expect(compiled?.details[0]).toEqual(['project', 'a\uFFFDb']);
  });

  it.each([
    [0, 'esp32'],
    [2, 'esp32s2'],
    [5, 'esp32c3'],
    [12, 'esp32c2'],
    [13, 'esp32c6'],
    [16, 'esp32h2'],
    [18, 'esp32p4'],
    [20, 'esp32c61'],
    [23, 'esp32c5'],
    [4097, null],
  ])('names chip %i %s', (chipId, name) => {
    const { compiled } = readCompiled(buildEspImage({ chipId }));
    expect(compiled?.platform).toEqual({ id: chipId, name });
  });

  it('says that only a checksum protects an image without appended digest', () => {
    const { compiled } = readCompiled(buildEspImage({ hashAppended: false }));
    expect(compiled?.versionText).toBe('1.4.2');
    expect(Object.fromEntries(compiled?.details ?? [])['image sha256']).toContain('none appended');
  });

  it.each([12, 4, 0, 8])('finds the checksum at the end of its block (segment of %i)', (size) => {
    expect(readCompiled(buildEspImage({ segments: [512, size] })).defect).toBeNull();
  });

  it('tolerates the signature sector of secure boot v2, and says so', () => {
    const image = buildEspImage();
    const filled = Math.ceil(image.length / 4096) * 4096 - image.length;
    const signature = Buffer.alloc(4096, 0x11);
    signature.set([0xe7, 0x02]);
    const trailing = Buffer.concat([Buffer.alloc(filled, 0xff), signature]);
    const { compiled } = readCompiled(Buffer.concat([image, trailing]));
    expect(Object.fromEntries(compiled?.details ?? [])['after the image']).toContain(
      'secure boot v2',
    );
  });
});

describe('defects of an ESP-IDF image', () => {
  const whole = buildEspImage();

  it('says that an image was cut short, wherever it was cut', () => {
    for (const length of [40, 300, 900, whole.length - 32, whole.length - 1]) {
      expect(readDefect(whole.subarray(0, length))).toContain(`${length} present`);
    }
  });

  it('names both checksums of an image whose segments changed', () => {
    expect(readDefect(flip(whole, 400))).toMatch(/checksum is 0x[0-9a-f]{2}, .* 0x[0-9a-f]{2}/);
  });

  it('names the SHA-256 where the checksum does not see the change', () => {
    expect(readDefect(flip(whole, 5))).toContain('SHA-256');
  });

  it('finds out that the flag of an appended digest was lost', () => {
    expect(readDefect(flip(whole, 23))).toContain('the header says it has none');
  });

  it('refuses a digest flag of neither 0 nor 1', () => {
    expect(readDefect(flip(whole, 23, 2))).toContain('digest flag');
  });

  it('refuses an impossible number of segments', () => {
    expect(readDefect(flip(whole, 1, 0x40))).toContain('66 segments');
  });

  it('refuses a segment whose size is no multiple of 4', () => {
    expect(readDefect(flip(whole, 28))).toContain('impossible size');
  });

  it('refuses an image without descriptor, such as a bootloader', () => {
    expect(readDefect(buildEspImage({ descriptor: false }))).toContain('no application descriptor');
  });

  it('does not claim a file that only begins with the magic byte', () => {
    const file = Buffer.alloc(4096, 0x20);
    file[0] = 0xe9;
    expect(readCompiled(file).defect?.format).toBeNull();
  });
});
