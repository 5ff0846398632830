// Judges commits by their signatures. Git itself checks them, with nothing but the listed keys; here is decided which
// commits are asked about, and what git's answer means.

import type { Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import type { CommitVerdict, SignaturePolicy } from '../signature-policy.ts';
import { revisionUnknown, sourceUnavailable } from '../source-failure.ts';
import type { CommitFacts } from './commit-object.ts';
import type { CommitReader } from './commit-reader.ts';
import type { GitMirror } from './git-mirror.ts';
import { createKeyFolder } from './key-folder.ts';
import type { ListedKeys } from './listed-keys.ts';

export interface CommitJudge {
  /** As `Source.judge`. What was judged once is remembered. */
  judge(accepted: string | null, revision: string): Promise<Result<CommitVerdict, Failure>>;
}

/** Commits on a path that are judged at all. */
const PATH_MAX = 5_000;

/** Commits that one git command is asked about. */
const BATCH = 50;

/** Verdicts that are remembered. */
const KNOWN_MAX = 20_000;

export interface CommitJudgeOptions {
  readonly mode: SignaturePolicy['mode'];
  readonly keys: ListedKeys;
  readonly mirror: GitMirror;
  readonly commits: CommitReader;
  readonly cacheDir: string;
  readonly description: string;
  /** Time after which a path that is not done yet is left for the next call. */
  readonly timeoutMs: number;
}

/** Null: good. */
type Defect = string | null;

/** Creates a judge for one policy. */
export function createCommitJudge({
  mode,
  keys,
  mirror,
  commits,
  cacheDir,
  description,
  timeoutMs,
}: CommitJudgeOptions): CommitJudge {
  const folder = createKeyFolder({ keys, cacheDir, mirror, description });
  const known = new Map<string, Defect>();

  const cannot = (why: string, disposition: 'retry' | 'stall') =>
    fail(
      sourceUnavailable(`The signatures of ${description} cannot be checked: ${why}`, disposition),
    );

  /** The commits to judge, oldest first; the tip is always among them. */
  const listPath = async (
    accepted: string | null,
    tip: string,
  ): Promise<Result<readonly string[], Failure>> => {
    if (mode === 'tip' || accepted === null) return ok([tip]);
    const start = await mirror.findCommit(accepted);
    if (!start.ok) return start;
    // A revision of another source, or one that no copy has any more: there is no path from it.
    if (start.value === null) return ok([tip]);
    const range = [tip, `^${start.value}`];
    const listed = await mirror.runIsolated([
      'rev-list',
      '--topo-order',
      `--max-count=${PATH_MAX + 1}`,
      ...range,
    ]);
    if (listed.exitCode !== 0) return fail(await mirror.explain(listed));
    const path = listed.stdout.split('\n').filter((id) => id !== '');
    if (path.length > PATH_MAX) {
      const remedy =
        'Go there in stages: `lockstep apply --revision` of a commit in between, then of later ones.';
      return cannot(
        `more than ${PATH_MAX} commits lead from ${accepted} to ${tip}. ${remedy}`,
        'stall',
      );
    }
    return ok(path.length === 0 ? [tip] : path.toReversed());
  };

  /** Asks git about commits that carry a signature. */
  const verify = async (
    signed: readonly (readonly [id: string, facts: CommitFacts])[],
  ): Promise<Result<ReadonlyMap<string, Defect>, Failure>> => {
    const has = (kind: CommitFacts['signature']) =>
      signed.some(([, { signature }]) => signature === kind);
    const places = await folder.prepare({ ssh: has('ssh'), openpgp: has('openpgp') });
    if (!places.ok) return places;
    const { allowedSigners, gpgHome, gpgFingerprints } = places.value;
    const outcome = await mirror.runIsolated(
      [
        'log',
        '--no-walk=unsorted',
        '--no-color',
        '--no-notes',
        '--no-mailmap',
        '--format=%H%x09%G?%x09%GF%x09%GP%x09%GK',
        ...signed.map(([id]) => id),
      ],
      {
        environment: { GNUPGHOME: gpgHome },
        settings: [
          `gpg.ssh.allowedSignersFile=${allowedSigners}`,
          'gpg.minTrustLevel=undefined',
          'log.showSignature=false',
        ],
      },
    );
    const missing = /^error: cannot run (\S+):/m.exec(outcome.stderr)?.[1];
    if (missing !== undefined) return cannot(`git cannot run ${missing}. Install it.`, 'stall');
    if (/find-principals\/verify is needed/.test(outcome.stderr)) {
      return cannot('this needs OpenSSH 8.2 or newer. Install it.', 'stall');
    }
    if (outcome.exitCode !== 0) return fail(await mirror.explain(outcome));
    const answers = new Map(
      outcome.stdout.split('\n').map((line) => {
        const [id = '', ...answer] = line.split('\t');
        return [id, answer];
      }),
    );
    const defects = new Map<string, Defect>();
    for (const [id, { signature }] of signed) {
      const [code = '', fingerprint = '', primary = '', key = ''] = answers.get(id) ?? [];
      const isListed =
        signature === 'ssh'
          ? code === 'G' && keys.sshFingerprints.has(fingerprint)
          : /^[GU]$/.test(code) && gpgFingerprints.has(primary);
      const defect = isListed ? null : DEFECTS[code]?.(fingerprint || key || 'of another kind');
      if (defect === undefined) {
        return cannot(`git 2.34 or newer is needed; this one says nothing of ${id}.`, 'stall');
      }
      defects.set(id, defect);
    }
    // Without its keys git knows nobody: that is no verdict.
    return folder.isWhole() ? ok(defects) : cannot('the source cache was deleted.', 'retry');
  };

  /** Judges a few commits, and remembers it. */
  const judgeBatch = async (
    ids: readonly string[],
  ): Promise<Result<ReadonlyMap<string, CommitFacts>, Failure>> => {
    const facts = new Map<string, CommitFacts>();
    for (const id of ids) {
      const read = await commits.readFacts(id);
      if (!read.ok) return read;
      facts.set(id, read.value);
    }
    const signed: (readonly [string, CommitFacts])[] = [];
    for (const [id, each] of facts) {
      if (known.has(id)) continue;
      const defect = findPlainDefect(each, keys);
      if (defect === null) signed.push([id, each]);
      else known.set(id, defect);
    }
    if (signed.length === 0) return ok(facts);
    const verified = await verify(signed);
    if (!verified.ok) return verified;
    for (const [id, defect] of verified.value) known.set(id, defect);
    return ok(facts);
  };

  return {
    async judge(accepted, revision) {
      const tip = await mirror.findCommit(revision);
      if (!tip.ok) return tip;
      if (tip.value === null)
        return fail(revisionUnknown(description, revision, 'Fetch it first.'));
      const path = await listPath(accepted, tip.value);
      if (!path.ok) return path;
      if (known.size > KNOWN_MAX) known.clear();
      const pending = path.value.filter((id) => known.get(id) !== null);
      const until = Date.now() + timeoutMs;
      for (let start = 0; start < pending.length; start += BATCH) {
        if (Date.now() > until) {
          const text = `${start} of ${pending.length} commits were judged in time; the next reading goes on.`;
          return cannot(text, 'retry');
        }
        const batch = pending.slice(start, start + BATCH);
        const judged = await judgeBatch(batch);
        if (!judged.ok) return judged;
        for (const [commit, { subject }] of judged.value) {
          const why = known.get(commit) ?? null;
          if (why !== null) return ok({ isTrusted: false, commit, subject, why });
        }
      }
      return ok({ isTrusted: true });
    },
  };
}

/** What is wrong with a commit that needs no program to see. */
function findPlainDefect({ signature }: CommitFacts, keys: ListedKeys): Defect {
  if (signature === 'none') return 'it carries no signature';
  if (signature === 'other') return 'its signature is neither of SSH nor of OpenPGP';
  const isKnown = signature === 'ssh' ? keys.sshKeys.length > 0 : keys.gpgKeys.length > 0;
  const name = signature === 'ssh' ? 'SSH' : 'OpenPGP';
  return isKnown ? null : `it is signed with an ${name} key, and none is listed`;
}

const notListed = (key: string): string => `it is signed with the key ${key}, which is not listed`;

/** By git's own letter for a signature. There is none for a commit that git saw no signature of. */
const DEFECTS: Readonly<Record<string, (key: string) => string>> = {
  G: notListed,
  U: notListed,
  // gpg also says so of keys that it has and does not take.
  E: notListed,
  B: () => 'its signature is bad: the commit was changed after it was signed',
  X: (key) => `its signature with the key ${key} has expired`,
  Y: (key) => `it is signed with the key ${key}, which has expired`,
  R: (key) => `it is signed with the key ${key}, which was revoked`,
};
