// Stepping stones: the version that a device is flashed with next, where it cannot take the one that it should run from
// the one that it runs. Which versions may be offered at all is decided elsewhere.

/** A version that may be offered: verified, stored, not withdrawn. */
export interface Stone {
  readonly version: number;
  /** The lowest version that a device must run before it can take this one; null: any. */
  readonly requiresFrom: number | null;
}

/**
 * The version to flash next, so that a device that runs `running` comes to run `to`: `to` itself where it can be taken
 * from `running`, also downwards; else the first hop of a shortest path of rising versions between the two, each of
 * them one that can be taken from the version before it. Of several shortest paths it is the one whose first hop is
 * highest. Null where there is no path (no detour goes downwards), and where `to` is not among the stones. The stones
 * may come in any order. Takes one look at each stone per hop, and nearly always there is one hop.
 */
export function findHop(running: number, to: number, stones: readonly Stone[]): number | null {
  const goal = stones.find(({ version }) => version === to);
  if (goal === undefined) return null;
  if (canTake(goal, running)) return to;
  // The highest hop is never a mistake: what a lower one leads to above it can be taken from the highest one too.
  const first = findHighest(running, to, stones);
  for (let reached = first; reached !== null; reached = findHighest(reached, to, stones)) {
    if (canTake(goal, reached)) return first;
  }
  return null;
}

/** The highest version between the two, both excluded, that can be taken from the lower; null: none. */
function findHighest(running: number, to: number, stones: readonly Stone[]): number | null {
  let highest: number | null = null;
  for (const stone of stones) {
    const { version } = stone;
    const isBetween = version > running && version < to;
    if (isBetween && canTake(stone, running) && (highest === null || version > highest)) {
      highest = version;
    }
  }
  return highest;
}

function canTake({ requiresFrom }: Stone, running: number): boolean {
  return requiresFrom === null || requiresFrom <= running;
}
