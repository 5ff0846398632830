// How the fake Particle refuses: one builder for each of the shapes of error bodies that the real one has been seen with.

export class ApiError extends Error {
  readonly status: number;
  readonly body: object;

  constructor(status: number, body: object) {
    super(`${status} ${JSON.stringify(body)}`);
    this.status = status;
    this.body = body;
  }
}

/** As OAuth has it: `{error, error_description}`. */
export function oauthError(status: number, error: string, description: string): ApiError {
  return new ApiError(status, { error, error_description: description });
}

export function invalidRequest(description: string): ApiError {
  return oauthError(400, 'invalid_request', description);
}

/** The fake's own pick of shape and words: that the status is 403 is all that is known. */
export function missingScope(scope: string): ApiError {
  return oauthError(403, 'forbidden', `The access token does not have the scope ${scope}`);
}

/** An unknown device and a foreign one look alike, and so does a product that is someone else's. */
export function permissionDenied(): ApiError {
  return new ApiError(403, {
    error: 'Permission Denied',
    info: "I didn't recognize that device name or ID, or you are not allowed to use it",
  });
}

/** `{ok: false, error}` */
export function notFound(what: string): ApiError {
  return new ApiError(404, { ok: false, error: `${what} not found.` });
}

/** `{ok: false, errors: [text]}`, with a code where the real one sends one. */
export function errorList(status: number, messages: readonly string[], hasCode = false): ApiError {
  return new ApiError(status, {
    ok: false,
    ...(hasCode ? { code: status } : {}),
    errors: [...messages],
  });
}

/** `{ok: false, errors: [{error}]}` */
export function errorObjects(status: number, messages: readonly string[]): ApiError {
  return new ApiError(status, { ok: false, errors: messages.map((error) => ({ error })) });
}

/** `{error: "bad_request", description}`, as the diagnostics routes have it. */
export function badRequest(description: string): ApiError {
  return new ApiError(400, { error: 'bad_request', description });
}
