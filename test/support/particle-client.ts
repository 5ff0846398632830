// The barest client of a Particle product, for tests of the fake cloud: it sends, and shows what came back.

import type { ParticleCloud } from '../../controller/simulator/particle/particle-cloud.ts';

export interface ParticleReply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; null where it is none. */
  readonly json: unknown;
}

export interface ParticleClient {
  get(path: string): Promise<ParticleReply>;
  put(path: string, body: object): Promise<ParticleReply>;
  post(path: string, body: object | FormData): Promise<ParticleReply>;
  delete(path: string, body?: object): Promise<ParticleReply>;
}

/** Paths begin below the product, unless they begin with `/v1` or `/oauth`. A null token is not sent. */
export function particleClient(
  cloud: ParticleCloud,
  { token, product = cloud.product.id }: { token?: string | null; product?: string | number } = {},
): ParticleClient {
  const send = async (method: string, path: string, body?: object): Promise<ParticleReply> => {
    const isWhole = path.startsWith('/v1') || path.startsWith('/oauth');
    const bearer = token === undefined ? cloud.token : token;
    const isForm = body instanceof FormData || body instanceof URLSearchParams;
    const response = await fetch(
      `${cloud.url}${isWhole ? path : `/v1/products/${product}${path}`}`,
      {
        method,
        headers: {
          ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
          ...(body === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
      },
    );
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  };
  return {
    get: (path) => send('GET', path),
    put: (path, body) => send('PUT', path, body),
    post: (path, body) => send('POST', path, body),
    delete: (path, body) => send('DELETE', path, body),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
