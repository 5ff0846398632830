// Who owns a state: one process at a time, from opening it until it ends, however it ends. What the state holds is not
// known here.

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

import { failure, messageOf, type Failure } from '../../base/failure.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { isBusy } from './sqlite-failure.ts';

/** The ownership of one state. */
export interface StateOwner {
  /** Sets the address that others are told to use; null while nothing is served. */
  announce(address: string | null): void;
  /** Lets others have the state. */
  release(): void;
}

interface OwnerNote {
  readonly pid: number;
  readonly address: string | null;
}

/**
 * Takes the ownership of the state in `file`, or fails (stall) naming the process that has it. The lock is that of an
 * open transaction on `FILE.owner`, which the kernel takes back when the process ends. `FILE.owner.json` only says who
 * holds it.
 */
export function claimState(file: string, address: string | null): Result<StateOwner, Failure> {
  const lockFile = `${file}.owner`;
  const noteFile = `${lockFile}.json`;
  let lock: DatabaseSync | null = null;
  try {
    lock = new DatabaseSync(lockFile);
    lock.exec('BEGIN EXCLUSIVE');
  } catch (thrown) {
    lock?.close();
    if (isBusy(thrown)) return fail(describeOwner(file, readNote(noteFile)));
    return fail(
      failure(
        'StateUnreadable',
        `The state ${file} can't be locked: ${messageOf(thrown)}. Check that its folder may be written to.`,
        'stall',
      ),
    );
  }
  const held = lock;
  const announce = (announced: string | null): void =>
    writeNote(noteFile, { pid: process.pid, address: announced });
  announce(address);
  return ok({
    announce,
    release() {
      // The note first: without the lock it may be another's.
      rmSync(noteFile, { force: true });
      held.close();
    },
  });
}

function describeOwner(file: string, owner: OwnerNote | null): Failure {
  const who = owner === null ? 'another process' : `process ${owner.pid}`;
  const address = owner?.address ?? null;
  const message =
    address === null
      ? `The state ${file} is owned by ${who}: stop it, or use another state.`
      : `The state ${file} is owned by ${who}, which serves ${address}: add --server ${address}`;
  return failure('StateOwned', message, 'stall');
}

function readNote(noteFile: string): OwnerNote | null {
  try {
    return JSON.parse(readFileSync(noteFile, 'utf8')) as OwnerNote;
  } catch {
    // Its owner may be about to write it; the lock is what counts.
    return null;
  }
}

function writeNote(noteFile: string, note: OwnerNote): void {
  const part = `${noteFile}.part`;
  writeFileSync(part, JSON.stringify(note));
  renameSync(part, noteFile);
}
