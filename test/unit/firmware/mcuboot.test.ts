// MCUboot images: facts, digests of each kind, padding, encryption, and each defect.

import { describe, expect, it } from 'vitest';

import { readCompiled } from '../../../controller/firmware/read.ts';
import { buildMcubootImage } from '../../support/firmware-images.ts';

const KEY = [0x30, new Uint8Array(256).fill(3)] as const;

function readDefect(bytes: Uint8Array): string {
  const { compiled, defect } = readCompiled(bytes);
  expect(compiled).toBeNull();
  expect(defect?.format).toBe('mcuboot');
  return defect?.message ?? '';
}

function readDetails(bytes: Uint8Array): Record<string, string> {
  return Object.fromEntries(readCompiled(bytes).compiled?.details ?? []);
}

function flip(bytes: Uint8Array, at: number, mask = 1): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ mask;
  return changed;
}

describe('facts of an MCUboot image', () => {
  it('reads the version, and neither number, product nor platform', () => {
    expect(readCompiled(buildMcubootImage()).compiled).toMatchObject({
      format: 'mcuboot',
      productId: null,
      version: null,
      versionText: '1.4.2',
      platform: null,
    });
  });

  it('adds the build number where it is not 0', () => {
    const image = buildMcubootImage({ version: [255, 0, 65_535, 4_294_967_295] });
    expect(readCompiled(image).compiled?.versionText).toBe('255.0.65535+4294967295');
  });

  it.each([
    ['sha256', 64],
    ['sha384', 96],
    ['sha512', 128],
  ] as const)('checks a %s digest and gives it as app hash', (digest, digits) => {
    const image = buildMcubootImage({ digest, headerSize: 0x200 });
    expect(readCompiled(image).compiled?.appHash).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));
    expect(readDefect(flip(image, 700))).toContain(digest);
  });

  it('reads security counter and dependencies out of the protected area', () => {
    const dependency = Uint8Array.from([1, 0, 0, 0, 2, 3, 4, 0, 5, 0, 0, 0]);
    const image = buildMcubootImage({
      protectedTlvs: [
        [0x50, Uint8Array.from([9, 0, 0, 0])],
        [0x40, dependency],
      ],
    });
    expect(readDetails(image)).toMatchObject({
      'security counter': '9',
      needs: 'image 1, version 2.3.4+5 or newer',
    });
  });

  it('tolerates the padding and trailer of a whole slot, and says so', () => {
    const trailing = Buffer.alloc(5000, 0xff);
    expect(readDetails(buildMcubootImage({ trailing }))['after the image']).toContain('5000 bytes');
  });

  it('reads the header of an encrypted image, and says that the payload was not checked', () => {
    const image = buildMcubootImage({ flags: 0x04, encrypt: true, furtherTlvs: [KEY] });
    expect(readCompiled(image).compiled?.versionText).toBe('1.4.2');
    expect(readDetails(image)).toMatchObject({ flags: 'encrypted (AES-128)' });
    expect(readDetails(image)['not checked']).toContain('decrypted');
  });

  it('checks an image that is marked as encrypted but in the clear', () => {
    const image = buildMcubootImage({ flags: 0x08, furtherTlvs: [KEY] });
    expect(readDetails(image)['not checked']).toBeUndefined();
  });
});

describe('defects of an MCUboot image', () => {
  const whole = buildMcubootImage({ protectedTlvs: [[0x50, new Uint8Array(4)]] });

  it('says that an image was cut short, wherever it was cut', () => {
    for (const length of [4, 31, 32, 600, whole.length - 40, whole.length - 1]) {
      expect(readDefect(whole.subarray(0, length))).toContain(`${length} present`);
    }
  });

  it('names the digest that the content does not fit', () => {
    expect(readDefect(flip(whole, 100))).toContain('does not fit the sha256');
  });

  it('refuses an image without a digest', () => {
    expect(readDefect(buildMcubootImage({ digest: null }))).toContain('no digest');
  });

  it('refuses a digest of the wrong length', () => {
    const image = buildMcubootImage({ digest: null, furtherTlvs: [[0x10, new Uint8Array(31)]] });
    expect(readDefect(image)).toContain('sha256 has 31 bytes');
  });

  it('refuses an image that says it is encrypted without a wrapped key', () => {
    expect(readDefect(flip(whole, 16, 0x04))).toContain('no wrapped key');
  });

  it('refuses a header that is too short', () => {
    expect(readDefect(flip(whole, 8, 0x20))).toContain('header of 0 bytes');
  });

  it('refuses records that do not begin where the header says', () => {
    expect(readDefect(flip(whole, 12, 0x04))).toContain('records should begin');
  });

  it('refuses a protected area of another size than the header says', () => {
    expect(readDefect(flip(whole, 32 + 640 + 2, 0x04))).toMatch(/damaged/);
  });

  it('refuses a record that reaches beyond its area', () => {
    const image = buildMcubootImage();
    expect(readDefect(flip(image, 32 + 640 + 4 + 2, 0x40))).toContain(
      'record at byte 676 is cut off',
    );
  });
});
