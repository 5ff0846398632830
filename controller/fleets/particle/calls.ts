// The calls that change something at Particle, as data: planned by `plan-calls.ts`, sent by `send-calls.ts`.

import { unreachable } from '../../base/assert.ts';
import type { Ledger } from './ledger.ts';
import type { OwnLock } from './place-device.ts';

export type Call =
  | { readonly type: 'createGroup'; readonly group: string }
  | { readonly type: 'deleteGroup'; readonly group: string }
  | {
      /** Takes the version's whole set of targets. */
      readonly type: 'release';
      readonly version: number;
      readonly isDefault: boolean;
      readonly groups: readonly string[];
      /** Devices that are online get it at once, not at their next handshake. */
      readonly prompt: boolean;
    }
  | {
      readonly type: 'editGroups';
      readonly devices: readonly string[];
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  | {
      readonly type: 'lock';
      readonly device: string;
      readonly version: number;
      readonly flash: boolean;
      readonly own: OwnLock | null;
    }
  | { readonly type: 'unlock'; readonly device: string };

/** What is known to be ours after a call was answered. */
export function noteCall(
  ledger: Ledger,
  call: Call,
  isReserved: (group: string) => boolean,
): Ledger {
  switch (call.type) {
    case 'release': {
      const groups = { ...ledger.groups };
      for (const group of call.groups) if (!isReserved(group)) groups[group] = call.version;
      return { ...ledger, groups, ...(call.isDefault && { everyone: call.version }) };
    }
    case 'editGroups': {
      const members = { ...ledger.members };
      for (const group of call.add.filter((each) => !isReserved(each))) {
        members[group] = [...new Set([...(members[group] ?? []), ...call.devices])].sort();
      }
      const gone = new Set(call.devices);
      for (const group of call.remove.filter((each) => !isReserved(each))) {
        members[group] = (members[group] ?? []).filter((id) => !gone.has(id));
      }
      return { ...ledger, members };
    }
    case 'lock': {
      const { [call.device]: _ended, ...own } = ledger.own;
      return {
        ...ledger,
        locks: { ...ledger.locks, [call.device]: call.version },
        own: call.own === null ? own : { ...own, [call.device]: call.own },
      };
    }
    case 'unlock': {
      const { [call.device]: _lock, ...locks } = ledger.locks;
      const { [call.device]: _own, ...own } = ledger.own;
      return { ...ledger, locks, own };
    }
    case 'createGroup':
    case 'deleteGroup':
      return ledger;
    default:
      return unreachable(call);
  }
}
