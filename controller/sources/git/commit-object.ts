// What a commit object says of itself. Pure text.

export interface CommitFacts {
  readonly parents: readonly string[];
  /** First line of the message; null where it is empty. */
  readonly subject: string | null;
  /** As it begins; whether it is good is not known from that. */
  readonly signature: SignatureKind;
}

/** `other`: of a kind that no program is asked about, such as X.509. */
export type SignatureKind = 'none' | 'ssh' | 'openpgp' | 'other';

/** Reads a commit object. Grafts and shallow boundaries do not hide its parents. */
export function parseCommit(content: Uint8Array): CommitFacts {
  const text = Buffer.from(content).toString('utf8');
  const end = text.indexOf('\n\n');
  const header = end < 0 ? text : text.slice(0, end);
  const message = end < 0 ? '' : text.slice(end + 2);
  const parents = [...header.matchAll(/^parent ([0-9a-f]{40,64})$/gm)].map(([, id = '']) => id);
  const subject = (message.trimStart().split('\n')[0] ?? '').trimEnd();
  return { parents, subject: subject === '' ? null : subject, signature: findSignature(header) };
}

/** A repository with longer ids keeps its signatures under another name; the first one is the one that git takes. */
function findSignature(header: string): SignatureKind {
  const isLong = /^tree [0-9a-f]{64}$/m.test(header);
  const field = isLong ? /^gpgsig-sha256 (.*)$/m : /^gpgsig (.*)$/m;
  const [, begin] = field.exec(header) ?? [];
  if (begin === undefined) return 'none';
  if (begin === '-----BEGIN SSH SIGNATURE-----') return 'ssh';
  return /^-----BEGIN PGP (SIGNATURE|MESSAGE)-----$/.test(begin) ? 'openpgp' : 'other';
}
