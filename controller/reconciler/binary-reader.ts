// Reads the binaries that Firmware manifests name, each once: files of the tree by streaming, URLs through what the
// shell provides. What the content means is decided in `firmware/` and `manifests/`.

import type { Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { createExaminer } from '../firmware/examine.ts';
import { normalisePath } from '../manifests/binary-path.ts';
import type { BinaryFinding } from '../manifests/check-binaries.ts';
import type { ParsedFile } from '../manifests/parsed.ts';
import type { FirmwareSpec } from '../model/desired.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import type { Tree, TreeEntry } from '../sources/source.ts';
import { drain } from './drain.ts';

/** How binaries outside the tree are reached. Without them, binaries by URL stay unchecked. */
export interface BinaryPorts {
  /**
   * Opens a URL of a manifest. A failure that cannot pass by itself (`stall`) means: not there; but a host that may not
   * be asked (`HostNotListed`, `AddressNotPublic`) leaves the binary unchecked.
   */
  readonly openUrl?: (url: string) => Promise<Result<AsyncIterable<Uint8Array>, Failure>>;
  /** What is known of a binary that is stored already; null where it is not. */
  readonly knownBinary?: (sha256: string) => Promise<BinaryFacts | null>;
  /** Size of a file of the tree above which it is not read, and counts as missing. Left out: any size is read. */
  readonly binaryBytesMax?: number;
}

/** Failures that say nothing of the binary. */
const NOT_ASKED: ReadonlySet<string> = new Set(['HostNotListed', 'AddressNotPublic']);

type BinarySpec = FirmwareSpec['binary'];

export interface BinaryReader {
  /**
   * Reads what the files' Firmware manifests name, as far as it is not known from the last call. Fails as a whole when
   * the tree cannot be read.
   */
  read(
    tree: Tree,
    files: readonly ParsedFile[],
  ): Promise<Result<(binary: BinarySpec) => BinaryFinding, Failure>>;
}

/** Binaries that are read at the same time; each keeps at most 64 MiB in memory while it is examined. */
const PARALLEL_READS = 4;

/** Creates a reader. It remembers the facts of the last call, by path and identity, or by URL and digest. */
export function createBinaryReader(ports: BinaryPorts): BinaryReader {
  let known = new Map<string, BinaryFacts>();
  return {
    async read(tree, files) {
      const entries = new Map(tree.entries.map((entry) => [entry.path, entry]));
      const wanted = new Map(listBinaries(files).map((binary) => [binaryKey(binary), binary]));
      const findings = new Map<string, BinaryFinding>();
      const next = new Map<string, BinaryFacts>();
      const readOne = async (key: string, binary: BinarySpec): Promise<Failure | null> => {
        const { path, url, sha256 } = binary;
        const cacheKey = path === null ? key : `${key}\0${entries.get(path)?.identity ?? ''}`;
        const facts = known.get(cacheKey);
        const finding =
          facts !== undefined
            ? ok({ state: 'read', facts } as const)
            : path === null
              ? ok(await readUrl(ports, url ?? '', sha256))
              : await readPath(tree, entries, path, ports.binaryBytesMax ?? Infinity);
        if (!finding.ok) return finding.error;
        findings.set(key, finding.value);
        // What a URL gives may be mended in place, so only the right content is remembered.
        if (
          finding.value.state === 'read' &&
          (path !== null || finding.value.facts.sha256 === sha256)
        ) {
          next.set(cacheKey, finding.value.facts);
        }
        return null;
      };
      const queue = [...wanted];
      while (queue.length > 0) {
        const batch = queue.splice(0, PARALLEL_READS);
        const failures = await Promise.all(batch.map(([key, binary]) => readOne(key, binary)));
        const first = failures.find((failure) => failure !== null);
        if (first !== undefined) return fail(first);
      }
      known = next;
      return ok((binary) => findings.get(binaryKey(binary)) ?? { state: 'unchecked' });
    },
  };
}

function listBinaries(files: readonly ParsedFile[]): readonly BinarySpec[] {
  return files.flatMap((file) =>
    file.documents.flatMap((document) =>
      document.kind === 'Firmware' && document.spec !== null ? document.spec.binary : [],
    ),
  );
}

function binaryKey({ path, url, sha256 }: BinarySpec): string {
  return path === null ? `url\0${url}\0${sha256}` : `path\0${path}`;
}

async function readPath(
  tree: Tree,
  entries: ReadonlyMap<string, TreeEntry>,
  path: string,
  bytesMax: number,
): Promise<Result<BinaryFinding, Failure>> {
  // A path that leaves the tree is told by `manifests/`, which needs no tree for it.
  if (normalisePath(path) === null) return ok({ state: 'missing', detail: null });
  const entry = entries.get(path);
  if (entry === undefined || entry.kind !== 'file') {
    const link = findLink(entries, path);
    return ok({ state: 'missing', detail: link === null ? null : describeLink(path, link) });
  }
  if (entry.size > bytesMax) return ok({ state: 'missing', detail: describeSize(entry, bytesMax) });
  const content = await tree.open(path);
  if (!content.ok) return content;
  return examine(path, content.value);
}

/** The symlink or submodule that a path is, or goes through. */
function findLink(entries: ReadonlyMap<string, TreeEntry>, path: string): TreeEntry | null {
  const parts = path.split('/');
  for (let length = 1; length <= parts.length; length += 1) {
    const entry = entries.get(parts.slice(0, length).join('/'));
    if (entry !== undefined && entry.kind !== 'file') return entry;
  }
  return null;
}

function describeLink(path: string, link: TreeEntry): { message: string; remedy: string } {
  const way = link.path === path ? 'is' : `goes through \`${link.path}\`, which is`;
  return {
    message: `\`${path}\` ${way} a ${link.kind}; those are not followed.`,
    remedy: 'Commit the file itself to the fleet repo, or give a `url`.',
  };
}

function describeSize(
  { path, size }: TreeEntry,
  bytesMax: number,
): { message: string; remedy: string } {
  return {
    message: `\`${path}\` has ${size} bytes, and no more than ${bytesMax} are read of a binary here.`,
    remedy: 'Commit the firmware image alone, or have the limit raised.',
  };
}

async function readUrl(ports: BinaryPorts, url: string, sha256: string): Promise<BinaryFinding> {
  const stored = (await ports.knownBinary?.(sha256)) ?? null;
  if (stored !== null) return { state: 'read', facts: stored };
  if (ports.openUrl === undefined) return { state: 'unchecked' };
  const content = await ports.openUrl(url);
  const result = content.ok ? await examine(url, content.value) : content;
  if (result.ok) return result.value;
  if (NOT_ASKED.has(result.error.code)) return { state: 'unchecked' };
  return {
    state: 'missing',
    detail: {
      message: `The binary could not be fetched: ${result.error.message}`,
      remedy:
        result.error.disposition === 'stall'
          ? 'Correct the URL, or publish the file there.'
          : 'Nothing to do if the failure passes; it is tried again with the next reading.',
    },
  };
}

async function examine(
  name: string,
  content: AsyncIterable<Uint8Array>,
): Promise<Result<BinaryFinding, Failure>> {
  const examiner = createExaminer();
  const read = await drain(name, content, (chunk) => {
    examiner.push(chunk);
    return true;
  });
  return read.ok ? ok({ state: 'read', facts: examiner.finish() }) : read;
}
