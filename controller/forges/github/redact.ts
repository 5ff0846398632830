// Keeps secrets out of what people read: whatever looks like a credential of GitHub's is blotted out of a message.

/** Tokens by their prefixes, tokens in addresses and headers, signed web tokens, and keys. */
const LOOKS_SECRET: readonly RegExp[] = [
  /\b(?:gh[a-z]_|github_pat_|v1\.[0-9a-f]{8})\w*/g,
  /\beyJ[\w-]+(?:\.[\w-]*){0,2}/g,
  /(?<=:\/\/)[^\s/@]+@/g,
  /(?<=\b(?:bearer|token|basic|authorization:) )\S{8,}/gi,
  /-----BEGIN[\s\S]*?(?:-----END[^-]*-----|$)/g,
];
const LENGTH_MAX = 400;

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
