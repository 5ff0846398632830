// Tells that a directory has probably changed. Only a hint: whoever is told looks for itself, and polls besides.

import { realpath, stat } from 'node:fs/promises';
import { type FSWatcher, watch } from 'chokidar';
import { isLeftOutName } from '../tree-path.ts';

export interface WatchOptions {
  /** Absolute; it need not exist. */
  readonly directory: string;
  /** Asked for absolute paths; nothing in them is told. */
  readonly isExcluded: (path: string) => boolean;
  readonly changed: () => void;
}

/** Changes usually come in bursts: told once they pause this long. */
const QUIET_MS = 200;

/** Never told more often. */
const INTERVAL_MS = 1_000;

/** How often it is checked that the directory is still the one that is watched. */
const ROOT_CHECK_MS = 1_000;

/** Starts watching; returns what ends it. A directory that is deleted and made again, or a link moved, is picked up. */
export function watchDirectory({ directory, isExcluded, changed }: WatchOptions): () => void {
  let watcher: FSWatcher | null = null;
  /** The directory's identity at the last check: null while it is missing, undefined before the first check. */
  let watched: string | null | undefined;
  let isChecking = false;
  let hasEnded = false;
  let told = -INTERVAL_MS;
  let telling: NodeJS.Timeout | null = null;

  const tell = () => {
    if (hasEnded || telling !== null) return;
    const waitMs = Math.max(QUIET_MS, told + INTERVAL_MS - performance.now());
    telling = setTimeout(() => {
      telling = null;
      told = performance.now();
      changed();
    }, waitMs);
  };

  const checkRoot = async () => {
    if (isChecking || hasEnded) return;
    isChecking = true;
    const root = await identifyRoot(directory);
    const identity = root?.identity ?? null;
    if (identity !== watched) {
      await watcher?.close();
      watcher = root === null || hasEnded ? null : startWatcher(root.path);
      if (watched !== undefined) tell();
      watched = identity;
    }
    isChecking = false;
  };

  const startWatcher = (root: string) =>
    watch(root, {
      ignoreInitial: true,
      followSymlinks: false,
      ignored: (path) =>
        isExcluded(path) || path.slice(root.length).split(/[/\\]/).some(isLeftOutName),
    })
      .on('all', tell)
      // Polling goes on without hints.
      .on('error', () => undefined);

  void checkRoot();
  const checking = setInterval(() => void checkRoot(), ROOT_CHECK_MS);
  return () => {
    hasEnded = true;
    clearInterval(checking);
    if (telling !== null) clearTimeout(telling);
    void watcher?.close();
  };
}

async function identifyRoot(
  directory: string,
): Promise<{ readonly path: string; readonly identity: string } | null> {
  try {
    const path = await realpath(directory);
    const { dev, ino, birthtimeMs } = await stat(path);
    return { path, identity: `${path}\0${dev}\0${ino}\0${birthtimeMs}` };
  } catch {
    return null;
  }
}
