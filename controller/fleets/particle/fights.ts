// Two hands on one thing: each time that it was really changed back is another round of a fight.

import { unreachable } from '../../base/assert.ts';
import type { EpochMs } from '../../base/clock.ts';
import type { Call } from './calls.ts';
import type { Ledger } from './ledger.ts';
import { countRound } from './ledger.ts';
import type { DriftNote } from './plan-calls.ts';

/** `done` are the calls that Particle carried out. What was only meant to be mended is fought over by nobody. */
export function noteFights(
  ledger: Ledger,
  drift: readonly DriftNote[],
  done: readonly Call[],
  at: EpochMs,
): Ledger {
  return drift
    .filter((note) => note.isMended && done.some((call) => mends(call, note)))
    .reduce<Ledger>(
      (known, { thing }) => ({ ...known, fights: countRound(known, thing, at) }),
      ledger,
    );
}

function mends(call: Call, { thing, device }: DriftNote): boolean {
  switch (call.type) {
    case 'lock':
    case 'unlock':
      return thing === `lock ${call.device}`;
    case 'editGroups':
      return device !== null && thing.startsWith('member ') && call.devices.includes(device);
    case 'release':
      return thing === 'everyone'
        ? call.isDefault
        : call.groups.some((name) => thing === `group ${name}`);
    case 'createGroup':
    case 'deleteGroup':
      return false;
    default:
      return unreachable(call);
  }
}
