// The one question that the fake GitHub answers by GraphQL: who asks. It is the only way for the token of an app to know.

import { ApiError } from './api-error.ts';
import type { Caller } from './credentials.ts';
import { actorOf } from './credentials.ts';
import type { RawReply } from './routes.ts';

export function answerGraphql(caller: Caller, body: object): RawReply {
  const query = 'query' in body ? body.query : undefined;
  if (typeof query !== 'string' || !/^\{ viewer \{ login \} \}$/.test(query)) {
    throw new ApiError(501, `The fake GitHub does not know the query ${String(query)}.`);
  }
  return { status: 200, body: { data: { viewer: { login: actorOf(caller).login } } } };
}
