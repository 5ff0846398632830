// What a request says before anything is looked up: which product and device it concerns, and who is calling.

import type { FastifyRequest } from 'fastify';

import { chooseType, type JsonType } from './accept.ts';
import type { Caller } from './contact.ts';
import { readCredentials } from './credentials.ts';
import type { Gateway } from './gateway.ts';
import { baseUrl, deviceLinks, type DeviceLinks } from './links.ts';

/** Longest device id. */
export const DEVICE_ID_LENGTH_MAX = 256;

// Blanks of every kind, and what else does not print.
const UNFIT_FOR_ID = /[\s\p{Cc}]/u;

/** Parameters of every route; the last three only where the route has them. */
export interface DeviceParams {
  readonly tenant: string;
  readonly deviceId: string;
  readonly actionId?: string;
  readonly version?: string;
  readonly fileName?: string;
}

/** The caller, or the status that turns it away. */
export function identifyCaller(
  gateway: Gateway,
  request: FastifyRequest,
  isPoll: boolean,
): Caller | 400 | 404 {
  const { tenant, deviceId } = paramsOf(request);
  const product = gateway.products.byTenant(tenant);
  if (product === null || deviceId === '') return 404;
  if (deviceId.length > DEVICE_ID_LENGTH_MAX || UNFIT_FOR_ID.test(deviceId)) {
    return 400;
  }
  return { product, deviceId, credentials: readCredentials(request.headers.authorization), isPoll };
}

/** The links of the calling device; null where its Host header is no host. */
export function linksFor(gateway: Gateway, request: FastifyRequest): DeviceLinks | null {
  const { tenant, deviceId } = paramsOf(request);
  const encrypted = 'encrypted' in request.raw.socket && request.raw.socket.encrypted === true;
  const base = baseUrl(gateway.options.publicUrl, request.headers.host, encrypted);
  return base === null ? null : deviceLinks(base, tenant, deviceId);
}

/** The type to answer in; null: 406. */
export function typeFor(request: FastifyRequest): JsonType | null {
  return chooseType(request.headers.accept);
}

/** A positive decimal parameter of at most ten digits, or null. */
export function readNumber(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
}

/** The route's parameters, decoded. */
export function paramsOf(request: FastifyRequest): DeviceParams {
  return request.params as DeviceParams;
}

/** The body's text; empty where there is none. */
export function bodyOf(request: FastifyRequest): string {
  return typeof request.body === 'string' ? request.body : '';
}
