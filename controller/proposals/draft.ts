// A proposal in the making: edits of manifests gathered file by file, and what stands against them. It is finished by
// a check that the changed tree has no problem that it did not have before.

import { ok, type Result } from '../base/result.ts';
import { insertDocument, removeDocument } from './edit-documents.ts';
import { editYaml, type EditRefusal, openText } from './edit-yaml.ts';
import { findNewProblems } from './find-new-problems.ts';
import type { FleetTree, Manifest } from './fleet-tree.ts';
import { type NewManifest, type NewPlace, renderManifest } from './new-manifest.ts';
import type { Mistake, Proposal, ProposalRefusal } from './proposal.ts';
import { refuse, refuseNothingToDo } from './refuse.ts';
import type { YamlEdit } from './yaml-values.ts';

export interface Draft {
  /** Edits a manifest. An edit that changes nothing is none. */
  edit(manifest: Manifest, edit: YamlEdit): void;
  /** Takes a manifest out, and its file where that held nothing else. */
  remove(manifest: Manifest): void;
  /** Writes a new manifest, in the style of the model. One for each file at most. */
  add(manifest: NewManifest, place: NewPlace, model: Manifest | null): void;
  /** Adds a file that is no manifest. */
  write(path: string, content: Uint8Array): void;
  /** The plain value of a manifest's document, as edited so far. */
  valueOf(manifest: Manifest): unknown;
  /** The proposal, or what stands against it. Without any change there is nothing to do. */
  finish(about: Pick<Proposal, 'branch' | 'title' | 'summary'>): Result<Proposal, ProposalRefusal>;
}

/** Starts a proposal of nothing. */
export function createDraft(tree: FleetTree): Draft {
  const texts = new Map<string, string>();
  const binaries = new Map<string, Uint8Array>();
  const removed: Manifest[] = [];
  const added: {
    readonly manifest: NewManifest;
    readonly place: NewPlace;
    readonly model: Manifest | null;
  }[] = [];
  const mistakes: Mistake[] = [];

  const textOf = (path: string): string => texts.get(path) ?? tree.texts.get(path) ?? '';
  const keep = (path: string, edited: Result<string, EditRefusal>): void => {
    if (edited.ok) texts.set(path, edited.value);
    else mistakes.push(describeEditRefusal(path, edited.error));
  };

  /** From the last document to the first, so that places stay true. */
  const settleDocuments = (): ReadonlyMap<string, string | null> => {
    const files = new Map<string, string | null>(texts);
    for (const { manifest, place, model } of added) {
      const isFile = !tree.texts.has(place.path);
      const text = renderManifest(tree, manifest, model, place.path, isFile);
      if (isFile) files.set(place.path, text);
      else {
        const inserted = insertDocument(textOf(place.path), place.after, text);
        if (inserted.ok) files.set(place.path, inserted.value);
        else mistakes.push(describeEditRefusal(place.path, inserted.error));
      }
    }
    const insertions = new Map(added.map(({ place }) => [place.path, place.after ?? Infinity]));
    for (const { path, index } of [...removed].sort((a, b) => b.index - a.index)) {
      const text = files.get(path) ?? textOf(path);
      const isBehind = index > (insertions.get(path) ?? Infinity);
      const left = removeDocument(text, isBehind ? index + 1 : index);
      if (left.ok) files.set(path, left.value);
      else mistakes.push(describeEditRefusal(path, left.error));
    }
    return files;
  };

  return {
    edit(manifest, edit) {
      keep(manifest.path, editYaml(textOf(manifest.path), manifest.index, edit));
    },
    remove(manifest) {
      removed.push(manifest);
    },
    add(manifest, place, model) {
      added.push({ manifest, place, model });
    },
    write(path, content) {
      binaries.set(path, content);
    },
    valueOf({ path, index }) {
      const opened = openText(textOf(path));
      return opened.ok ? opened.value.values[index]?.value : undefined;
    },
    finish(about) {
      const settled = [...settleDocuments()].filter(
        ([path, text]) => text !== tree.texts.get(path),
      );
      if (mistakes.length > 0) return refuse(mistakes);
      const files = Object.fromEntries(
        [...settled, ...binaries].sort(([a], [b]) => (a < b ? -1 : 1)),
      );
      if (Object.keys(files).length === 0) {
        return refuseNothingToDo('The manifests are as they are asked for.');
      }
      const problems = findNewProblems(tree, files);
      return problems.length > 0 ? refuse(problems) : ok({ ...about, files });
    },
  };
}

function describeEditRefusal(file: string, { line, column, message }: EditRefusal): Mistake {
  return {
    code: 'NotEditable',
    message: `The file cannot be edited by a program: ${message}`,
    remedy: 'Write the manifest in a plainer form, without aliases and tags, or edit it by hand.',
    place: { file, line, column },
  };
}
