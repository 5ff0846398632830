// What `lockstep propose` prints: what was changed, that there is nothing to do, or what stands against the request.

import type { Mistake, Proposal, ProposalRefusal } from '../proposals/proposal.ts';
import { cleanText } from '../reports/plain-text.ts';
import { renderProblem, type ShownProblem } from '../reports/problems.ts';
import type { OpenedProposal } from './propose-target.ts';
import type { Shell } from './shell.ts';

/** Tells why there is no proposal; gives the exit code. */
export function tellRefusal(
  shell: Shell,
  refusal: ProposalRefusal,
  files: ReadonlyMap<string, string>,
): number {
  if (refusal.kind === 'nothingToDo') {
    if (shell.output === 'json')
      shell.writeJson({ ok: true, changed: false, message: refusal.message });
    else shell.write(`Nothing to do: ${cleanText(refusal.message)}\n`);
    return 0;
  }
  if (shell.output === 'json') {
    shell.writeJson({ ok: false, problems: refusal.mistakes.map(mistakeJson) });
    return 1;
  }
  const style = { color: shell.colorOf('err') };
  const blocks = refusal.mistakes.map((mistake) =>
    renderProblem(showMistake(mistake, files), style),
  );
  shell.note(blocks.join('\n\n'));
  return 1;
}

function mistakeJson({ code, message, remedy, place }: Mistake): object {
  return {
    severity: 'error',
    reason: code,
    message,
    remedy,
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

const EXCERPT_MAX = 160;

function showMistake(
  { code, message, remedy, place }: Mistake,
  files: ReadonlyMap<string, string>,
): ShownProblem {
  const line = place === null ? undefined : files.get(place.file)?.split(/\r?\n/)[place.line - 1];
  const excerpt = line?.replace('\ufeff', '').slice(0, EXCERPT_MAX) ?? null;
  return { severity: 'error', reason: code, message, remedy, place, excerpt };
}

function describeChange(content: unknown, isThere: boolean): 'added' | 'changed' | 'removed' {
  if (content === null) return 'removed';
  return isThere ? 'changed' : 'added';
}

/** Tells what was done; `opened` is null where the working tree was changed. */
export function tellProposal(
  shell: Shell,
  { branch, title, summary, files }: Proposal,
  before: ReadonlyMap<string, string>,
  opened: OpenedProposal | null,
): void {
  const changes = Object.entries(files).map(([path, content]) => ({
    path,
    change: describeChange(content, before.has(path)),
  }));
  if (shell.output === 'json') {
    shell.writeJson({
      ok: true,
      changed: true,
      branch,
      title,
      summary,
      files: changes,
      pullRequest: opened,
    });
    return;
  }
  const lines = [
    cleanText(title),
    ...summary.map((sentence) => `  ${cleanText(sentence)}`),
    '',
    ...changes.map(({ path, change }) => `${change.padEnd(7)} ${cleanText(path)}`),
  ];
  if (opened !== null) {
    lines.push(`${opened.isNew ? 'Opened' : 'Open already'}: ${cleanText(opened.url)}`);
  }
  shell.write(`${lines.join('\n')}\n`);
  if (opened === null) shell.note('Next: look at it with git diff, lockstep plan, and commit it.');
}
