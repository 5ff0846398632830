// The small comments on a pull request: one that cannot be reviewed, one that does not concern Lockstep any more, and what
// is said of one once it is merged.

import { countOf } from '../base/count.ts';
import { code, escape, list } from './markdown-text.ts';
import { shortRevision } from './plain-text.ts';

export interface MergedNote {
  /** Full id of the commit that it was merged as. */
  readonly commit: string;
  /** What is otherwise than in the review, one sentence each; null: could not be compared. */
  readonly moved: readonly string[] | null;
}

/** How many sentences are shown of what moved, tried in order until the note fits; and how much of each. */
const MOVED_SIZES = [12, 6, 3, 1];
const MOVED_MAX = 240;

/** A note is at most so many characters long. */
export const NOTE_MAX = 4_000;

/** What a comment ends with after the merge; at most `NOTE_MAX` characters, and it ends with a line break. */
export function renderMergedNote({ commit, moved }: MergedNote): string {
  const as = `**Merged** as ${code(shortRevision(commit))}`;
  if (moved === null) return `---\n\n✅ ${as}. It could not be compared with the review.\n`;
  if (moved.length === 0) return `---\n\n✅ ${as}, and carried out as reviewed.\n`;
  const what = moved.length === 1 ? 'this is' : `these ${moved.length} things are`;
  const notes = MOVED_SIZES.map((size) => {
    const items = list(moved, size, (text) => `- ${escape(cut(text))}`);
    return `---\n\n⚠️ ${as}. Since the review the fleet or the branch has moved on, so ${what} otherwise:\n\n${items}\n`;
  });
  return (
    notes.find(({ length }) => length <= NOTE_MAX) ?? `---\n\n⚠️ ${as}, and not as reviewed.\n`
  );
}

/** The comment on a pull request that git cannot merge by itself. `files`: from the root of the repository. */
export function renderConflictComment(input: {
  readonly head: string;
  readonly base: string;
  readonly files: readonly string[];
}): string {
  const { head, base, files } = input;
  const named = files.length === 0 ? '' : `\n\n${list(files, 20, (file) => `- ${code(file)}`)}`;
  return `### 🔴 No plan: it cannot be merged into ${code(base)}

${files.length === 0 ? 'Git cannot merge it by itself.' : `Git cannot merge ${countOf(files.length, 'file')} by itself:`}${named}

➡️ Merge ${code(base)} into this branch, or rebase it, and push; the plan follows by itself.

<sub>${code(shortRevision(head))}. Nothing of it is carried out.</sub>
`;
}

/** The comment on a pull request whose plan could not be made. `message`: says what failed and what would mend it. */
export function renderFailedComment(input: {
  readonly head: string;
  readonly message: string;
}): string {
  return `### 🔴 No plan: it could not be made

${escape(input.message)}

➡️ It is tried again by itself; once the cause is mended, re-running the check asks for it at once.

<sub>${code(shortRevision(input.head))}. What was planned for an older commit no longer holds.</sub>
`;
}

/** What an older comment is changed to once the pull request touches no manifest any more. */
export function renderUntouchedComment(input: { readonly head: string }): string {
  return `### 🟢 It touches no manifest

The fleet stays as it is, whether this is merged or not.

<sub>${code(shortRevision(input.head))}.</sub>
`;
}

function cut(text: string): string {
  return text.length > MOVED_MAX ? `${text.slice(0, MOVED_MAX)}…` : text;
}
