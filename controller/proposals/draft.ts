// A proposal in the making: edits of manifests gathered file by file, and what stands against them. It is finished by
// a check that the changed tree has no problem that it did not have before.

import { ok, type Result } from '../base/result.ts';
import { insertDocument, removeDocument } from './edit-documents.ts';
import type { EditRefusal } from './edit-yaml.ts';
import { type FileEdits, openFile } from './file-edits.ts';
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
  const opened = new Map<string, FileEdits | null>();
  const binaries = new Map<string, Uint8Array>();
  const removed: Manifest[] = [];
  const added: {
    readonly manifest: NewManifest;
    readonly place: NewPlace;
    readonly model: Manifest | null;
  }[] = [];
  const mistakes: Mistake[] = [];

  const refuseEdit = (path: string, refusal: EditRefusal): void => {
    mistakes.push(describeEditRefusal(path, refusal));
  };
  const open = (path: string): FileEdits | null => {
    const known = opened.get(path);
    if (known !== undefined) return known;
    const file = openFile(tree.texts.get(path) ?? '');
    if (!file.ok) refuseEdit(path, file.error);
    opened.set(path, file.ok ? file.value : null);
    return file.ok ? file.value : null;
  };

  /** The changed files. Documents go from the last to the first, so that places stay true. */
  const settle = (): ReadonlyMap<string, string | null> => {
    const files = new Map<string, string | null>();
    const textOf = (path: string): string => files.get(path) ?? tree.texts.get(path) ?? '';
    for (const [path, file] of opened) {
      const edited = file?.finish();
      if (edited?.ok === true) files.set(path, edited.value);
      else if (edited !== undefined) refuseEdit(path, edited.error);
    }
    for (const { manifest, place, model } of added) {
      const isFile = !tree.texts.has(place.path);
      const text = renderManifest(tree, manifest, model, place.path, isFile);
      if (isFile) files.set(place.path, text);
      else {
        const inserted = insertDocument(textOf(place.path), place.after, text);
        if (inserted.ok) files.set(place.path, inserted.value);
        else refuseEdit(place.path, inserted.error);
      }
    }
    const insertions = new Map(added.map(({ place }) => [place.path, place.after ?? Infinity]));
    for (const { path, index } of [...removed].sort((a, b) => b.index - a.index)) {
      const text = textOf(path);
      const isBehind = index > (insertions.get(path) ?? Infinity);
      const left = removeDocument(text, isBehind ? index + 1 : index);
      if (left.ok) files.set(path, left.value);
      else refuseEdit(path, left.error);
    }
    return files;
  };

  return {
    edit({ path, index }, edit) {
      const refusal = open(path)?.edit(index, edit) ?? null;
      if (refusal !== null) refuseEdit(path, refusal);
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
    valueOf: ({ path, index }) => open(path)?.valueOf(index),
    finish(about) {
      const settled = [...settle()].filter(([path, text]) => text !== tree.texts.get(path));
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
