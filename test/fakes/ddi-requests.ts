// Whether what a DDI client sends is well formed. Written from the protocol, not from any server; the throwaway server
// beside it notes every defect, and tests expect none.

const EXECUTIONS = [
  'closed',
  'proceeding',
  'canceled',
  'scheduled',
  'rejected',
  'resumed',
  'downloaded',
  'download',
];

/** A feedback as the server understood it. */
export interface SeenFeedback {
  readonly execution: string;
  readonly finished: string;
  readonly details: readonly string[];
}

/** Reads a feedback body; each defect is added to `defects`. */
export function readFeedback(body: unknown, actionId: string, defects: string[]): SeenFeedback {
  const status = field(body, 'status');
  const execution = text(field(status, 'execution'));
  const finished = text(field(field(status, 'result'), 'finished'));
  if (!EXECUTIONS.includes(execution)) defects.push(`execution is ${execution}`);
  if (!['success', 'failure', 'none'].includes(finished)) defects.push(`finished is ${finished}`);
  const id = field(body, 'id');
  if (id !== undefined && text(id) !== actionId) defects.push(`id is ${JSON.stringify(id)}`);
  const time = field(body, 'time');
  if (time !== undefined && !/^\d{8}T\d{6}$/.test(text(time))) defects.push('time is malformed');
  const details = field(status, 'details');
  if (details !== undefined && !isTextList(details)) defects.push('details are no texts');
  return { execution, finished, details: isTextList(details) ? details : [] };
}

/** Reads the attributes of a configData body; each defect is added to `defects`. */
export function readAttributes(body: unknown, defects: string[]): Readonly<Record<string, string>> {
  const data = field(body, 'data');
  const mode = field(body, 'mode');
  if (mode !== undefined && !['merge', 'replace', 'remove'].includes(text(mode))) {
    defects.push(`mode is ${text(mode)}`);
  }
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  if (entries.length === 0) defects.push('data is missing or empty');
  const attributes: Record<string, string> = {};
  for (const [name, value] of entries) {
    if (!isAttributeText(name) || !isAttributeText(value)) defects.push(`attribute ${name}`);
    attributes[name] = String(value);
  }
  return attributes;
}

/** The first byte that an open `Range` asks for; null where the header is absent; NaN where it is malformed. */
export function readRangeStart(header: string | undefined): number | null {
  if (header === undefined) return null;
  const match = /^bytes=(\d+)-$/.exec(header);
  return match === null ? Number.NaN : Number(match[1]);
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}

function isAttributeText(value: unknown): boolean {
  return typeof value === 'string' && /^[\x20-\x7e]{1,128}$/.test(value);
}
