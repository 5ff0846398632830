import { describe, expect, it } from 'vitest';
import { parseManifestFile } from '../../../controller/manifests/parse-file.ts';
import { createClaimScanner } from '../../../controller/manifests/recognise.ts';
import type { ParsedFile } from '../../../controller/manifests/parsed.ts';

const encoder = new TextEncoder();

function parse(text: string, path = 'a.yaml'): ParsedFile {
  return parseManifestFile(path, encoder.encode(text));
}

/** `line:column reason` of each problem, and the start of what is said. */
function tell(file: ParsedFile): readonly string[] {
  return file.problems.map(
    ({ place, reason, message }) => `${place?.line}:${place?.column} ${reason}: ${message}`,
  );
}

const RELEASE = `apiVersion: lockstep/v1
kind: Release
metadata: { name: thermostat }
spec:
  product: thermostat
  version: 42
`;

const PRODUCT = `apiVersion: lockstep/v1
kind: Product
metadata: { name: thermostat }
spec:
  fleet: { driver: gateway }
`;

describe('a file with manifests', () => {
  it('gives documents with their specs and the places of their values', () => {
    const file = parse(`# a comment\n${RELEASE}---\n${PRODUCT}`);
    expect(file.problems).toEqual([]);
    expect(file.products).toEqual(['thermostat']);
    expect(file.documents).toMatchObject([
      {
        kind: 'Release',
        name: 'thermostat',
        product: 'thermostat',
        version: 42,
        line: 2,
        column: 1,
        verdict: 'good',
        spec: { product: 'thermostat', version: 42, group: null },
        places: { 'metadata.name': [4, 19], 'spec.product': [6, 12], 'spec.version': [7, 12] },
      },
      { kind: 'Product', line: 9, verdict: 'good' },
    ]);
  });

  it('fills in the defaults that the schema states, durations in milliseconds', () => {
    expect(parse(PRODUCT).documents[0]?.spec).toEqual({
      productId: null,
      platform: null,
      fleet: {
        driver: 'gateway',
        admission: 'open',
        pollIntervalMs: 300_000,
        versionAttribute: 'fw_version',
        bootAttribute: null,
        productAttribute: null,
        part: 'firmware',
        tenant: null,
        attemptTimeoutMs: 86_400_000,
        rebootGraceMs: 900_000,
        forgetAfterMs: 90 * 86_400_000,
        retries: 3,
        groupBy: [],
      },
      verification: { devices: 1, soakMs: 0, group: null, evidence: 'reported' },
      guardrails: { maxAffected: null, maxUnlocked: null, maxUnverified: 10, allowEmpty: false },
    });
  });

  it('reads every setting that is given', () => {
    const file =
      parse(`${PRODUCT.replace('{ driver: gateway }', '{ driver: gateway, admission: listed, pollInterval: 23h59m59s, bootAttribute: boot, retries: 0 }')}  productId: 94
  platform: photon
  verification: { devices: 2, soak: 1h30m, group: bench, evidence: flashed }
  guardrails: { maxAffected: 2.5%, maxUnlocked: 0%, maxUnverified: 0, allowEmpty: true }
`);
    expect(tell(file)).toEqual([]);
    expect(file.documents[0]?.spec).toMatchObject({
      productId: 94,
      platform: 'photon',
      fleet: { admission: 'listed', pollIntervalMs: 86_399_000, bootAttribute: 'boot', retries: 0 },
      verification: { devices: 2, soakMs: 5_400_000, group: 'bench', evidence: 'flashed' },
      guardrails: { maxAffected: 2.5, maxUnlocked: 0, maxUnverified: 0, allowEmpty: true },
    });
  });

  it('reads firmware, with the digest in lower case and the path from the root', () => {
    const sha = 'AB'.repeat(32);
    const file = parse(`apiVersion: lockstep/v1
kind: Firmware
metadata: { name: thermostat-42 }
spec:
  product: thermostat
  version: 42
  binary: { path: ./firmware/../firmware//42.bin, sha256: ${sha} }
  withdrawn: { reason: bricks rev B }
`);
    expect(file.documents[0]?.spec).toMatchObject({
      binary: { path: 'firmware/42.bin', url: null, sha256: sha.toLowerCase(), format: null },
      withdrawn: { reason: 'bricks rev B', url: null },
      reportedAs: null,
      retiring: false,
    });
  });

  it('takes a BOM, CRLF line ends, anchors and a JSON document', () => {
    expect(parse(`\ufeff${RELEASE.replaceAll('\n', '\r\n')}`).documents[0]?.places).toMatchObject({
      'spec.version': [6, 12],
    });
    const anchored = parse(`apiVersion: lockstep/v1
kind: DeviceLock
metadata: { name: &name bench }
spec: { product: thermostat, group: *name, version: 1, flash: now }
`);
    expect(tell(anchored)).toEqual([]);
    expect(anchored.documents[0]?.spec).toMatchObject({ group: 'bench' });
    const json = `{"apiVersion": "lockstep/v1", "kind": "Release", "metadata": {"name": "x"}, "spec": {"product": "t", "version": 1}}`;
    expect(parse(json).documents[0]?.verdict).toBe('good');
  });

  it('gives the offending line as excerpt, cut at 160 characters', () => {
    const long = 'x'.repeat(300);
    const [, problem] = parse(RELEASE.replace('version: 42', `versoin: ${long}`)).problems;
    expect(problem?.excerpt).toBe(`  versoin: ${long}`.slice(0, 160));
  });
});

describe('a file that is not ours', () => {
  it.each([
    ['a compose file', 'services:\n  web:\n    image: nginx\n'],
    ['a manifest of something else', 'apiVersion: apps/v1\nkind: Deployment\nspec: {}\n'],
    [
      'another Release',
      'apiVersion: helm.crossplane.io/v1beta1\nkind: Release\nmetadata: { name: x }\nspec: { product: y }\n',
    ],
    ['a template that is no YAML', 'kind: {{ .Kind }}\n{{- if x }}\n  a: [\n{{- end }}\n'],
    ['a template that mentions us in a comment', '# apiVersion: lockstep/v1\n{{- if x }}\na: [\n'],
    ['a broken file with one of our kinds', 'kind: Release\n  a: [\n'],
    ['a list', '- lockstep/\n- apiVersion\n'],
    ['bytes', '\u0000\u0001'],
    ['nothing', ''],
  ])('is left alone: %s', (_, text) => {
    const file = parse(text);
    expect(file.documents).toEqual([]);
    expect(file.problems).toEqual([]);
    expect(file.unattributed).toBe(false);
  });

  it('may be as large as it likes', () => {
    expect(parse(`a: ${'x'.repeat(2 ** 20)}`).problems).toEqual([]);
  });

  it('leaves documents alone that stand beside ours', () => {
    const file = parse(`apiVersion: v1\nkind: ConfigMap\nmetadata: { name: x }\n---\n${RELEASE}`);
    expect(file.documents).toHaveLength(1);
    expect(file.problems).toEqual([]);
  });
});

describe('a file that cannot be read', () => {
  it.each([
    ['an open bracket', `${RELEASE}  group: [a\n`, '7:11', 'cannot be read'],
    [
      'a tab as indentation',
      RELEASE.replace('  product', '\tproduct'),
      '5:1',
      'A tab indents this line',
    ],
    ['a NUL', `${RELEASE}# \0\n`, '7:3', 'NUL character'],
    ['a bad indentation', RELEASE.replace('  version', ' version'), '6:', 'cannot be read'],
    ['an unclosed quote', RELEASE.replace('42', '"42'), '', 'cannot be read'],
    ['merge markers', `<<<<<<< HEAD\n${RELEASE}`, '', 'cannot be read'],
  ])('is one problem at its place: %s', (_, text, place, said) => {
    const file = parse(text);
    expect(file.documents).toEqual([]);
    expect(tell(file)).toEqual([
      expect.stringMatching(new RegExp(`^${place}.*InvalidManifest.*${said}`)),
    ]);
    expect(file.unattributed).toBe(true);
    expect(file.obscured).toBe(true);
    expect(file.problems[0]?.remedy).not.toBe('');
  });

  it('keeps the documents beside the broken one', () => {
    const file = parse(`${RELEASE}---\nkind: [\n`);
    expect(file.documents).toHaveLength(1);
    expect(file.problems).toHaveLength(1);
    expect(file.unattributed).toBe(true);
  });

  it('is ours when a document beside the broken one is', () => {
    const flow =
      '{ kind: Release, apiVersion: lockstep/v1, metadata: { name: r }, spec: { product: t, version: 1 } }';
    expect(tell(parse(`${flow}\n---\nkind: [\n`))).toEqual([
      expect.stringContaining('3:7 InvalidManifest'),
    ]);
  });

  it('is told when it is not UTF-8', () => {
    const bytes = new Uint8Array([...encoder.encode(RELEASE), 0x23, 0xff, 0xfe]);
    expect(tell(parseManifestFile('a.yaml', bytes))).toEqual([
      '7:2 InvalidManifest: The file is not encoded as UTF-8.',
    ]);
  });

  it('is told when it is UTF-16', () => {
    const bytes = new Uint8Array(Buffer.from(`\ufeff${RELEASE}`, 'utf16le'));
    expect(tell(parseManifestFile('a.yaml', bytes))).toEqual([
      '1:1 InvalidManifest: The file is encoded as UTF-16.',
    ]);
  });

  it('is told when it is larger than a mebibyte', () => {
    const file = parse(`${RELEASE}# ${'x'.repeat(2 ** 20)}\n`);
    expect(tell(file)).toEqual([
      '1:1 InvalidManifest: The file is larger than 1 MiB, the most that is read of a manifest file.',
    ]);
    expect(file.unattributed).toBe(true);
  });

  it('is suspected, not accused, where nothing says that it is ours', () => {
    expect(parse('').suspects).toMatchObject([
      { message: 'The file is empty, but it held manifests before.' },
    ]);
    expect(parse('kind: Release\n  a: [\n').suspects).toHaveLength(1);
    expect(parse('\0').suspects).toHaveLength(1);
    expect(parse('a: 1\n').suspects).toEqual([]);
  });
});

describe('a document that says what plain data cannot', () => {
  const lock = (spec: string) => `apiVersion: lockstep/v1
kind: DeviceGroup
metadata: { name: bench }
spec:
  product: thermostat
${spec}`;

  it.each([
    ['a key given twice', '  devices: [a]\n  product: other\n', '7:3', '`product` is given twice'],
    ['a merge key', '  <<: { a: 1 }\n  devices: [a]\n', '6:3', 'Merge keys'],
    ['a tag', '  devices: !Ref x\n', '6:17', 'tag'],
    ['a binary', '  devices: [!!binary aGk=]\n', '6:22', 'tag'],
    [
      'a key that is no text',
      '  devices: [a]\n  ? [x]\n  : y\n',
      '7:5',
      'A key must be plain text',
    ],
    ['an alias without an anchor', '  devices: [*x]\n', '6:13', 'has no anchor'],
    ['an alias inside itself', '  devices: &x [*x]\n', '6:16', 'inside the value'],
  ])('is a problem at its place: %s', (_, spec, place, said) => {
    const file = parse(lock(spec));
    expect(
      tell(file).filter((text) => text.startsWith(`${place} `) && text.includes(said)),
    ).toHaveLength(1);
    expect(file.documents[0]?.verdict).toBe('invalid');
    expect(file.products).toEqual(['thermostat']);
  });

  it('is told once where it stands', () => {
    expect(tell(parse(lock('  devices: !Ref x\n')))).toEqual([
      '6:17 InvalidManifest: The tag `!Ref` means nothing here.',
    ]);
  });

  it.each([
    '123456',
    '12e4',
    '1e5',
    '0x1F',
    '0o17',
    '.5',
    '1.0',
    '-7',
    '.inf',
    'true',
    'null',
    '~',
  ])('asks to quote a device id that YAML does not read as text: %s', (id) => {
    const file = parse(lock(`  devices: [good, ${id}]\n`));
    const [problem] = file.problems;
    expect(file.problems).toHaveLength(1);
    expect(problem?.place).toEqual({ file: 'a.yaml', line: 6, column: 19 });
    const remedy = ['null', '~'].includes(id) ? 'Remove the line' : `Quote it: \`"${id}"\`.`;
    expect(problem?.remedy).toContain(remedy);
    expect(parse(lock(`  devices: [good, "${id}"]\n`)).problems).toEqual([]);
  });
});

describe('a document of ours', () => {
  it('of an unknown version is a problem at the version', () => {
    expect(tell(parse(RELEASE.replace('v1', 'v9')))).toEqual([
      '1:13 InvalidManifest: `apiVersion` is "lockstep/v9", which this version of Lockstep does not know.',
    ]);
  });

  it('of an unknown kind is a problem that names the nearest', () => {
    const [problem] = parse(RELEASE.replace('Release', 'Relaese')).problems;
    expect(problem).toMatchObject({
      reason: 'InvalidManifest',
      place: { line: 2, column: 7 },
      remedy: 'Write `kind: Release`.',
      product: 'thermostat',
    });
    expect(tell(parse(RELEASE.replace('kind: Release\n', '')))).toEqual([
      '1:1 InvalidManifest: `kind` is missing.',
    ]);
  });

  it.each([
    ['mistyped', RELEASE.replace('lockstep/v1', 'lokstep/v1'), 'is "lokstep/v1"'],
    ['in another case', RELEASE.replace('lockstep/v1', 'Lockstep/v1'), 'is "Lockstep/v1"'],
    ['missing', RELEASE.replace('apiVersion: lockstep/v1\n', ''), 'is missing'],
  ])('is not lost when its apiVersion is %s', (_, text, said) => {
    const file = parse(text);
    expect(tell(file)).toEqual([expect.stringContaining(said)]);
    expect(file.products).toEqual(['thermostat']);
  });

  it('shows an unknown field at its key, and a missing one at its parent', () => {
    const text = RELEASE.replace('  version: 42\n', '  versoin: 42\n');
    expect(tell(parse(text))).toEqual([
      '4:1 InvalidManifest: `spec.version` is missing.',
      '6:3 InvalidManifest: `spec.versoin` is no known field; `version` is near.',
    ]);
    expect(parse(text).problems.map(({ remedy }) => remedy)).toEqual([
      'Add under `spec` a line such as `version: 42`.',
      'Write `version` instead, or remove it.',
    ]);
  });

  it('shows a wrong value at the value, with all others of the document', () => {
    const text = PRODUCT.replace(
      '{ driver: gateway }',
      '{ driver: gatway, pollInterval: 24h, attemptTimeout: 0s, retries: many }',
    );
    expect(tell(parse(text)).map((line) => line.slice(0, 70))).toEqual([
      expect.stringContaining('5:20 InvalidManifest: `spec.fleet.driver` is "gatway"'),
      expect.stringContaining('5:42 InvalidManifest: `spec.fleet.pollInterval` is 24h'),
      expect.stringContaining('5:63 InvalidManifest: `spec.fleet.attemptTimeout` is'),
      expect.stringContaining('5:76 InvalidManifest: `spec.fleet.retries` is "many"'),
    ]);
  });

  it.each([
    ['pollInterval', '0s'],
    ['pollInterval', '24h'],
    ['attemptTimeout', '0s'],
    ['attemptTimeout', '3651d'],
    ['rebootGrace', '3651d'],
    ['forgetAfter', '0d'],
  ])('refuses the duration %s: %s', (field, text) => {
    const file = parse(PRODUCT.replace('gateway }', `gateway, ${field}: ${text} }`));
    expect(tell(file)).toEqual([
      expect.stringContaining(`\`spec.fleet.${field}\` is ${text}, but must be from`),
    ]);
    expect(file.documents[0]?.spec).toBeNull();
  });

  it('refuses a soak that nobody can meet, because only claims count', () => {
    const claimed = (soak: string): string =>
      `${PRODUCT}  verification: { evidence: claimed, soak: ${soak} }\n`;
    expect(tell(parse(claimed('1h')))).toEqual([
      expect.stringContaining('A soak can never be met with `evidence: claimed`'),
    ]);
    expect(tell(parse(claimed('0s')))).toEqual([]);
  });

  it('with more problems than are listed counts the rest', () => {
    const ids = Array.from({ length: 150 }, (_, index) => index).join(', ');
    const file = parse(`apiVersion: lockstep/v1
kind: DeviceGroup
metadata: { name: bench }
spec: { product: thermostat, devices: [${ids}] }
`);
    expect(file.problems).toHaveLength(101);
    expect(file.problems[100]?.message).toBe('a.yaml has 50 more problems that are not listed.');
  });
});

describe('the settings of a fleet', () => {
  const withFleet = (fleet: string): string => PRODUCT.replace('{ driver: gateway }', fleet);

  it('are those of its driver', () => {
    const [document] = parse(
      withFleet('{ driver: particle, product: t-v2, drift: report, pollInterval: 2m, retries: 1 }'),
    ).documents;
    expect(document).toMatchObject({
      verdict: 'good',
      spec: {
        fleet: {
          driver: 'particle',
          product: 't-v2',
          drift: 'report',
          pollIntervalMs: 120_000,
          attemptTimeoutMs: 86_400_000,
          retries: 1,
          groupBy: [],
        },
      },
    });
    const [plain] = parse(withFleet('{ driver: particle, product: t-v2 }')).documents;
    expect(plain).toMatchObject({ spec: { fleet: { drift: 'mend', pollIntervalMs: 60_000 } } });
  });

  it('of another driver refuse the manifest alone, at the value', () => {
    const file = parse(withFleet('{ driver: particle, product: t-v2, tenant: x, groupBy: [a] }'));
    expect(tell(file)).toEqual([
      '5:53 Contradiction: `tenant` is a setting of the driver `gateway`, and this product has `particle`.',
      '5:65 Contradiction: `groupBy` is a setting of the driver `gateway`, and this product has `particle`.',
    ]);
    expect(file.problems[0]?.remedy).toBe('Remove it, or write `driver: gateway`.');
    expect(file.documents).toMatchObject([
      { verdict: 'refused', spec: null, product: 'thermostat' },
    ]);
    expect(tell(parse(withFleet('{ driver: gateway, drift: mend }')))).toEqual([
      '5:36 Contradiction: `drift` is a setting of the driver `particle`, and this product has `gateway`.',
    ]);
  });

  it('need the product of Particle’s that is meant', () => {
    expect(tell(parse(withFleet('{ driver: particle }')))).toEqual([
      '5:10 Contradiction: The driver `particle` needs `product`: the name by which Particle knows it.',
    ]);
  });

  it('do not hide other mistakes of the document', () => {
    const file = parse(`${withFleet('{ driver: particle }')}  productId: -1\n`);
    expect(file.problems.map(({ reason }) => reason)).toEqual(['Contradiction', 'InvalidManifest']);
    expect(file.documents[0]?.verdict).toBe('invalid');
  });
});

describe('the scan of a large file', () => {
  const scan = (text: string, size: number) => {
    const scanner = createClaimScanner();
    const bytes = encoder.encode(text);
    for (let start = 0; start < bytes.length; start += size) {
      scanner.push(bytes.subarray(start, start + size));
    }
    return scanner.found();
  };

  it.each([1, 7, 64, 1_000_000])('finds a claim wherever chunks of %s bytes are cut', (size) => {
    expect(scan(`${'a: 1\n'.repeat(50)}${RELEASE}`, size)).toBe(true);
    expect(scan(`${'a: 1\n'.repeat(50)}# apiVersion: lockstep/v1\n`, size)).toBe(false);
  });
});
