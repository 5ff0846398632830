// The requests of devices, as text on the wire.

import { PRODUCT } from './fleet-repo.ts';
import { tokenOf } from './fleet-states.ts';
import { seededId } from './seed-fleet.ts';

/** The path of device `i` of a seeded fleet. */
export function pathOf(i: number): string {
  return `/${PRODUCT}/controller/v1/${seededId(i)}`;
}

/** A GET of device `i`, with its target token. */
export function getRequest(i: number, path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: TargetToken ${tokenOf(i)}\r\nAccept: application/hal+json\r\n\r\n`;
}
