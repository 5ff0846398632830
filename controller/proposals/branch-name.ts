// Names of branches, from what is asked for: readable, safe for git, and one name for one request.

import { createHash } from 'node:crypto';

const WORDS_MAX = 60;

/**
 * `lockstep/KIND-WORDS-DIGEST`. The words are for people and may be cut; the digest of `identity` (JSON data) tells
 * requests apart.
 */
export function nameBranch(
  kind: string,
  words: readonly (string | number)[],
  identity: unknown,
): string {
  const readable = slugOf(words.map((word) => slugOf(String(word))).join('-'), WORDS_MAX);
  const digest = createHash('sha256')
    .update(JSON.stringify([kind, identity]))
    .digest('hex');
  return [
    'lockstep/',
    [kind, readable, digest.slice(0, 10)].filter((part) => part !== '').join('-'),
  ].join('');
}

/** Lower-case letters, digits, single dots and hyphens, with a letter or digit at both ends; may be empty. */
export function slugOf(text: string, max = Infinity): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.-]+/g, '-')
    .replaceAll(/\.{2,}/g, '.')
    .slice(0, max)
    .replaceAll(/^[-.]+|[-.]+$/g, '');
}
