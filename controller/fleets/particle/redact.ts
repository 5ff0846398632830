// Keeps secrets out of what people read: tokens, and whatever looks like one.

/** Tokens in headers and queries, and the 40 hexadecimal digits that a token of Particle's is made of. */
const LOOKS_SECRET: readonly RegExp[] = [
  /(?<=\bbearer )\S+/gi,
  /(?<=\baccess_token=)[^\s&"']+/gi,
  /(?<=:\/\/)[^\s/@]+@/g,
  /\b[0-9a-f]{40}\b/gi,
];
const LENGTH_MAX = 500;

/** One line without secrets or control characters, of a length that fits a log. */
export function redact(text: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret.length > 0)
    .reduce((result, secret) => result.replaceAll(secret, '[secret]'), text);
  const clean = LOOKS_SECRET.reduce((result, look) => result.replace(look, '[secret]'), known)
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  return clean.length > LENGTH_MAX ? `${clean.slice(0, LENGTH_MAX)}…` : clean;
}
