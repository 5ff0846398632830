// The proposal that adds a version: version, product and digest are read from the binary, so that nothing is typed
// twice.

import type { Result } from '../base/result.ts';
import { checkBinary } from '../firmware/check.ts';
import { examineBytes } from '../firmware/examine.ts';
import type { BinaryFacts } from '../model/firmware.ts';
import { nameBranch } from './branch-name.ts';
import { createDraft } from './draft.ts';
import { nameFirmware, placeBinary, renameVersion, type VersionNames } from './firmware-names.ts';
import {
  chooseProduct,
  type FleetTree,
  type Manifest,
  nameOf,
  placeOf,
  readFleetTree,
} from './fleet-tree.ts';
import { type NewManifest, placeBeside, placeFirst } from './new-manifest.ts';
import type { Mistake, Proposal, ProposalInput, ProposalRefusal } from './proposal.ts';
import { mistakeOf, refuse, refuseNothingToDo } from './refuse.ts';

export interface FirmwareRequest {
  /** Name of the file that the binary comes from, for its ending and for messages. */
  readonly fileName: string;
  readonly content: Uint8Array;
  /** For binaries that carry no version number; null: the one that is compiled in. */
  readonly version: number | null;
  /** What devices report for it; null: what the binary says, or the number. */
  readonly reportedAs: string | null;
  readonly title: string | null;
  /** Null: the one whose id is compiled in, or the only one. */
  readonly product: string | null;
}

/** Proposes a new Firmware with its binary, in the style of the newest one. */
export function proposeFirmware(
  input: ProposalInput,
  request: FirmwareRequest,
): Result<Proposal, ProposalRefusal> {
  const tree = readFleetTree(input);
  const facts = examineBytes(request.content);
  const wrong = [...checkFacts(request, facts), ...checkTexts(request)];
  const chosen = chooseFirmwareProduct(tree, request, facts);
  if (!chosen.ok) return refuse([...wrong, ...chosen.error]);
  const product = chosen.value;
  const all = tree.list('Firmware', product);
  const newest = all.toSorted((a, b) => b.spec.version - a.spec.version)[0] ?? null;
  const version = facts.compiled?.version ?? request.version;
  if (version === null) wrong.push(describeMissingVersion(request, facts));
  const isOpaque = facts.compiled === null;
  wrong.push(...tree.doubts('Firmware', product));
  if (isOpaque && wrong.length === 0) wrong.push(...checkOpaque(all, request, facts));
  if (version === null) return refuse(wrong);
  const reportedAs = findReportedAs(request, facts, newest, version);
  if (reportedAs === undefined) wrong.push(describeMissingText(newest));

  const known = all.find(({ spec }) => spec.version === version);
  if (known !== undefined && known.spec.binary.sha256 === facts.sha256) {
    return refuseNothingToDo(`${nameOf(known)} is this very binary already.`);
  }
  wrong.push(...checkIncreasing(known, newest, version, facts.sha256));
  wrong.push(
    ...compareWithProduct(tree.list('Product', product)[0], facts, {
      version,
      reportedAs: reportedAs ?? null,
    }),
  );
  if (wrong.length > 0) return refuse(wrong);

  const next = { version, reportedAs: reportedAs ?? null };
  const name = nameFirmware(tree, product, newest, next);
  const path = placeBinary(tree, product, {
    ...next,
    fileName: request.fileName,
    sha256: facts.sha256,
  });
  const manifest: NewManifest = {
    kind: 'Firmware',
    product,
    name,
    spec: {
      product,
      version,
      ...(next.reportedAs === null ? {} : { reportedAs: next.reportedAs }),
      ...(request.title === null ? {} : { title: request.title }),
      binary: { path, sha256: facts.sha256, ...(isOpaque ? { format: 'opaque' } : {}) },
    },
  };
  const place =
    newest === null
      ? placeFirst(tree, manifest, `firmware/${version}`)
      : placeBeside(tree, newest, name, (stem) => renameVersion(stem, newest.spec, next));
  const draft = createDraft(tree);
  draft.add(manifest, place, newest ?? tree.list('Product', product)[0] ?? null);
  draft.write(path, request.content);
  const shown = next.reportedAs === null ? String(version) : `${version} (${next.reportedAs})`;
  return draft.finish({
    branch: nameBranch('firmware', [product, version], {
      product,
      ...next,
      title: request.title,
      sha256: facts.sha256,
    }),
    title: `Add firmware ${shown} of ${product}${request.title === null ? '' : `: ${request.title}`}`,
    summary: [
      `A new Firmware ${name} (${place.path}) is version ${shown} of ${product}.`,
      `Its binary is ${path}: ${describeFacts(facts)}.`,
    ],
  });
}

function describeFacts({ size, sha256, compiled }: BinaryFacts): string {
  const format = compiled === null ? 'opaque' : compiled.format;
  const platform =
    compiled?.platform === null || compiled === null
      ? ''
      : `, platform ${compiled.platform.name ?? compiled.platform.id}`;
  const productId =
    (compiled?.productId ?? null) === null ? '' : `, product id ${compiled?.productId}`;
  return `format ${format}${productId}${platform}, ${size} bytes, SHA-256 ${sha256}`;
}

/** What is wrong with the binary itself. */
function checkFacts({ version, fileName }: FirmwareRequest, facts: BinaryFacts): Mistake[] {
  const { compiled, defect, lfsPointer } = facts;
  if (lfsPointer) {
    const remedy = 'Run `git lfs pull`, and give the binary itself.';
    return [
      mistakeOf(
        'BinaryMissing',
        `${fileName}: ${defect?.message ?? 'This is a Git LFS pointer.'}`,
        remedy,
      ),
    ];
  }
  if (facts.size === 0 || (defect !== null && defect.format !== null)) {
    const remedy = 'Build or copy the binary again.';
    return [
      mistakeOf(
        'BinaryUnreadable',
        `${fileName}: ${defect?.message ?? 'The file is empty.'}`,
        remedy,
      ),
    ];
  }
  const written = compiled?.version ?? null;
  if (version === null || written === null || written === version) return [];
  const message = `${fileName} has version ${written} compiled in, not ${version}.`;
  return [
    mistakeOf(
      'VersionMismatch',
      message,
      'Leave --version out, or give the binary that was meant.',
    ),
  ];
}

function checkTexts({ title, reportedAs }: FirmwareRequest): readonly Mistake[] {
  const wrong: Mistake[] = [];
  if (title !== null && (title.trim() === '' || title.length > 200 || /[\r\n]/.test(title))) {
    wrong.push(
      mistakeOf(
        'InvalidTitle',
        'The title is no line of 1 to 200 characters.',
        'Say in a line what the version brings.',
      ),
    );
  }
  if (reportedAs !== null && !/^\S(.{0,126}\S)?$/.test(reportedAs)) {
    wrong.push(
      mistakeOf(
        'InvalidReportedAs',
        `${JSON.stringify(reportedAs.slice(0, 80))} is nothing that a device reports for a version.`,
        'Give one line of at most 128 characters without white space at either end.',
      ),
    );
  }
  return wrong;
}

/** The product whose id and platform are compiled in; without an id, the only one there is. */
function chooseFirmwareProduct(
  tree: FleetTree,
  { product, fileName }: FirmwareRequest,
  facts: BinaryFacts,
): Result<string, readonly Mistake[]> {
  const { compiled } = facts;
  if (product !== null || compiled === null || compiled.productId === null) {
    return chooseProduct(tree, product, [], '');
  }
  const products = tree.list('Product');
  const isFitting = (product: Manifest<'Product'>): boolean =>
    !compareWithProduct(product, facts, { version: 1, reportedAs: null }).some(
      ({ code }) => code === 'ProductMismatch' || code === 'PlatformMismatch',
    );
  const fitting = products.filter((each) => each.spec.productId !== null && isFitting(each));
  if (fitting.length === 0 && products.some(({ spec }) => spec.productId !== null)) {
    const known = products.flatMap(({ name, spec }) =>
      spec.productId === null
        ? []
        : [`${name} (${spec.productId}${spec.platform === null ? '' : `, ${spec.platform}`})`],
    );
    const platform =
      compiled.platform === null
        ? ''
        : `, platform ${compiled.platform.name ?? compiled.platform.id}`;
    const message = `${fileName} has product id ${compiled.productId}${platform} compiled in, and no product has these; there are ${known.join(', ')}.`;
    const remedy = 'Build it for one of them, or add the Product manifest first.';
    return { ok: false, error: [mistakeOf('ProductMismatch', message, remedy)] };
  }
  const names = fitting.map(({ name }) => name);
  return chooseProduct(tree, null, names, `both take product id ${compiled.productId}`);
}

function describeMissingVersion(
  { fileName }: FirmwareRequest,
  { compiled, defect }: BinaryFacts,
): Mistake {
  const why =
    compiled === null
      ? (defect?.message ?? 'No header could be read.')
      : `The ${compiled.format} header carries no version number${compiled.versionText === null ? '' : `, only the text ${JSON.stringify(compiled.versionText)}`}.`;
  return mistakeOf(
    'VersionMissing',
    `${fileName}: ${why}`,
    'Give the version: --version N, an integer above those before.',
  );
}

/** An opaque binary among such with a header is most likely the wrong file. */
function checkOpaque(
  all: readonly Manifest<'Firmware'>[],
  { fileName }: FirmwareRequest,
  { defect }: BinaryFacts,
): readonly Mistake[] {
  const other = all.find(({ spec }) => spec.binary.format !== 'opaque');
  if (other === undefined) return [];
  return [
    {
      code: 'BinaryUnreadable',
      message: `${fileName}: ${defect?.message ?? 'No header could be read.'} ${nameOf(other)} has a binary with a header, so this is most likely the wrong file.`,
      remedy:
        'Give the binary that devices get; where it is meant, write the manifest by hand with `format: opaque`.',
      place: placeOf(other, 'spec.binary'),
    },
  ];
}

/** What devices report for the version; null: its number. Undefined: it has to be said, and is not. */
function findReportedAs(
  { reportedAs }: FirmwareRequest,
  { compiled }: BinaryFacts,
  newest: Manifest<'Firmware'> | null,
  version: number,
): string | null | undefined {
  if (reportedAs !== null) return reportedAs === String(version) ? null : reportedAs;
  const text = compiled?.versionText ?? null;
  const before = newest?.spec.reportedAs ?? null;
  const isNumber = text === null || text === String(version);
  // Where devices report plain numbers so far, a text that is also compiled in changes nothing.
  if (newest !== null && before === null && compiled?.version === version) return null;
  if (isNumber) return before === null || text !== null ? null : undefined;
  return before === null || before.includes('+') ? text : text.replace(/\+.*$/, '');
}

function describeMissingText(newest: Manifest<'Firmware'> | null): Mistake {
  const example =
    newest === null
      ? ''
      : `, such as ${JSON.stringify(newest.spec.reportedAs)} for ${newest.spec.version}`;
  return {
    code: 'ReportedAsMissing',
    message: `Devices of this product report a text of its own for each version${example}; this binary carries none.`,
    remedy: 'Give what they report for this one: --reported-as TEXT.',
    place: newest === null ? null : placeOf(newest, 'spec.reportedAs'),
  };
}

function checkIncreasing(
  known: Manifest<'Firmware'> | undefined,
  newest: Manifest<'Firmware'> | null,
  version: number,
  sha256: string,
): readonly Mistake[] {
  if (known !== undefined) {
    return [
      {
        code: 'FirmwareChanged',
        message: `${nameOf(known)} is version ${version} already, with another binary: SHA-256 ${known.spec.binary.sha256}; this one’s is ${sha256}.`,
        remedy: 'Build the binary with a version of its own: what a version is never changes.',
        place: placeOf(known, 'spec.binary.sha256'),
      },
    ];
  }
  if (newest === null || version > newest.spec.version) return [];
  return [
    {
      code: 'VersionNotIncreasing',
      message: `Version ${version} is below ${newest.spec.version}, the newest of ${newest.product}.`,
      remedy: `Build the binary with a version above ${newest.spec.version}.`,
      place: placeOf(newest, 'spec.version'),
    },
  ];
}

/** In what a binary differs from what the Product and the version say. */
function compareWithProduct(
  product: Manifest<'Product'> | undefined,
  facts: BinaryFacts,
  { version, reportedAs }: VersionNames,
): readonly Mistake[] {
  return checkBinary({
    facts,
    sha256: facts.sha256,
    version,
    format: facts.compiled === null ? 'opaque' : null,
    productId: product?.spec.productId ?? null,
    platform: product?.spec.platform ?? null,
    reportedAs,
  }).map(({ reason, message, remedy }) => mistakeOf(reason, message, remedy));
}
