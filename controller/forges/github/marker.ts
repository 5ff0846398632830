// The hidden line by which a comment is found again: at the very end of its body, where no text of others stands.

/** A comment of ours, by its end. */
export interface Marker {
  readonly name: string;
  readonly key: string;
}

export function withMarker(body: string, { name, key }: Marker): string {
  return `${body.trimEnd()}\n\n<!-- lockstep:${encode(name)} ${encode(key)} -->`;
}

/** Null: the body does not end with one. */
export function readMarker(body: string): Marker | null {
  const [, name, key] = /<!-- lockstep:(\S{1,200}) (\S{0,1000}) -->\s*$/.exec(body) ?? [];
  if (name === undefined || key === undefined) return null;
  return { name: decode(name), key: decode(key) };
}

/** Without what could end the comment of HTML, or look like its end. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll('--', '%2D%2D');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
