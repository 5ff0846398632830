// Opening a state by what a person wrote after `--state`: the store, the binaries beside it, and the ownership of both.

import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { failure, messageOf, type Failure } from '../base/failure.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { BinaryStore } from './binaries.ts';
import { openBinaryFolder } from './files/binary-store.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';
import { claimState } from './sqlite/state-owner.ts';
import type { Store } from './store.ts';

/** An open state. */
export interface State {
  readonly store: Store;
  readonly binaries: BinaryStore;
  /** Tells other processes, which can't open the state meanwhile, where this one serves; null: nowhere. */
  announce(address: string | null): void;
  /** Closes the state, and lets other processes open it. */
  release(): Promise<void>;
}

/** Where the state is when nobody says: beside the manifests. */
export const STATE_DEFAULT = 'sqlite:.lockstep/state.db';

/**
 * Opens the state that `spec` names (`sqlite:FILE`) for this process alone, and makes it, with its folder, where it is
 * missing. Fails (stall) where another process owns it, with the address it serves on, and where the file is damaged,
 * of something else, or newer than this program. Binaries are kept in the folder `binaries` beside the file.
 */
export async function openState(
  spec: string,
  options: { readonly address?: string } = {},
): Promise<Result<State, Failure>> {
  const file = parseStateSpec(spec);
  if (!file.ok) return file;
  const folder = dirname(file.value);
  try {
    await mkdir(folder, { recursive: true });
  } catch (thrown) {
    return fail(
      failure(
        'StateUnreadable',
        `The folder ${folder} of the state can't be made: ${messageOf(thrown)}`,
        'stall',
      ),
    );
  }
  const owner = claimState(file.value, options.address ?? null);
  if (!owner.ok) return owner;
  const store = await openSqliteStore(file.value);
  if (!store.ok) {
    owner.value.release();
    return store;
  }
  const binaries = await openBinaryFolder(join(folder, 'binaries'));
  return ok({
    store: store.value,
    binaries,
    announce: (address) => owner.value.announce(address),
    async release() {
      await store.value.close();
      owner.value.release();
    },
  });
}

/**
 * Opens a state only to look at it: where it is missing, an empty one in memory stands for it, and nothing is made on
 * the disk. One that exists is opened as `openState` does, since one process owns a state.
 */
export async function openStateToRead(spec: string): Promise<Result<State, Failure>> {
  const file = parseStateSpec(spec);
  if (!file.ok) return file;
  if (existsSync(file.value)) return openState(spec);
  const store = await openSqliteStore(':memory:');
  if (!store.ok) return store;
  return ok({
    store: store.value,
    binaries: await openBinaryFolder(join(dirname(file.value), 'binaries')),
    announce: () => undefined,
    release: () => store.value.close(),
  });
}

/** Whether a state is where `spec` says; false also where the spec cannot be read. */
export function isStateThere(spec: string): boolean {
  const file = parseStateSpec(spec);
  return file.ok && existsSync(file.value);
}

function parseStateSpec(spec: string): Result<string, Failure> {
  const file = /^sqlite:(.+)$/s.exec(spec)?.[1];
  if (file !== undefined) return ok(file);
  return fail(
    failure(
      'StateSpecInvalid',
      `The state "${spec}" is not known here: write sqlite:FILE, such as ${STATE_DEFAULT}.`,
      'stall',
    ),
  );
}
