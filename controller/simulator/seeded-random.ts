// Random numbers that replay: a small generator whose state is one integer, and streams derived from a seed and a name.
// For simulations only; nothing that needs to be unpredictable may use it.

/** A stream of numbers. Plain data, so that it can live inside a device's state; drawing moves `state` on. */
export interface RandomStream {
  /** 32 bits, as a signed integer. */
  state: number;
}

/** The stream that belongs to a seed and a name. The same two always give the same numbers, in the same order. */
export function createRandomStream(seed: number, name: string): RandomStream {
  return { state: hashText(`${seed}/${name}`) | 0 };
}

/** The next number, 0 <= n < 1. */
export function drawUnit(stream: RandomStream): number {
  // An odd step visits every 32-bit state before one returns; the mixer then hides the regular steps.
  stream.state = (stream.state + 0x9e3779b9) | 0;
  return mixBits(stream.state) / 0x1_0000_0000;
}

/** The next number, min <= n < max. */
export function drawBetween(stream: RandomStream, min: number, max: number): number {
  return min + drawUnit(stream) * (max - min);
}

/** A well-spread, stable 32-bit hash (0 .. 2^32-1) of a text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return mixBits(hash);
}

function mixBits(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
