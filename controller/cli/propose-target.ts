// Where a proposal goes when it is not for the working tree: a pull request of a forge. What it is made from is read from
// the branch itself, not from the working tree, so that nothing else gets into it.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { systemClock } from '../base/clock.ts';
import { type Failure, failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Forge } from '../forges/forge.ts';
import type { Proposal } from '../proposals/proposal.ts';
import { readManifestTexts } from '../reconciler/manifest-texts.ts';
import { renderProposalBody } from '../reports/proposal-body.ts';
import { openSource, type SourceSpec } from '../sources/open-source.ts';
import { findOrigin } from './find-origin.ts';
import { repositoryOf } from './forge-options.ts';
import { readSourceArgument } from './load-source.ts';
import type { Shell } from './shell.ts';

/** The manifests that a proposal is made from, and the commit that they were read at. */
export interface TargetFiles {
  /** Text of all manifest files by path from the root of the source. */
  readonly files: ReadonlyMap<string, string>;
  /** The branch that the pull request is to be merged into. */
  readonly base: string;
  /** Full id of the commit of `base`. */
  readonly baseCommit: string;
}

export interface OpenedProposal {
  readonly url: string;
  readonly number: number;
  /** False: an equal proposal was open already. */
  readonly isNew: boolean;
}

export interface ProposeTarget {
  readFiles(): Promise<Result<TargetFiles, Failure>>;
  /** Opens the pull request of a proposal that was made from these files, or finds the open one of an equal proposal. */
  carryOut(proposal: Proposal, from: TargetFiles): Promise<Result<OpenedProposal, Failure>>;
}

/** Options by which a target is found. */
export interface ProposeTargetOptions {
  /** Where the fleet repo is checked out, or its URL. */
  readonly source?: string;
}

type GitSpec = Extract<SourceSpec, { readonly kind: 'git' }>;

/** Opens the forge of a source: of its URL, or of the `origin` of a clone. */
export async function openProposeTarget(
  shell: Shell,
  options: ProposeTargetOptions,
): Promise<Result<ProposeTarget, Failure>> {
  const spec = await findRepository(shell, options.source);
  if (!spec.ok) return spec;
  const forge = await openForgeOf(spec.value, shell.env);
  if (!forge.ok) return forge;
  return ok(createTarget(spec.value, forge.value));
}

async function findRepository(
  shell: Shell,
  argument: string | undefined,
): Promise<Result<GitSpec, Failure>> {
  const spec = readSourceArgument(shell, argument);
  if (!spec.ok) return spec;
  if (spec.value.kind === 'git') return ok(spec.value);
  const origin = await findOrigin(resolve(shell.cwd, spec.value.directory));
  return origin.ok ? ok({ kind: 'git', ref: null, ...origin.value }) : origin;
}

async function openForgeOf(spec: GitSpec, env: Shell['env']): Promise<Result<Forge, Failure>> {
  const repository = repositoryOf(spec.url);
  if (repository === null) {
    return fail(
      failure(
        'ForgeMissing',
        'The address of the repository names none on GitHub, so no pull request can be opened. With --local the change is made in the working tree.',
        'stall',
      ),
    );
  }
  const token = readFirst(env, ['LOCKSTEP_GITHUB_TOKEN', 'GITHUB_TOKEN', 'GH_TOKEN']);
  if (token === null) {
    return fail(
      failure(
        'ForgeUnauthorized',
        `Opening a pull request in ${repository} needs a token that may write contents and pull requests there: set LOCKSTEP_GITHUB_TOKEN (or GITHUB_TOKEN). With --local the change is made in the working tree.`,
        'stall',
      ),
    );
  }
  const { openForge } = await import('../forges/open-forge.ts');
  return ok(
    openForge(
      {
        kind: 'github',
        repository,
        apiUrl: readFirst(env, ['GITHUB_API_URL']) ?? apiOf(spec.url),
        webUrl: null,
        auth: { kind: 'token', token },
        webhookSecret: null,
      },
      { clock: systemClock },
    ),
  );
}

/** The first of some variables that is set to anything: workflows set a missing secret to nothing. */
function readFirst(env: Shell['env'], names: readonly string[]): string | null {
  return (
    names.map((name) => env[name]).find((value) => value !== undefined && value !== '') ?? null
  );
}

/** The API of the host that the repository is on; null: GitHub's own. GitHub Enterprise Server has it beside the pages. */
function apiOf(url: string): string | null {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) {
    const { host, origin } = new URL(url);
    return host === 'github.com' ? null : `${origin}/api/v3`;
  }
  const host = /^(?:ssh:\/\/)?(?:[^@/]+@)?([^:/]+)/.exec(url)?.[1] ?? 'github.com';
  return host === 'github.com' ? null : `https://${host}/api/v3`;
}

function createTarget(spec: GitSpec, forge: Forge): ProposeTarget {
  return {
    async readFiles() {
      const base = spec.ref === null ? await forge.defaultBranch() : ok(spec.ref);
      if (!base.ok) return base;
      const folder = await mkdtemp(join(tmpdir(), 'lockstep-propose-'));
      try {
        return await readBranch({ ...spec, ref: base.value }, base.value, folder, forge);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async carryOut(proposal, { base, baseCommit }) {
      const prefix = spec.subfolder === null ? '' : `${spec.subfolder}/`;
      const opened = await forge.openPullRequest(
        {
          branch: proposal.branch,
          base,
          baseCommit,
          title: proposal.title,
          body: renderProposalBody(proposal.summary, null),
          files: Object.fromEntries(
            Object.entries(proposal.files).map(([path, content]) => [`${prefix}${path}`, content]),
          ),
        },
        // What was proposed, and merged or closed, before may be proposed again: a person asks for it now.
        { again: true },
      );
      if (!opened.ok) return opened;
      const { pullRequest, isNew } = opened.value;
      return ok({ url: pullRequest.url, number: pullRequest.number, isNew });
    },
  };
}

async function readBranch(
  spec: GitSpec,
  base: string,
  cacheDir: string,
  forge: Forge,
): Promise<Result<TargetFiles, Failure>> {
  const source = openSource(spec, { cacheDir, credentials: () => forge.gitCredentials() });
  if (!source.ok) {
    const { message, remedy } = source.error;
    return fail(failure('SourceInvalid', `${message} ${remedy}`, 'stall'));
  }
  try {
    const tree = await source.value.fetch();
    if (!tree.ok) return tree;
    const files = await readManifestTexts(tree.value);
    return files.ok ? ok({ files: files.value, base, baseCommit: tree.value.revision }) : files;
  } finally {
    await source.value.close();
  }
}
