// Defects of what Particle is told, and of what is made of its words.

import type { Defect } from './defect.ts';

export const PARTICLE_DEFECTS: readonly Defect[] = [
  // --- what a device is to run, and what it is given for it
  d(
    'a lock goes back to Particle before its back-off is over, on reset',
    'want.ts',
    'lock: { ...lock, armed: true },',
    'lock,',
  ),
  d(
    'a device that loops goes on looping',
    'want.ts',
    "return wait.kind === 'leftAlone' ? loopingWant(device, version) : STAYS;\n  }\n  // A rate",
    "return wait.kind === 'leftAlone' ? { kind: 'goes', version } : STAYS;\n  }\n  // A rate",
  ),
  d(
    'a rate lets everybody go',
    'want.ts',
    'return isRated && !isUnderWay ? STAYS',
    'return isRated && isUnderWay ? STAYS',
  ),
  d(
    'a reserved group is used where a higher version wins',
    'place-device.ts',
    'const wins = !isByGroup || natural === null || natural < version;',
    'const wins = true;',
  ),
  d(
    'a lock that may not go falls through to a release',
    'place-device.ts',
    'if (record.lock !== null) {',
    'if (record.lock !== null && want.looping !== null) {',
  ),
  d(
    'a device is held on a version that Particle does not hold',
    'place-device.ts',
    'if (staysOn === null || !filed.has(staysOn)) {',
    'if (staysOn === null) {',
  ),
  // --- devices on their way
  d(
    'a device on its way is turned round',
    'plan-calls.ts',
    'heading !== null && isUnderWay(heading, device, input.moment)',
    'heading !== null && !isUnderWay(heading, device, input.moment)',
  ),
  d(
    'a device that takes no updates is taken for one on its way',
    'heading.ts',
    'return hasBegun && device.details?.takesUpdates === true',
    'return hasBegun',
  ),
  d(
    'a device is let arrive on what was rolled back',
    'heading.ts',
    'if (!arrived.has(id) || isBad(to, policy)) return null;',
    'if (!arrived.has(id)) return null;',
  ),
  d(
    'a device that does not arrive is awaited for ever',
    'heading.ts',
    'return online && handshakeAt === heading.handshakeAt && at - heading.since < ARRIVES_MS;',
    'return online && at >= heading.since;',
  ),
  // --- the order of calls
  d(
    'releases change before devices are held',
    'edit-order.ts',
    "const ends = preferred === 'early' ? [0, steps] : [steps, 0];",
    'const ends = [steps];',
  ),
  d(
    'groups are edited as a whole or not at all',
    'edit-order.ts',
    '...(reserved <= steps ? wanted : present).filter((name) => isReserved(name)),',
    '...(listed <= steps ? wanted : present).filter((name) => isReserved(name)),',
  ),
  d(
    'nobody is locked while every order leads astray',
    'plan-edits.ts',
    'if (development || quarantined || isLocked(plan)) return false;',
    'if (development || !quarantined || isLocked(plan)) return false;',
  ),
  d(
    'who is in several groups leaves them one by one',
    'plan-edits.ts',
    'add.length === 0 && remove.length === 1 && remove.every((name) => deleted.has(name));',
    'add.length === 0 && remove.some((name) => deleted.has(name));',
  ),
  d(
    'who cannot be held stays in the group of a step',
    'plan-edits.ts',
    'const group = place?.group ?? null;\n  const reserved',
    'const group = place === null ? versionOfGroup(device.groups[0] ?? "") : place.group;\n  const reserved',
  ),
  d(
    'a release leaves out targets that it had',
    'plan-edits.ts',
    'groups: [...groups].flatMap(([name, held]) => (held === version ? [name] : [])).sort(),',
    'groups: [],',
  ),
  d(
    'a halt hurries',
    'plan-edits.ts',
    "return unhurried !== 'all' && !unhurried.has(version);",
    "return unhurried !== 'all' && version > 0;",
  ),
  // --- what is released
  d(
    'a release is wide open while it is held',
    'wanted-releases.ts',
    'release.hold === null &&\n    release.limit >= BUCKETS',
    'release.limit >= BUCKETS',
  ),
  d(
    'a group goes to the higher of two versions',
    'wanted-releases.ts',
    'Math.min(base, release.version) : base;',
    'Math.max(base, release.version) : base;',
  ),
  d(
    'an unverified base is released',
    'wanted-releases.ts',
    'found.verified && found.stored && !found.withdrawn',
    'found.stored && !found.withdrawn',
  ),
  // --- other hands, and Particle's own gate
  d(
    'drift is mended where it is only to be reported',
    'plan-calls.ts',
    "return drift === 'mend' && !isGivenUp(ledger, thing, moment.at);",
    'return !isGivenUp(ledger, thing, moment.at);',
  ),
  d(
    'a fight is never given up',
    'ledger.ts',
    'fight.rounds >= FIGHT_ROUNDS_MAX;',
    'fight.rounds < 0;',
  ),
  d(
    'another hand is not told from what is due',
    'ledger.ts',
    "return last === wanted ? 'drifted' : 'due';",
    "return last === present ? 'drifted' : 'due';",
  ),
  d(
    'one refused release holds up all that follows for ever',
    'refusals.ts',
    'left: known.has(version) ? READINGS : 0',
    'left: 0',
  ),
  // --- what is seen
  d(
    "a transfer's success counts as evidence",
    'mirror-device.ts',
    "const isProof = details !== null && details.status === 'normal';",
    "const isProof = details?.status !== 'safe_mode';",
  ),
  d(
    'safe mode is a failure',
    'mirror-device.ts',
    "return version === 0 || details?.status === 'safe_mode';",
    "return version === null && details?.status === 'safe_mode';",
  ),
  d(
    'an older sighting is believed',
    'mirror-device.ts',
    'const isStale = known !== null && handshakeAt !== null && handshakeAt < known;',
    'const isStale = known !== null && handshakeAt !== null && handshakeAt < 0;',
  ),
  d(
    'another binary under the same number is not noticed',
    'mirror-device.ts',
    'sha256: seen === wanted ? firmware.sha256 : `app hash ${seen}`',
    'sha256: firmware.sha256',
  ),
];

function d(name: string, file: string, find: string, replace: string): Defect {
  return { name, file: `fleets/particle/${file}`, find, replace };
}
