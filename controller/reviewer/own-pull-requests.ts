// The pull requests that the controller opens itself: once for each cause, from a branch that is the cause's identity, so
// that neither a restart nor a person who closed one makes it open another. One whose cause is gone is closed.

import { cleanText } from '../reports/plain-text.ts';
import type { Failure } from '../base/failure.ts';
import type { Result } from '../base/result.ts';
import { ok } from '../base/result.ts';
import type { BranchChange } from '../forges/forge.ts';
import type { EventDraft } from '../model/event.ts';
import { proposeApproval } from '../proposals/approve-step.ts';
import type { Proposal, ProposalRefusal } from '../proposals/proposal.ts';
import { proposeRevert } from '../proposals/revert-release.ts';
import type { ControllerView } from '../reconciler/controller.ts';
import { readManifestTexts } from '../reconciler/manifest-texts.ts';
import {
  type FailingDevice,
  type ProposalText,
  renderApprovalProposal,
  renderHaltProposal,
} from '../reports/proposal-text.ts';
import {
  APPROVAL_PREFIX,
  branchesWithSense,
  type Cause,
  findCauses,
  HALTED_PREFIX,
} from './find-causes.ts';
import type { ReviewerPorts } from './ports.ts';

/** Failing devices that a text names. */
const NAMED_MAX = 20;

/** Failing devices that are looked at for them. */
const LOOKED_AT_MAX = 200;

/** Lines of the log that are looked at for one about a pull request. */
const TOLD_MAX = 100;

export interface OwnPullRequests {
  /** Opens what is wanted and closes what is not. The first failure is returned; the rest is tried again next time. */
  write(view: ControllerView, base: string): Promise<Result<void, Failure>>;
}

type Ports = Pick<ReviewerPorts, 'forge' | 'changes' | 'store' | 'clock' | 'log'>;

/** Creates the writer. It remembers which causes are dealt with, so that they cost no request. */
export function createOwnPullRequests(ports: Ports): OwnPullRequests {
  /** By branch; for a cause that led to nothing, the revision at which it did not. */
  const done = new Map<string, { readonly onlyAt: string | null }>();
  let mayBeOpen = true;
  return {
    async write(view, base) {
      const { revisionSeen } = view;
      // While a fleet is away, nothing is known of its causes. A product that is gone has neither.
      const isComplete =
        view.ready &&
        view.products.every(({ plan, inForce }) => plan !== null || inForce.config === null);
      const causes = view.products.flatMap(findCauses);
      let failed: Failure | null = null;
      for (const cause of causes) {
        const before = done.get(cause.branch);
        if (before !== undefined && (before.onlyAt ?? revisionSeen) === revisionSeen) continue;
        const opened = await openFor(cause, base, ports);
        if (!opened.ok) failed ??= opened.error;
        else done.set(cause.branch, { onlyAt: opened.value === 'nothing' ? revisionSeen : null });
        mayBeOpen = true;
      }
      const wanted = new Set(view.products.flatMap(branchesWithSense));
      for (const branch of done.keys()) if (!wanted.has(branch)) done.delete(branch);
      if (isComplete && mayBeOpen && failed === null) {
        const closed = await closeOthers(wanted, ports);
        if (!closed.ok) failed = closed.error;
        // Nothing of ours is left open: there is nothing to look for until another is opened.
        else mayBeOpen = closed.value > 0;
      }
      return failed === null ? ok(undefined) : { ok: false, error: failed };
    },
  };
}

/** `nothing`: there is nothing to propose as the manifests are. */
async function openFor(
  cause: Cause,
  base: string,
  ports: Ports,
): Promise<Result<'there' | 'nothing', Failure>> {
  const { forge, changes, store, clock, log } = ports;
  const tree = await changes.base();
  if (!tree.ok) return tree;
  const files = await readManifestTexts(tree.value);
  if (!files.ok) return files;
  const edited = editFor(cause, files.value);
  if (!edited.ok) {
    log.info(`no pull request for ${cause.branch}: ${describeRefusal(edited.error)}`);
    return ok('nothing');
  }
  const { title, body } = await describe(cause, edited.value.summary, ports);
  const change: BranchChange = {
    branch: cause.branch,
    base,
    baseCommit: tree.value.revision,
    title,
    body,
    files: Object.fromEntries(
      Object.entries(edited.value.files).map(([path, content]) => [
        `${changes.prefix}${path}`,
        content,
      ]),
    ),
  };
  const opened = await forge.openPullRequest(change);
  if (!opened.ok) return opened;
  const event = openedEvent(cause, opened.value.pullRequest, clock.now());
  // It may have been opened by a process that ended before it could say so.
  const told = await store.events({ product: cause.product, type: event.type, limit: TOLD_MAX });
  if (!told.some(({ message }) => message === event.message)) await store.addEvents([event]);
  return ok('there');
}

function editFor(
  cause: Cause,
  files: ReadonlyMap<string, string>,
): Result<Proposal, ProposalRefusal> {
  const { product, group, version } = cause;
  return cause.kind === 'halted'
    ? proposeRevert(
        { files },
        { product, group, version, to: cause.to, reason: reasonOf(cause), url: null },
      )
    : proposeApproval({ files }, { product, group, version, step: cause.step });
}

function describeRefusal(refusal: ProposalRefusal): string {
  if (refusal.kind === 'nothingToDo') return refusal.message;
  return refusal.mistakes.map(({ message, remedy }) => `${message} ${remedy}`).join(' ');
}

/** What the manifest says for good of why the firmware is withdrawn. */
function reasonOf({ halt }: Extract<Cause, { kind: 'halted' }>): string {
  return cleanText(halt.message).slice(0, 200);
}

async function describe(
  cause: Cause,
  changes: readonly string[],
  ports: Ports,
): Promise<ProposalText> {
  const { product, release, strategy } = cause;
  if (cause.kind === 'approval') {
    const { step } = cause;
    return renderApprovalProposal({ product, release, step, strategy: strategy.steps, changes });
  }
  const { halt, exposure } = cause;
  return renderHaltProposal({
    product,
    release,
    halt,
    limit: strategy.halt,
    onRollback: strategy.onRollback,
    exposure,
    devices: await failingDevices(cause, ports),
    changes,
  });
}

async function failingDevices(
  { product, version, round }: Extract<Cause, { kind: 'halted' }>,
  { store }: Ports,
): Promise<readonly FailingDevice[]> {
  const found = await store.devices({ product, failing: true, limit: LOOKED_AT_MAX });
  return found
    .flatMap(({ device: { id, failures } }) =>
      failures !== null && failures.version === version && failures.round === round
        ? [{ device: id, attempts: failures.count, message: failures.lastMessage }]
        : [],
    )
    .slice(0, NAMED_MAX);
}

/** How many of ours are still open afterwards. */
async function closeOthers(
  wanted: ReadonlySet<string>,
  { forge }: Ports,
): Promise<Result<number, Failure>> {
  let open = 0;
  for (const prefix of [HALTED_PREFIX, APPROVAL_PREFIX]) {
    const own = await forge.ownPullRequests(prefix);
    if (!own.ok) return own;
    for (const { number, head } of own.value) {
      if (wanted.has(head.branch)) {
        open += 1;
        continue;
      }
      const closed = await forge.closePullRequest(number, OVER);
      if (!closed.ok) return closed;
    }
  }
  return ok(open);
}

const OVER = {
  name: 'over',
  key: 'over',
  body: 'What this pull request was opened for is over: the release has gone on, or was changed by another commit. Closed, so that nobody merges it by mistake.',
  create: true,
} as const;

function openedEvent(
  { product, version, release, kind }: Cause,
  { number, url }: { readonly number: number; readonly url: string },
  at: number,
): EventDraft {
  const why = kind === 'halted' ? 'takes it back' : 'approves its next step';
  return {
    type: 'PullRequestOpened',
    at,
    product,
    revision: null,
    manifest: release.manifest,
    device: null,
    actionId: null,
    message: `Opened pull request ${number} for the release of version ${version}, which ${why}: ${url}`,
  };
}
