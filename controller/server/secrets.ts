// New tokens, for devices and for people. They are shown once; only their hashes are kept.

import { randomInt } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** As long as hawkBit's: device agents have fields of that size. */
const LENGTH = 32;

/** 32 letters and digits: 190 bits, none of which needs quoting anywhere. */
export function createToken(): string {
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}
