// The files of an imported product: one manifest each, as a person would write it, with comments on what to change first.

import type { Kind } from '../model/desired.ts';
import type { FoundProduct } from '../model/found-product.ts';
import { PLAIN_HABITS, readStyle, renderEntry, renderQuoted } from '../proposals/yaml-style.ts';
import type { YamlValue } from '../proposals/yaml-values.ts';
import type { KeptFirmware } from './judge-firmware.ts';
import { platformOf, productIdOf } from './judge-firmware.ts';
import type { KeptReleases } from './judge-releases.ts';

/** A file to write: its path with forward slashes, and its content. */
export type ImportedFile = readonly [path: string, content: string | Uint8Array];

export interface RenderInput {
  readonly name: string;
  readonly found: FoundProduct;
  readonly firmware: ReadonlyMap<number, KeptFirmware>;
  readonly locks: ReadonlyMap<number, readonly string[]>;
  readonly releases: KeptReleases;
}

/** Devices of one DeviceLock, so that no file grows too large to be read. */
const LOCK_DEVICES_MAX = 10_000;
const TITLE_MAX = 200;

/** All files, in the order in which a newcomer would read them. */
export function renderFiles(input: RenderInput): readonly ImportedFile[] {
  const { name, firmware, releases } = input;
  return [
    ['product.yaml', renderProduct(input)],
    ...[...firmware.values()].flatMap((each) => renderFirmware(name, each)),
    ...[...releases.members].map(([group, devices]): ImportedFile => {
      const spec = { product: name, devices };
      return [`groups/${group}.yaml`, render('DeviceGroup', group, spec, '../')];
    }),
    ...[...input.locks].flatMap(([version, devices]) => renderLocks(name, version, devices)),
    ...renderReleases(input),
  ];
}

function renderProduct({ name, found }: RenderInput): string {
  const platform = platformOf(found);
  const productId = productIdOf(found);
  const slug = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(found.slug) ? found.slug : String(found.id);
  const spec = {
    ...(productId !== null && { productId }),
    ...(platform !== null && { platform }),
    fleet: { driver: 'particle', product: slug, drift: 'report' },
  };
  return render('Product', name, spec, './').replace(
    / {4}drift: report\n/,
    `    # What differs at Particle is told and left as it is. Once the plan warns of no drift any more: mend, and changes that
    # somebody makes in the console are undone.
    drift: report
`,
  );
}

function renderFirmware(product: string, kept: KeptFirmware): readonly ImportedFile[] {
  const { found, content, sha256, format } = kept;
  const { version } = found;
  const path = `firmware/${version}.${format === 'opaque' ? 'zip' : 'bin'}`;
  const title = oneLine(found.title ?? '', TITLE_MAX);
  const description = readable(found.description ?? '');
  const spec = {
    product,
    version,
    ...(title !== '' && { title }),
    ...(description !== '' && { description }),
    binary: { path, sha256, ...(format !== null && { format }) },
  };
  const manifest = render('Firmware', `${product}-${version}`, spec, '../');
  return [
    [`firmware/${version}.yaml`, manifest],
    [path, content],
  ];
}

function renderLocks(
  product: string,
  version: number,
  devices: readonly string[],
): readonly ImportedFile[] {
  const files: ImportedFile[] = [];
  for (let from = 0; from < devices.length; from += LOCK_DEVICES_MAX) {
    const part = from === 0 ? '' : `-${from / LOCK_DEVICES_MAX + 1}`;
    const spec = {
      product,
      devices: devices.slice(from, from + LOCK_DEVICES_MAX),
      version,
      // Nothing is flashed by importing a lock.
      flash: 'on-reset',
      reason: 'locked at Particle when the product was imported',
    };
    const text = render('DeviceLock', `locked-to-${version}${part}`, spec, '../');
    files.push([`locks/${version}${part}.yaml`, text]);
  }
  return files;
}

function renderReleases({ name, releases }: RenderInput): readonly ImportedFile[] {
  const files: ImportedFile[] = [];
  const { everyone, byGroup } = releases;
  if (everyone !== null) {
    const text = render('Release', name, { product: name, version: everyone }, './');
    files.push(['release.yaml', `${text}${STRATEGY_NOTE}`]);
  }
  for (const [group, version] of byGroup) {
    // The product's release has the name of the product.
    const release = group === name ? `${group}.group` : group;
    const spec = { product: name, version, group };
    files.push([`releases/${group}.yaml`, render('Release', release, spec, '../')]);
  }
  return files;
}

const STRATEGY_NOTE = `  # For the next version, add a \`strategy\` with steps in the commit that releases it; \`lockstep init\` in an empty folder
  # writes one to start from.
`;

const SCHEMAS: Readonly<Record<Kind, string>> = {
  Product: 'product',
  Firmware: 'firmware',
  DeviceGroup: 'device-group',
  DeviceLock: 'device-lock',
  Release: 'release',
};

const STYLE = readStyle('', null);
const HABITS = { ...PLAIN_HABITS, isFlow: () => false };

function render(
  kind: Kind,
  name: string,
  spec: { readonly [key: string]: YamlValue },
  root: string,
): string {
  const place = { column: 0, style: STYLE, path: '' };
  return [
    `# yaml-language-server: $schema=${root}schemas/${SCHEMAS[kind]}.schema.json`,
    'apiVersion: lockstep/v1',
    `kind: ${kind}`,
    ...renderEntry('metadata', { name }, place, { ...PLAIN_HABITS, isFlow: () => true }),
    'spec:',
    ...Object.entries(spec).flatMap(([key, value]) =>
      key === 'devices' && Array.isArray(value)
        ? ['  devices:', ...value.map((id) => `    - ${renderId(String(id))}`)]
        : renderEntry(key, value, { column: 2, style: STYLE, path: 'spec' }, HABITS),
    ),
    '',
  ].join('\n');
}

/** An id of a device; quoted unless it is one of Particle's that nobody can take for a number. */
function renderId(id: string): string {
  return /^(?=.*[a-df])[0-9a-f]{24}$/.test(id) ? id : renderQuoted(id, 'double');
}

function oneLine(text: string, max: number): string {
  const line = readable(text).replace(/\s+/g, ' ');
  return line.length <= max
    ? line
    : `${line
        .slice(0, max - 1)
        .toWellFormed()
        .trimEnd()}…`;
}

// What neither YAML nor a terminal takes well: controls other than tab and line break, and marks that turn text round.
const UNREADABLE =
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

function readable(text: string): string {
  const lines = text.toWellFormed().replace(/\r\n?/g, '\n').replace(UNREADABLE, '');
  return lines.slice(0, 20_000).toWellFormed().trim();
}
