// Brings the binaries that a plan uploads into the binary store, from the tree of the revision or from their URL. What
// cannot be had now is returned, so that the plan can be made again without it.

import type { Failure } from '../base/failure.ts';
import { failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { fail, ok } from '../base/result.ts';
import type { Desired } from '../model/desired.ts';
import type { Plan } from '../model/plan.ts';
import type { Tree } from '../sources/source.ts';
import type { ReconcilerPorts } from './ports.ts';

/** Versions that could not be stored, by product, with the failure's text. */
export type Unavailable = ReadonlyMap<string, ReadonlyMap<number, string>>;

/** Stores what the plan's `UploadFirmware` actions name. Storing what is there already costs nothing. */
export async function storeBinaries(
  plan: Plan,
  next: ReadonlyMap<string, Desired>,
  tree: Tree | null,
  ports: Pick<ReconcilerPorts, 'binaries' | 'openUrl'>,
): Promise<Unavailable> {
  const unavailable = new Map<string, Map<number, string>>();
  for (const { product, actions } of plan.products) {
    for (const action of actions) {
      if (action.type !== 'UploadFirmware') continue;
      const spec = next
        .get(product)
        ?.firmware.find((each) => each.spec.version === action.version)?.spec;
      if (spec === undefined) continue;
      const stored = await storeBinary(spec.binary, tree, ports);
      if (stored.ok) continue;
      const versions = unavailable.get(product) ?? new Map<number, string>();
      versions.set(
        action.version,
        `The binary of version ${action.version} is not to be had: ${stored.error.message}`,
      );
      unavailable.set(product, versions);
    }
  }
  return unavailable;
}

async function storeBinary(
  binary: { readonly path: string | null; readonly url: string | null; readonly sha256: string },
  tree: Tree | null,
  { binaries, openUrl }: Pick<ReconcilerPorts, 'binaries' | 'openUrl'>,
): Promise<Result<void, Failure>> {
  if ((await binaries.facts(binary.sha256)) !== null) return ok(undefined);
  const content = await openBinary(binary, tree, openUrl);
  if (!content.ok) return content;
  const put = await binaries.put(binary.sha256, content.value);
  return put.ok ? ok(undefined) : put;
}

async function openBinary(
  binary: { readonly path: string | null; readonly url: string | null },
  tree: Tree | null,
  openUrl: ReconcilerPorts['openUrl'],
): Promise<Result<AsyncIterable<Uint8Array>, Failure>> {
  if (binary.url !== null) return openUrl(binary.url);
  if (tree === null) {
    return fail(
      failure('SourceUnavailable', 'the source has not been read since the start.', 'retry'),
    );
  }
  return tree.open(binary.path ?? '');
}
