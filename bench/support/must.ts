// Results of the outside world, for a bench, which cannot go on without them.

import type { Failure } from '../../controller/base/failure.ts';
import type { Result } from '../../controller/base/result.ts';

/** The value; throws where the outside world failed. */
export function must<T>(result: Result<T, Failure>): T {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
