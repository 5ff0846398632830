// Check runs, and commit statuses in their place where the credentials are a person's: GitHub lets only apps (a workflow
// is one) create check runs.

import type { Octokit } from 'octokit';
import type { CheckContent } from '../forge.ts';
import { commitPage } from './addresses.ts';
import type { GithubSession } from './session.ts';
import { shorten, writeStatus } from './statuses.ts';

const ANNOTATIONS_MAX = 50;
/** Of a title of an annotation. */
const TITLE_MAX = 255;

/** As `Forge.putCheck`. */
export async function writeCheck(
  session: GithubSession,
  client: Octokit,
  check: CheckContent,
  options: { readonly again: boolean },
): Promise<{ readonly url: string }> {
  const { appSlug } = await session.identity(client);
  if (appSlug !== null) return writeCheckRun(session, client, { check, appSlug, ...options });
  await writeStatus(session, client, statusOf(check), options);
  return { url: commitPage(session.at, check.commit) };
}

interface Writing {
  readonly check: CheckContent;
  readonly appSlug: string;
  readonly again: boolean;
}

async function writeCheckRun(
  session: GithubSession,
  client: Octokit,
  { check, appSlug, again }: Writing,
): Promise<{ readonly url: string }> {
  const { target, at } = session;
  const urlOf = (url: string | null): string => url ?? commitPage(at, check.commit);
  const run = await newestRun(session, client, { check, appSlug });
  if (run !== null && run.external_id === check.key && !again) return { url: urlOf(run.html_url) };
  if (run === null || !canBecome(run, check)) {
    const { data } = await client.rest.checks.create({
      ...target,
      name: check.name,
      head_sha: check.commit,
      ...bodyOf(check),
    });
    return { url: urlOf(data.html_url) };
  }
  const { data } = await client.rest.checks.update({
    ...target,
    check_run_id: run.id,
    ...bodyOf(check),
  });
  return { url: urlOf(data.html_url) };
}

interface Run {
  readonly id: number;
  readonly status: string;
  readonly external_id: string | null;
  readonly html_url: string | null;
  readonly app: { readonly slug?: string } | null;
  readonly output: { readonly annotations_count: number };
}

/**
 * Whether a check run can be changed into what it is to say. One that has ended can't be made to run again, and
 * annotations are only ever added to: a new run of the same name then takes its place, also for branch protections.
 */
function canBecome(run: Run, check: CheckContent): boolean {
  if (run.status !== 'completed') return true;
  return check.state !== 'pending' && run.output.annotations_count === 0;
}

/** The newest of our own; an app of another maker may use the same name. */
async function newestRun(
  session: GithubSession,
  client: Octokit,
  { check, appSlug }: { readonly check: CheckContent; readonly appSlug: string },
): Promise<Run | null> {
  const runs: readonly Run[] = await client.paginate(client.rest.checks.listForRef, {
    ...session.target,
    ref: check.commit,
    check_name: check.name,
    filter: 'latest',
    per_page: 100,
  });
  return runs
    .filter(({ app }) => app?.slug === appSlug)
    .reduce<Run | null>(
      (newest, run) => (newest === null || run.id > newest.id ? run : newest),
      null,
    );
}

function bodyOf(check: CheckContent): {
  readonly external_id: string;
  readonly status: 'completed' | 'in_progress';
  readonly conclusion?: 'success' | 'neutral' | 'failure';
  readonly output: Output;
} {
  const { state } = check;
  const output = outputOf(check);
  return state === 'pending'
    ? { external_id: check.key, status: 'in_progress', output }
    : { external_id: check.key, status: 'completed', conclusion: state, output };
}

interface Output {
  readonly title: string;
  readonly summary: string;
  readonly text?: string;
  readonly annotations?: {
    path: string;
    start_line: number;
    end_line: number;
    annotation_level: 'notice' | 'warning' | 'failure';
    title: string;
    message: string;
  }[];
}

function outputOf({ title, summary, text, annotations }: CheckContent): Output {
  return {
    title,
    summary,
    ...(text !== null && { text }),
    ...(annotations.length > 0 && {
      annotations: annotations.slice(0, ANNOTATIONS_MAX).map((annotation) => ({
        path: annotation.path,
        start_line: annotation.line,
        end_line: annotation.line,
        annotation_level: annotation.level,
        title: shorten(annotation.title, TITLE_MAX),
        message: annotation.message,
      })),
    }),
  };
}

/** Statuses know no neutral: it passes, and says in words that it is not a success yet. */
function statusOf({ name, commit, state, title }: CheckContent): {
  readonly commit: string;
  readonly context: string;
  readonly state: 'success' | 'pending' | 'failure';
  readonly description: string;
} {
  return state === 'neutral'
    ? { commit, context: name, state: 'success', description: `Neutral: ${title}` }
    : { commit, context: name, state, description: title };
}
