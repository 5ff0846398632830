// Check runs, with the limits that GitHub sets them.

import type { paths } from '@octokit/openapi-types';

import { ApiError, checkLength } from './api-error.ts';
import {
  appDocument,
  nodeId,
  pullRequestReference,
  repositoryApiUrl,
  repositoryUrl,
} from './documents.ts';
import type { AppRecord } from './identity.ts';
import type { Schema } from './routes.ts';
import type { CheckAnnotation, CheckRecord, World } from './world.ts';
import { isoTime } from './world.ts';

const ANNOTATIONS_MAX = 50;
const TEXT_MAX = 65_535;
const ANNOTATION_TITLE_MAX = 255;

type Update =
  paths['/repos/{owner}/{repo}/check-runs/{check_run_id}']['patch']['requestBody']['content']['application/json'];
type Create =
  paths['/repos/{owner}/{repo}/check-runs']['post']['requestBody']['content']['application/json'];
type Output = NonNullable<Update['output']>;
type GivenAnnotation = NonNullable<Output['annotations']>[number];
type Change = Pick<
  Update,
  | 'name'
  | 'details_url'
  | 'external_id'
  | 'started_at'
  | 'status'
  | 'conclusion'
  | 'completed_at'
  | 'output'
>;

export function createCheck(
  world: World,
  app: AppRecord,
  sha: string,
  change: Create,
): CheckRecord {
  checkOutput(change.output);
  if (change.output !== undefined && !change.output.title) {
    throw invalidRequest('"title" wasn\'t supplied.');
  }
  const sibling = world.checks.find((check) => check.sha === sha && check.app.id === app.id);
  const check: CheckRecord = {
    id: world.nextId(),
    app,
    sha,
    suiteId: sibling?.suiteId ?? world.nextId(),
    name: change.name,
    externalId: '',
    detailsUrl: 'https://example.com',
    status: 'queued',
    conclusion: null,
    startedAt: isoTime(world.now()),
    completedAt: null,
    title: null,
    summary: null,
    text: null,
    annotations: [],
  };
  applyCheck(world, check, change);
  world.checks.push(check);
  return check;
}

/** What is not named stays, and so does the end of a check; annotations are added to those that are there. */
export function applyCheck(world: World, check: CheckRecord, change: Change): void {
  checkOutput(change.output);
  if (change.status === 'completed' && change.conclusion === undefined) {
    throw invalidRequest('"conclusion" wasn\'t supplied.');
  }
  check.name = change.name ?? check.name;
  check.externalId = change.external_id ?? check.externalId;
  check.detailsUrl = change.details_url ?? check.detailsUrl;
  check.startedAt = change.started_at ?? check.startedAt;
  if (change.conclusion !== undefined) {
    check.status = 'completed';
    check.conclusion = conclusionOf(change.conclusion);
    check.completedAt = change.completed_at ?? isoTime(world.now());
  } else if (change.status !== undefined && check.status !== 'completed') {
    check.status = change.status;
  }
  const { output } = change;
  if (output === undefined) return;
  check.title = output.title ?? check.title;
  check.summary = output.summary;
  check.text = output.text ?? check.text;
  const given = output.annotations ?? [];
  check.annotations.push(...given.map((one) => annotationDocument(world, check, one)));
}

/** `stale` can be asked for, and is shown as no conclusion of a check run: only GitHub itself sets it. */
function conclusionOf(given: NonNullable<Change['conclusion']>): CheckRecord['conclusion'] {
  if (given === 'stale') throw invalidRequest('stale is not a member of the conclusions.');
  return given;
}

function checkOutput(output: Output | undefined): void {
  if (output === undefined) return;
  if (!output.summary) throw invalidRequest('"summary" wasn\'t supplied.');
  for (const text of [output.summary, output.text]) {
    checkLength(text, TEXT_MAX, (length) =>
      invalidRequest(`Only ${TEXT_MAX} characters are allowed; ${length} were supplied.`),
    );
  }
  const { annotations = [] } = output;
  if (annotations.length > ANNOTATIONS_MAX) {
    throw invalidRequest(
      `No more than ${ANNOTATIONS_MAX} items are allowed; ${annotations.length} were supplied.`,
    );
  }
  for (const annotation of annotations) checkAnnotation(annotation);
}

function checkAnnotation(annotation: GivenAnnotation): void {
  const { path, start_line, end_line, annotation_level, message, title } = annotation;
  for (const [name, value] of Object.entries({ path, annotation_level, message })) {
    if (!value) throw invalidRequest(`"${name}" wasn't supplied.`);
  }
  for (const line of [start_line, end_line]) {
    if (!Number.isInteger(line) || line < 1) throw invalidRequest(`${line} is not a line.`);
  }
  if (end_line < start_line) throw invalidRequest('The end line is before the start line.');
  checkLength(title, ANNOTATION_TITLE_MAX, (length) =>
    invalidRequest(`Only ${ANNOTATION_TITLE_MAX} characters are allowed; ${length} were supplied.`),
  );
  if (Buffer.byteLength(message) > 65_536) {
    throw invalidRequest('Message is longer than 64 KB.');
  }
}

function invalidRequest(what: string): ApiError {
  return new ApiError(422, `Invalid request.\n\n${what}`);
}

/** Newest first; `latest` leaves, of those with the same app and name, only the newest. */
export function findChecks(
  world: World,
  sha: string,
  query: {
    readonly check_name?: string | undefined;
    readonly status?: string | undefined;
    readonly filter?: 'latest' | 'all' | undefined;
    readonly app_id?: number | undefined;
  },
): readonly CheckRecord[] {
  const seen = new Set<string>();
  return world.checks
    .filter((check) => check.sha === sha)
    .toReversed()
    .filter(({ app, name }) => {
      if (query.filter === 'all') return true;
      const key = `${app.id} ${name}`;
      const isNewest = !seen.has(key);
      seen.add(key);
      return isNewest;
    })
    .filter(({ name }) => query.check_name === undefined || name === query.check_name)
    .filter(({ status }) => query.status === undefined || status === query.status)
    .filter(({ app }) => query.app_id === undefined || app.id === query.app_id);
}

function annotationDocument(
  world: World,
  { sha }: CheckRecord,
  given: GivenAnnotation,
): CheckAnnotation {
  return {
    path: given.path,
    start_line: given.start_line,
    end_line: given.end_line,
    start_column: given.start_column ?? null,
    end_column: given.end_column ?? null,
    annotation_level: given.annotation_level,
    title: given.title ?? null,
    message: given.message,
    raw_details: given.raw_details ?? null,
    blob_href: `${repositoryUrl(world)}/blob/${sha}/${encodeURI(given.path)}`,
  };
}

export function checkDocument(world: World, check: CheckRecord) {
  const url = `${repositoryApiUrl(world)}/check-runs/${check.id}`;
  return {
    id: check.id,
    node_id: nodeId('CR', check.id),
    head_sha: check.sha,
    external_id: check.externalId,
    url,
    html_url: `${repositoryUrl(world)}/runs/${check.id}`,
    details_url: check.detailsUrl,
    status: check.status,
    conclusion: check.conclusion,
    started_at: check.startedAt,
    completed_at: check.completedAt,
    output: {
      title: check.title,
      summary: check.summary,
      text: check.text,
      annotations_count: check.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    name: check.name,
    check_suite: { id: check.suiteId },
    app: appDocument(world, check.app),
    pull_requests: world.pullRequests
      .filter(({ state, head }) => state === 'open' && head.sha === check.sha)
      .map((pullRequest) => pullRequestReference(world, pullRequest)),
  } satisfies Schema<'check-run'>;
}
