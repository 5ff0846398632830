// What SQLite's errors mean to an operator. The only place that knows its result codes.

import { failure, messageOf, type Failure } from '../../base/failure.ts';
import { StateFailure } from '../state-failure.ts';

// Primary result codes: https://www.sqlite.org/rescode.html
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

/** SQLite's primary result code of something thrown; null where it did not come from SQLite. */
function readResultCode(thrown: unknown): number | null {
  if (!(thrown instanceof Error) || !('code' in thrown) || thrown.code !== 'ERR_SQLITE_ERROR') {
    return null;
  }
  return 'errcode' in thrown && typeof thrown.errcode === 'number' ? thrown.errcode & 0xff : null;
}

/** Whether another connection holds the lock that was asked for. */
export function isBusy(thrown: unknown): boolean {
  const code = readResultCode(thrown);
  return code === BUSY || code === LOCKED;
}

/** Classifies what SQLite threw about `file`; null where it is no failure of the outside world, but a bug. */
export function classifySqliteError(thrown: unknown, file: string): Failure | null {
  const text = messageOf(thrown);
  const code = readResultCode(thrown);
  if (code === null) return null;
  switch (code) {
    case BUSY:
    case LOCKED:
      return failure('StateBusy', `The state ${file} is locked by another program.`, 'retry');
    case FULL:
      return failure(
        'StateFull',
        `No room is left to write the state ${file}: free some.`,
        'retry',
      );
    case IOERR:
      return failure(
        'StateUnwritable',
        `The state ${file} can't be read or written: ${text}.`,
        'retry',
      );
    case READONLY:
      return failure(
        'StateUnwritable',
        `The state ${file} is read-only: allow writing to it.`,
        'stall',
      );
    case CANTOPEN:
      return failure(
        'StateUnreadable',
        `The state ${file} can't be opened: check that its folder exists and may be written to.`,
        'stall',
      );
    case CORRUPT:
      return failure(
        'StateDamaged',
        `The state ${file} is damaged (${text}): restore it from a copy.`,
        'stall',
      );
    case NOTADB:
      return failure(
        'StateDamaged',
        `${file} is not a Lockstep state: name another file, or restore it from a copy.`,
        'stall',
      );
    default:
      return null;
  }
}

/** The error to reject with: a StateFailure for what the outside world did, the thrown itself for a bug. */
export function wrapSqliteError(thrown: unknown, file: string): unknown {
  const classified = classifySqliteError(thrown, file);
  return classified === null ? thrown : new StateFailure(classified);
}
