// Names of groups at Particle: which ones it takes, and which ones the driver keeps for itself.

/** Groups whose name begins so are the driver's own. */
export const RESERVED_PREFIX = 'lockstep-';

/** What Particle takes as the name of a group. */
export function isGroupName(name: string): boolean {
  return /^[a-z0-9_-]{1,64}$/.test(name);
}
