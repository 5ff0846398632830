// The proposal desk: makes a person's change of the newest manifests, plans it against the live fleet, and opens its pull
// request. What the change looks like is decided in `proposals/`, what it leads to by the controller.

import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { EventDraft } from '../model/event.ts';
import type { Plan } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import { problemKey } from '../model/review.ts';
import { NO_ROLLOUT, trackOf } from '../model/rollout.ts';
import type { Snapshot } from '../model/revision.ts';
import type { Mistake, Proposal, ProposalRefusal } from '../proposals/proposal.ts';
import type { HaltedAttempt } from '../proposals/resume-release.ts';
import type { ControllerView } from '../reconciler/controller.ts';
import { readManifestTexts } from '../reconciler/manifest-texts.ts';
import { cleanText } from '../reports/plain-text.ts';
import { renderProposalBody } from '../reports/proposal-body.ts';
import { findCauses } from '../reviewer/find-causes.ts';
import { createSerial } from '../sources/serial.ts';
import type { Tree } from '../sources/source.ts';
import { changeTree } from './changed-tree.ts';
import type {
  DeskPorts,
  DeskRefusal,
  ProposalDesk,
  ProposalForge,
  ProposalPreview,
  ProposedFile,
  PullRequestLink,
} from './ports.ts';
import { type ProposalRequest, proposeRequest } from './request.ts';

/** Requests that wait for their turn; more are sent away. */
const WAITING_MAX = 16;

/** Characters of the files of a preview together, before and after. */
const SHOWN_MAX = 4 * 1024 * 1024;

/** A proposal, and the tree that it was made from. */
interface Made {
  readonly tree: Tree;
  readonly texts: ReadonlyMap<string, string>;
  readonly proposal: Proposal;
}

/** Creates the desk. It remembers the newest manifests that it read. */
export function createProposalDesk(ports: DeskPorts): ProposalDesk {
  const { controller, forge, loader, store, clock, log } = ports;
  const serially = createSerial();
  let waiting = 0;
  let base: Snapshot | null = null;

  const inTurn = async <T>(
    task: () => Promise<Result<T, DeskRefusal>>,
  ): Promise<Result<T, DeskRefusal>> => {
    if (waiting >= WAITING_MAX) return failed(TOO_BUSY);
    waiting += 1;
    try {
      return await serially(task);
    } finally {
      waiting -= 1;
    }
  };

  const make = async (request: ProposalRequest): Promise<Result<Made, DeskRefusal>> => {
    const tree = await ports.readTree();
    if (!tree.ok) return failed(tree.error);
    const texts = await readManifestTexts(tree.value);
    if (!texts.ok) return failed(texts.error);
    const view = controller.view();
    const proposal = proposeRequest({ files: texts.value }, request, findHalt(view, request));
    if (!proposal.ok) return fail(describeRefusal(proposal.error));
    const branch = ownBranchOf(view, request) ?? proposal.value.branch;
    return ok({
      tree: tree.value,
      texts: texts.value,
      proposal: { ...proposal.value, branch },
    });
  };

  /** The manifests as they are, and as they would be. */
  const load = async ({
    tree,
    proposal,
  }: Made): Promise<Result<{ readonly before: Snapshot; readonly after: Snapshot }, Failure>> => {
    if (base?.revision !== tree.revision) {
      const loaded = await loader.load(tree, null);
      if (!loaded.ok) return loaded;
      base = loaded.value;
    }
    const before = base;
    const after = await loader.load(changeTree(tree, proposal.files), before);
    return after.ok ? ok({ before, after: after.value }) : after;
  };

  return {
    preview: (request, asker) =>
      inTurn(async () => {
        const made = await make(request);
        if (!made.ok) return made;
        const { proposal, texts } = made.value;
        const files = listFiles(proposal, texts);
        const size = files.reduce(
          (sum, { before, after }) => sum + (before?.length ?? 0) + (after?.length ?? 0),
          0,
        );
        if (size > SHOWN_MAX) return fail(describeSize(size));
        const loaded = await load(made.value);
        if (!loaded.ok) return failed(loaded.error);
        const { before, after } = loaded.value;
        const planned = await controller.plan(after, {});
        const plan = planned.ok ? ok(onlyProduct(planned.value, request.product)) : planned;
        return ok<ProposalPreview>({
          title: proposal.title,
          branch: proposal.branch,
          body: renderProposalBody(proposal.summary, asker),
          files,
          plan,
          problems: newProblems(before, after, request.product),
          ...(await lookAtForge(forge, proposal.branch)),
        });
      }),
    open: (request, asker) =>
      inTurn(async () => {
        if (forge === null) return fail(NO_FORGE);
        const made = await make(request);
        if (!made.ok) return made;
        const { proposal, tree } = made.value;
        const into = forge.branch === null ? await forge.forge.defaultBranch() : ok(forge.branch);
        if (!into.ok) return failed(into.error);
        const opened = await forge.forge.openPullRequest(
          {
            branch: proposal.branch,
            base: into.value,
            baseCommit: tree.revision,
            title: proposal.title,
            body: renderProposalBody(proposal.summary, asker),
            files: Object.fromEntries(
              Object.entries(proposal.files).map(([path, content]) => [
                `${forge.prefix}${path}`,
                content,
              ]),
            ),
          },
          // What was proposed, and merged or closed, before may be proposed again: a person asks for it now.
          { again: true },
        );
        if (!opened.ok) return failed(opened.error);
        const { pullRequest, isNew } = opened.value;
        const { number, url } = pullRequest;
        if (isNew) {
          log.info(`opened pull request ${number} for ${asker}: ${cleanText(proposal.title)}`);
          const event = openedEvent(request, proposal.title, { number, url }, asker, clock.now());
          await store.addEvents([event]);
        }
        return ok({ number, url });
      }),
  };
}

/** The halt of the release that is to be resumed, as the fleet tells it. */
function findHalt(view: ControllerView, request: ProposalRequest): HaltedAttempt | null {
  if (request.kind !== 'resume') return null;
  const product = view.products.find((each) => each.product === request.product);
  const { release } = trackOf(product?.inForce.rollout ?? NO_ROLLOUT, request.group);
  return release === null || release.halt === null
    ? null
    : { version: release.version, attempt: release.attempt };
}

/** An approval that is due is the controller's own proposal, too: both are one pull request. */
function ownBranchOf(view: ControllerView, request: ProposalRequest): string | null {
  if (request.kind !== 'approve') return null;
  const { product, group, version, step } = request;
  const causes = view.products.filter((each) => each.product === product).flatMap(findCauses);
  const cause = causes.find(
    (each) =>
      each.kind === 'approval' &&
      each.group === group &&
      each.version === version &&
      each.step === step,
  );
  return cause?.branch ?? null;
}

function listFiles(
  proposal: Proposal,
  texts: ReadonlyMap<string, string>,
): readonly ProposedFile[] {
  return Object.entries(proposal.files).map(([path, content]) => ({
    path,
    before: texts.get(path) ?? null,
    after: typeof content === 'string' ? content : null,
  }));
}

function onlyProduct(plan: Plan, product: string): Plan {
  return {
    ...plan,
    products: plan.products.filter((each) => each.product === product),
    errors: plan.errors.filter((each) => each.product === null || each.product === product),
  };
}

function newProblems(before: Snapshot, after: Snapshot, product: string): readonly Problem[] {
  const known = new Set(before.problems.map(problemKey));
  return after.problems.filter(
    (each) => (each.product === null || each.product === product) && !known.has(problemKey(each)),
  );
}

/** Whether it is open already, and may be opened. A forge that does not answer takes nothing from the rest. */
async function lookAtForge(
  at: ProposalForge | null,
  branch: string,
): Promise<Pick<ProposalPreview, 'pullRequest' | 'obstacle'>> {
  if (at === null) return { pullRequest: null, obstacle: `${NO_FORGE.message} ${NO_FORGE.remedy}` };
  const own = await at.forge.ownPullRequests(branch);
  if (!own.ok) return { pullRequest: null, obstacle: own.error.message };
  const open = own.value.find(({ head }) => head.branch === branch);
  return {
    pullRequest: open === undefined ? null : { number: open.number, url: open.url },
    obstacle: null,
  };
}

function openedEvent(
  request: ProposalRequest,
  title: string,
  { number, url }: PullRequestLink,
  asker: string,
  at: number,
): EventDraft {
  return {
    type: 'PullRequestOpened',
    at,
    product: request.product,
    revision: null,
    manifest: null,
    device: 'device' in request ? request.device : null,
    actionId: null,
    message: `Opened pull request ${number} for ${asker}, “${cleanText(title)}”: ${url}`,
  };
}

function failed(error: Failure): { readonly ok: false; readonly error: DeskRefusal } {
  return fail({ kind: 'failed', failure: error });
}

function describeRefusal(refusal: ProposalRefusal): DeskRefusal {
  if (refusal.kind === 'nothingToDo') {
    return {
      kind: 'refused',
      code: 'NothingToDo',
      message: refusal.message,
      remedy: 'Nothing has to be changed; devices follow as they report.',
    };
  }
  const [first] = refusal.mistakes;
  return {
    kind: 'refused',
    code: first?.code ?? 'InvalidRequest',
    message: refusal.mistakes.map(describeMistake).join(' '),
    remedy: [...new Set(refusal.mistakes.map(({ remedy }) => remedy))].join(' '),
  };
}

function describeMistake({ message, place }: Mistake): string {
  return place === null ? message : `${place.file}:${place.line}:${place.column}: ${message}`;
}

function describeSize(size: number): DeskRefusal {
  return {
    kind: 'refused',
    code: 'ProposalTooLarge',
    message: `The files of the change have ${size} characters together; at most ${SHOWN_MAX} are shown.`,
    remedy: 'Use `lockstep propose` in a checkout, or split the files.',
  };
}

const NO_FORGE = {
  kind: 'noForge',
  message: 'This controller knows no forge, so it cannot open a pull request.',
  remedy:
    'Commit the files yourself, or tell it the repository on GitHub (see “Set it up on GitHub” in the README).',
} as const satisfies DeskRefusal;

const TOO_BUSY = failure(
  'ProposalsBusy',
  'Too many proposals are being made at the moment.',
  'wait',
  5_000,
);
