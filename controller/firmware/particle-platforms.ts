// Particle's platforms: id, name, and the largest application each takes. How a module is read is in `particle.ts`.
// Source: Particle's device constants and the linker files of Device OS.

interface ParticlePlatform {
  readonly name: string;
  /** Largest application module in bytes; null where there is no fixed one (Core firmware is monolithic). */
  readonly sizeMax: number | null;
}

const KIB = 1024;
const SMALL = 128 * KIB;
/** Gen 3 since Device OS 3.1 (module index 2); before that (index 1) `SMALL` holds. */
const GEN3 = 256 * KIB;
const RTL872X = 1536 * KIB;

const PLATFORMS: ReadonlyMap<number, ParticlePlatform> = new Map([
  [0, { name: 'core', sizeMax: null }],
  [6, { name: 'photon', sizeMax: SMALL }],
  [8, { name: 'p1', sizeMax: SMALL }],
  [10, { name: 'electron', sizeMax: SMALL }],
  [12, { name: 'argon', sizeMax: GEN3 }],
  [13, { name: 'boron', sizeMax: GEN3 }],
  [14, { name: 'xenon', sizeMax: SMALL }],
  [15, { name: 'esomx', sizeMax: GEN3 }],
  [22, { name: 'asom', sizeMax: SMALL }],
  [23, { name: 'bsom', sizeMax: GEN3 }],
  [24, { name: 'xsom', sizeMax: SMALL }],
  [25, { name: 'b5som', sizeMax: GEN3 }],
  [26, { name: 'tracker', sizeMax: GEN3 }],
  [28, { name: 'trackerm', sizeMax: RTL872X }],
  [32, { name: 'p2', sizeMax: RTL872X }],
  [35, { name: 'msom', sizeMax: RTL872X }],
  [37, { name: 'electron2', sizeMax: GEN3 }],
  [38, { name: 'sulu', sizeMax: RTL872X }],
]);

/** The Core's platform id: the one platform whose application is a monolithic module. */
export const CORE_PLATFORM_ID = 0;

/** Other names that people give a platform, and the one that Lockstep prints. */
export const PLATFORM_ALIASES: Readonly<Record<string, string>> = { photon2: 'p2' };

/** The platform's name, or null for an id that is not in the table. */
export function particlePlatformName(id: number): string | null {
  return PLATFORMS.get(id)?.name ?? null;
}

/** The largest application in bytes for a platform and module index; null where no limit is known. */
export function particleSizeMax(id: number, moduleIndex: number): number | null {
  const sizeMax = PLATFORMS.get(id)?.sizeMax ?? null;
  return sizeMax === GEN3 && moduleIndex < 2 ? SMALL : sizeMax;
}
