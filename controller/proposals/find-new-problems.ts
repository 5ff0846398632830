// The last check of a proposal: the manifests with its changes, read and resolved as the controller would, have no
// problem that they did not have before.

import { examineBytes } from '../firmware/examine.ts';
import type { BinaryLookup } from '../manifests/check-binaries.ts';
import { parseManifestFile } from '../manifests/parse-file.ts';
import { isForeign, type ParsedFile } from '../manifests/parsed.ts';
import { isManifestPath } from '../manifests/recognise.ts';
import { resolveSnapshot } from '../manifests/resolve.ts';
import type { Problem } from '../model/problem.ts';
import { problemKey } from '../model/review.ts';
import type { FleetTree } from './fleet-tree.ts';
import type { Mistake, Proposal } from './proposal.ts';

/** The errors that a proposal's files would bring in. Warnings do not count. */
export function findNewProblems(tree: FleetTree, changes: Proposal['files']): readonly Mistake[] {
  const lookUp: BinaryLookup = ({ spec }) => {
    const content = changes[spec.binary.path ?? ''];
    return content instanceof Uint8Array
      ? { state: 'read', facts: examineBytes(content) }
      : { state: 'unchecked' };
  };
  const standing = new Map<string, number>();
  for (const problem of errorsOf(tree.files, lookUp)) {
    const key = problemKey(problem);
    standing.set(key, (standing.get(key) ?? 0) + 1);
  }
  return errorsOf(applyChanges(tree.files, changes), lookUp).flatMap((problem) => {
    const key = problemKey(problem);
    const left = standing.get(key) ?? 0;
    standing.set(key, left - 1);
    if (left > 0) return [];
    const { reason, message, remedy, place } = problem;
    return [{ code: reason, message, remedy, place }];
  });
}

function applyChanges(
  files: readonly ParsedFile[],
  changes: Proposal['files'],
): readonly ParsedFile[] {
  const encoder = new TextEncoder();
  const changed = Object.entries(changes).flatMap(([path, content]) =>
    typeof content === 'string' && isManifestPath(path)
      ? [parseManifestFile(path, encoder.encode(content))]
      : [],
  );
  return [...files.filter(({ path }) => !(path in changes)), ...changed].filter(
    (file) => !isForeign(file),
  );
}

function errorsOf(files: readonly ParsedFile[], binaries: BinaryLookup): readonly Problem[] {
  const { problems } = resolveSnapshot({
    revision: 'proposal',
    files,
    previousProductsByFile: null,
    binaries,
  });
  return problems.filter(({ severity }) => severity === 'error');
}
