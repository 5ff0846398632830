// A release that the driver's fleet has no way to bring to just the devices that it is for. Where Particle's groups can't
// be used there is nothing between everyone and nobody, and so such a release is never started.

import { isGroupName, RESERVED_PREFIX } from '../model/cloud-group.ts';
import type { ReleaseSpec } from '../model/desired.ts';
import { BUCKETS } from '../model/rollout.ts';
import type { ReleaseGate } from './gate.ts';
import { PASSES } from './gate.ts';

export const carriedGate: ReleaseGate = {
  name: 'carried',
  evaluate({ spec }, { config, live, rollback, isListed }) {
    if (config.spec.fleet.driver !== 'particle') return PASSES;
    const { group } = spec;
    const base = { passes: false, reason: 'ReleaseNotCarried' } as const;
    if (group !== null && isListed) {
      const why = !isGroupName(group)
        ? `Particle takes no group named ${group}`
        : group.startsWith(RESERVED_PREFIX)
          ? `${RESERVED_PREFIX}… are groups that the driver keeps for itself`
          : null;
      if (why !== null) {
        return {
          ...base,
          at: 'spec.group',
          message: `${why}, so a release to it can't be brought about.`,
          remedy: `Name the DeviceGroup with at most 64 lower-case letters, digits and hyphens, not beginning with ${RESERVED_PREFIX}.`,
          lifts: 'commit',
        };
      }
    }
    const lacking = live.reading?.lacking ?? [];
    // What takes something back goes to everyone who has it, and never waits for a person's token.
    if (lacking.length === 0 || rollback || (group === null && !isPartial(spec))) return PASSES;
    const [noun, them] = lacking.length === 1 ? ['scope', 'it'] : ['scopes', 'them'];
    return {
      ...base,
      at: group === null ? 'spec.strategy' : 'spec.group',
      message: `Version ${spec.version} is for a part of the devices, and the token lacks the ${noun} ${lacking.join(', ')}: without groups Particle releases to everyone or to nobody.`,
      remedy: `Add ${them} to the API user and set the new token, or release to everyone at once, without steps, windows and a rate.`,
      lifts: 'person',
    };
  },
};

/** Whether a release reaches only some of its devices for a while. */
function isPartial({ strategy }: ReleaseSpec): boolean {
  return (
    strategy.steps.some(({ exposure }) => exposure < BUCKETS) ||
    strategy.rate !== null ||
    strategy.windows.length > 0
  );
}
