// What git's outcome means: which failure it is, who has to act, and a message that shows no secret. git's messages
// are read in English (`LC_ALL=C`); what is not recognised is tried again.

import { type Failure, failure } from '../../base/failure.ts';
import { sourceUnavailable } from '../source-failure.ts';
import type { GitOutcome } from './git-command.ts';
import { redactSecrets } from './git-url.ts';

/** What a message needs to know of the source. */
export interface FailureContext {
  /** The source's description; shows no secret. */
  readonly description: string;
  readonly secrets: readonly string[];
  readonly timeoutMs: number;
}

interface Rule {
  readonly pattern: RegExp;
  readonly disposition: 'retry' | 'stall';
  /** What is wrong and what would mend it, to follow `X cannot be read:`. */
  readonly text: string;
}

/** The first that fits decides; the ones about the way to a server come before the ones about what it answered. */
const RULES: readonly Rule[] = [
  {
    pattern: /no space left on device|disk quota exceeded/i,
    disposition: 'stall',
    text: 'the disk of the source cache is full. Free some space.',
  },
  {
    pattern: /dubious ownership/i,
    disposition: 'stall',
    text: 'the repository belongs to another user. Name it in git’s `safe.directory`.',
  },
  {
    pattern: /certificate (problem|verif|has expired)|certificate verification failed/i,
    disposition: 'stall',
    text: 'the server’s certificate is not trusted. Install its authority, or correct the address.',
  },
  {
    pattern: /host key verification failed/i,
    disposition: 'stall',
    text: 'the server’s SSH host key is not known. Add it to `known_hosts`.',
  },
  {
    pattern: /transport '[^']*' not allowed/i,
    disposition: 'stall',
    text: 'the address leads to a transport that is not accepted. Use https, ssh or a path.',
  },
  {
    pattern: /returned error: 30\d|from redirection/i,
    disposition: 'stall',
    text: 'the server redirects elsewhere, where credentials are not sent. Give the address it leads to.',
  },
  {
    pattern:
      /could not resolve|connection (refused|reset|timed out)|failed to connect|couldn't connect|network is unreachable|no route to host|operation timed out|returned error: 5\d\d|timed out/i,
    disposition: 'retry',
    text: 'the server cannot be reached.',
  },
  {
    pattern:
      /authentication failed|could not read (username|password)|terminal prompts disabled|permission denied \(|access denied|returned error: 40[13]|invalid credentials|not authorized/i,
    disposition: 'stall',
    text: 'the server refuses the credentials. Provide valid ones in the address, through a git credential helper or as an SSH key.',
  },
  {
    pattern:
      /repository not found|repository '[^']*' not found|does not appear to be a git repository|not a git repository|returned error: 404|does not exist|no such file or directory/i,
    disposition: 'stall',
    text: 'there is no such git repository, or these credentials may not see it. Correct the address.',
  },
  {
    pattern: /early eof|hung up|unexpected disconnect|rpc failed|transfer closed|broken pipe/i,
    disposition: 'retry',
    text: 'the connection broke off.',
  },
];

/** Whether git found the mirror's own objects damaged, or some missing. */
export function isDamage({ stderr }: GitOutcome): boolean {
  return /is corrupt|corrupt loose|inflate|bad object|missing blob|unable to read|unable to unpack|could not read [0-9a-f]{40}|object file .* is empty|not a valid object|pack.* (is far too short|checksum mismatch|does not match index)|did not send all necessary objects|invalid sha1 pointer|broken link/i.test(
    stderr,
  );
}

/** Whether the server answered, but does not have what was asked for. */
export function isUnknownToServer({ end, stderr }: GitOutcome): boolean {
  return (
    end === 'exited' &&
    /couldn't find remote ref|not our ref|unadvertised object|no such remote ref/i.test(stderr)
  );
}

/** The failure that an unsuccessful command is. */
export function classifyGitFailure(outcome: GitOutcome, context: FailureContext): Failure {
  if (outcome.failure !== undefined) return outcome.failure;
  const begin = `${context.description} cannot be read:`;
  if (outcome.end === 'missing') {
    return sourceUnavailable(
      `${begin} there is no git program. Install git, on the PATH.`,
      'stall',
    );
  }
  if (outcome.end === 'closed') return sourceUnavailable(`${begin} it was closed.`, 'stall');
  if (outcome.end === 'timedOut') {
    const seconds = Math.round(context.timeoutMs / 100) / 10;
    return sourceUnavailable(`${begin} no end after ${seconds} s, so git was stopped.`, 'retry');
  }
  if (/returned error: 429/i.test(outcome.stderr)) {
    const message = `${begin} the server asks for fewer requests.`;
    return failure('SourceUnavailable', message, 'wait', 60_000);
  }
  const said = quoteGit(outcome.stderr, context.secrets);
  const rule = RULES.find(({ pattern }) => pattern.test(outcome.stderr));
  return rule === undefined
    ? sourceUnavailable(`${begin} git failed${said}`, 'retry')
    : sourceUnavailable(`${begin} ${rule.text}${said}`, rule.disposition);
}

/** git's own last word, shortened to one line. */
function quoteGit(stderr: string, secrets: readonly string[]): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const line = lines.find((text) => /^(fatal|error|remote):/i.test(text)) ?? lines.find(Boolean);
  if (line === undefined) return '.';
  return ` (git: ${redactSecrets(line, secrets).slice(0, 200)})`;
}
