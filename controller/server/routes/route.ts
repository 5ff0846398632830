// What the routes of the API have in common: how one is described, and the parts of requests that many of them take.

import type { Role } from '../../stores/store.ts';
import { ref, type Schema } from '../schemas/build.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route; left out: anyone who reaches it. */
    readonly role?: Role;
  }
  interface FastifyRequest {
    /** Who asks, for the log: a token's name, or this machine. */
    caller: string;
  }
}

/** A route in words: what it is called in the document, who may use it, what it takes and answers. */
export interface RouteWords {
  readonly operationId: string;
  readonly summary: string;
  readonly tag: 'fleet' | 'devices' | 'operations' | 'proposals' | 'access';
  readonly role: Role;
  readonly params?: Schema;
  readonly querystring?: Schema;
  readonly body?: Schema;
  /** Schema of the answer, and its status where it is not 200. */
  readonly answer: Schema;
  readonly status?: 200 | 201;
  readonly bodyLimit?: number;
}

/** The Fastify options of a route. */
export function describeRoute(words: RouteWords): {
  readonly config: { readonly role: Role };
  readonly schema: Record<string, unknown>;
  readonly bodyLimit?: number;
} {
  const { operationId, summary, tag, role, params, querystring, body, answer } = words;
  return {
    config: { role },
    ...(words.bodyLimit === undefined ? {} : { bodyLimit: words.bodyLimit }),
    schema: {
      operationId,
      summary,
      description: role === 'viewer' ? 'Needs the role viewer.' : 'Needs the role deployer.',
      tags: [tag],
      ...(params === undefined ? {} : { params }),
      ...(querystring === undefined ? {} : { querystring }),
      ...(body === undefined ? {} : { body }),
      response: {
        [words.status ?? 200]: { description: 'Success.', ...answer },
        default: { description: 'Any error.', ...ref('Error') },
      },
    },
  };
}

/** Path of one product. */
export interface ProductParams {
  readonly product: string;
}

/** Path of one device. */
export interface DeviceParams extends ProductParams {
  readonly id: string;
}

const product: Schema = { type: 'string', minLength: 1, maxLength: 63 };
const id: Schema = {
  type: 'string',
  minLength: 1,
  maxLength: 256,
  pattern: '^\\S+$',
  description: 'Exactly as the device writes it in its URL.',
};

function params(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', required: Object.keys(properties), properties };
}

export const PRODUCT_PARAMS = params({ product });
export const DEVICE_PARAMS = params({ product, id });
export const ACTION_PARAMS = params({
  product,
  id,
  actionId: { type: 'string', pattern: '^[0-9]{1,10}$' },
});

/** A query: unknown names are errors, nothing is required. */
export function query(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', additionalProperties: false, properties };
}

/** Answers of a page, where the caller does not say. */
export const PAGE_DEFAULT = 100;

/** Answers of a page at most. */
export const PAGE_MAX = 500;

export const limit: Schema = {
  type: 'integer',
  minimum: 1,
  maximum: PAGE_MAX,
  description: `How many at most; ${PAGE_DEFAULT} where it is left out.`,
};
