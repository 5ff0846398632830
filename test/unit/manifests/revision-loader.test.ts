import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Failure, failure } from '../../../controller/base/failure.ts';
import { fail, ok, type Result } from '../../../controller/base/result.ts';
import { createExaminer } from '../../../controller/firmware/examine.ts';
import type { Snapshot } from '../../../controller/model/revision.ts';
import { createRevisionLoader } from '../../../controller/reconciler/revision-loader.ts';
import { memoryTree, type TreeContent } from '../../support/trees.ts';

type Files = Readonly<Record<string, TreeContent>>;

const BINARY = new TextEncoder().encode('firmware without a header');
const SHA = createHash('sha256').update(BINARY).digest('hex');

const PRODUCT = `apiVersion: lockstep/v1
kind: Product
metadata: { name: t }
spec: { fleet: { driver: gateway } }
`;

function firmware(binary: string, version = 42): string {
  return `apiVersion: lockstep/v1
kind: Firmware
metadata: { name: t-${version} }
spec:
  product: t
  version: ${version}
  binary: { ${binary}, sha256: ${SHA}, format: opaque }
`;
}

const FILES: Files = {
  'p.yaml': PRODUCT,
  'f.yml': firmware('path: firmware/42.bin'),
  'firmware/42.bin': BINARY,
  'README.md': 'apiVersion: lockstep/v1\n',
};

function open(result: Result<Snapshot, Failure>): Snapshot {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

function tell(snapshot: Snapshot): readonly string[] {
  return snapshot.problems.map(
    ({ reason, place, message }) => `${place?.file} ${reason}: ${message}`,
  );
}

async function* stream(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

describe('a tree', () => {
  it('is read, its binaries included, and resolved', async () => {
    const tree = memoryTree(FILES, 'r7');
    const snapshot = open(await createRevisionLoader().load(tree, null));
    expect(snapshot).toMatchObject({ revision: 'r7', problems: [], frozen: [], refused: [] });
    expect(snapshot.binaries[SHA]).toMatchObject({ size: BINARY.length, sha256: SHA });
    expect(snapshot.productsByFile).toEqual({ 'f.yml': ['t'], 'p.yaml': ['t'] });
    expect(tree.reads).not.toContain('README.md');
  });

  it('is read again only where it changed', async () => {
    const loader = createRevisionLoader();
    await loader.load(memoryTree(FILES), null);
    const changed = memoryTree({ ...FILES, 'p.yaml': `${PRODUCT}# changed\n` });
    const snapshot = open(await loader.load(changed, null));
    expect(changed.reads).toEqual(['p.yaml']);
    expect(snapshot.products['t']?.firmware).toHaveLength(1);
    const other = memoryTree({ ...FILES, 'firmware/42.bin': 'other' });
    expect(tell(open(await loader.load(other, null)))).toEqual([
      expect.stringContaining('DigestMismatch'),
    ]);
    expect(other.reads).toEqual(['p.yaml', 'firmware/42.bin']);
  });

  it('of 2,000 locks needs one read for one changed file', async () => {
    const lock = (index: number) =>
      `apiVersion: lockstep/v1\nkind: DeviceLock\nmetadata: { name: l${index} }\nspec: { product: t, devices: [d${index}], version: 42, flash: now }\n`;
    const locks = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [`locks/${index}.yaml`, lock(index)]),
    );
    const loader = createRevisionLoader();
    await loader.load(memoryTree({ ...FILES, ...locks }), null);
    const tree = memoryTree({ ...FILES, ...locks, 'locks/7.yaml': lock(7).replace('d7', 'e7') });
    const snapshot = open(await loader.load(tree, null));
    expect(tree.reads).toEqual(['locks/7.yaml']);
    expect(snapshot.products['t']?.locks).toHaveLength(2_000);
  });

  it('that cannot be read is a failure, never an empty file', async () => {
    for (const path of ['p.yaml', 'firmware/42.bin']) {
      for (const how of ['unreadable', 'cut'] as const) {
        const tree = memoryTree(FILES);
        tree.breakPath(path, how);
        const result = await createRevisionLoader().load(tree, null);
        expect(result).toMatchObject({
          ok: false,
          error: { code: 'ReadFailed', disposition: 'retry' },
        });
      }
    }
  });

  it('can be read after a failed load', async () => {
    const loader = createRevisionLoader();
    const tree = memoryTree(FILES);
    tree.breakPath('firmware/42.bin', 'cut');
    await loader.load(tree, null);
    expect(tell(open(await loader.load(memoryTree(FILES), null)))).toEqual([]);
  });

  it('knows from the revision before what a broken file concerns', async () => {
    const files = { ...FILES, 'p.yaml': `${PRODUCT}  [\n` };
    const loader = createRevisionLoader();
    expect(open(await loader.load(memoryTree(files), null)).frozen).toBe('all');
    const before = open(await loader.load(memoryTree(FILES), null));
    expect(open(await loader.load(memoryTree(files), before)).frozen).toEqual(['t']);
  });
});

describe('a manifest file', () => {
  it('that is a symlink is refused', async () => {
    const tree = memoryTree({ ...FILES, 'link.yaml': { kind: 'symlink' } });
    const snapshot = open(await createRevisionLoader().load(tree, null));
    expect(tell(snapshot)).toEqual([
      expect.stringContaining('link.yaml InvalidManifest: The file is a symlink'),
    ]);
    expect(snapshot.frozen).toBe('all');
    expect(tree.reads).not.toContain('link.yaml');
  });

  it('that is a submodule is left alone', async () => {
    const tree = memoryTree({ ...FILES, 'sub.yaml': { kind: 'submodule' } });
    expect(tell(open(await createRevisionLoader().load(tree, null)))).toEqual([]);
  });

  it('over the limit is refused when it is ours, and left alone otherwise', async () => {
    const filler = '# filler\n'.repeat(120_000);
    const load = async (text: string, before: Snapshot['productsByFile'] | null) =>
      open(
        await createRevisionLoader().load(
          memoryTree({ ...FILES, 'big.yaml': text }),
          before === null ? null : { productsByFile: before },
        ),
      );
    expect(tell(await load(filler + PRODUCT, null))).toEqual([
      expect.stringContaining('big.yaml InvalidManifest: The file is larger than 1 MiB'),
    ]);
    expect(tell(await load(filler, null))).toEqual([]);
    const held = await load(filler, { 'big.yaml': ['t'] });
    expect(tell(held)).toEqual([expect.stringContaining('larger than 1 MiB')]);
    expect(held.frozen).toEqual(['t']);
  });
});

describe('a binary in the tree', () => {
  const load = async (path: string, extra: Files = {}) =>
    tell(
      open(
        await createRevisionLoader().load(
          memoryTree({ ...FILES, ...extra, 'f.yml': firmware(`path: ${path}`) }),
          null,
        ),
      ),
    );

  it.each<readonly [string, string, Files, string]>([
    ['that is not there', 'firmware/43.bin', {}, 'There is no file `firmware/43.bin`'],
    ['that is a folder', 'firmware', {}, 'There is no file `firmware`'],
    ['that is a symlink', 'x.bin', { 'x.bin': { kind: 'symlink' } }, '`x.bin` is a symlink'],
    [
      'behind a symlink',
      'out/x.bin',
      { out: { kind: 'symlink' } },
      '`out/x.bin` goes through `out`, which is a symlink',
    ],
    ['in a submodule', 'sub/x.bin', { sub: { kind: 'submodule' } }, 'which is a submodule'],
    ['outside', '../x.bin', {}, 'leads out of the fleet repo'],
    ['by an absolute path', '/etc/passwd', {}, 'leads out of the fleet repo'],
  ])('%s is missing', async (_, path, extra, said) => {
    expect(await load(path, extra)).toEqual([expect.stringContaining(said)]);
    expect(await load(path, extra)).toEqual([expect.stringContaining('f.yml BinaryMissing')]);
  });

  it('is found through a path that only looks odd', async () => {
    expect(await load('./firmware/../firmware/42.bin')).toEqual([]);
  });
});

describe('a binary by URL', () => {
  const files: Files = {
    'p.yaml': PRODUCT,
    'f.yaml': firmware('url: "https://example.com/42.bin"'),
  };
  const facts = (() => {
    const examiner = createExaminer();
    examiner.push(BINARY);
    return examiner.finish();
  })();

  it('is not checked without a way to fetch it', async () => {
    expect(tell(open(await createRevisionLoader().load(memoryTree(files), null)))).toEqual([
      expect.stringContaining('f.yaml BinaryNotChecked'),
    ]);
  });

  it('is not fetched when it is stored already', async () => {
    const loader = createRevisionLoader({
      knownBinary: async (sha256) => (sha256 === SHA ? facts : null),
      openUrl: async () => fail(failure('FetchFailed', 'must not be asked', 'stall')),
    });
    expect(tell(open(await loader.load(memoryTree(files), null)))).toEqual([]);
  });

  it('is fetched once, and again while its content is wrong', async () => {
    const asked: string[] = [];
    let content = new TextEncoder().encode('wrong');
    const loader = createRevisionLoader({
      openUrl: async (url) => {
        asked.push(url);
        return ok(stream(content));
      },
    });
    expect(tell(open(await loader.load(memoryTree(files), null)))).toEqual([
      expect.stringContaining('DigestMismatch'),
    ]);
    content = BINARY;
    expect(tell(open(await loader.load(memoryTree(files), null)))).toEqual([]);
    expect(tell(open(await loader.load(memoryTree(files), null)))).toEqual([]);
    expect(asked).toEqual(['https://example.com/42.bin', 'https://example.com/42.bin']);
  });

  it('that cannot be fetched is missing, and refuses its manifest alone', async () => {
    const loader = createRevisionLoader({
      openUrl: async () => fail(failure('FetchFailed', 'The server answered 404.', 'stall')),
    });
    const snapshot = open(await loader.load(memoryTree(files), null));
    expect(tell(snapshot)).toEqual([
      'f.yaml BinaryMissing: The binary could not be fetched: The server answered 404.',
    ]);
    expect(snapshot.refused).toEqual(['Firmware/t/t-42']);
  });
});

describe('a limit for binaries of the tree', () => {
  it('lets one that is larger count as missing, unread, and says the limit', async () => {
    const tree = memoryTree(FILES);
    const limit = BINARY.length - 1;
    const snapshot = open(await createRevisionLoader({ binaryBytesMax: limit }).load(tree, null));
    expect(tell(snapshot)).toEqual([
      `f.yml BinaryMissing: \`firmware/42.bin\` has ${BINARY.length} bytes, and no more than ${limit} are read of a binary here.`,
    ]);
    expect(tree.reads).not.toContain('firmware/42.bin');
    const fitting = createRevisionLoader({ binaryBytesMax: BINARY.length });
    expect(tell(open(await fitting.load(memoryTree(FILES), null)))).toEqual([]);
  });
});
