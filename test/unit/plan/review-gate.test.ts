// How the releases of a change stand with the gate: a table of stories, each with its verdict and what it says.

import { describe, expect, it } from 'vitest';

import {
  carried,
  evidence,
  HOUR_MS,
  liveOf,
  namedDevice,
  remembered,
} from '../../support/plan-input.ts';
import type { ChangeWords } from '../../support/review-input.ts';
import { review, verdictsOf } from '../../support/review-input.ts';

const old = { version: 41 };
const both = [old, { version: 42 }];
const finished41 = remembered(41, { verifiedAt: 1, finishedAt: 2 });
const verified42 = remembered(42, { verifiedAt: 3 });
const lock42 = { version: 42, devices: ['d1'] };
const group = { groups: { bench: ['d1'] }, verification: { group: 'bench' } };

/** A hundred devices on 41, and d1. */
function fleet(more: Parameters<typeof liveOf>[1] = {}, d1 = namedDevice('d1')) {
  return liveOf([d1, namedDevice('d2')], {
    crowd: [{ version: 41, devices: 98 }],
    firmware: [finished41],
    ...more,
  });
}

/** d1 names 42 and has still to stay up. */
const soaking = {
  evidence: [evidence('d1', 42, { passedAt: null, soakedMs: 0 })],
  firmware: [finished41, remembered(42)],
};
const soak = { verification: { soakMs: HOUR_MS } };
const onLock = namedDevice('d1', { running: 42, lock: carried(42, 'bench') });

const STORIES: readonly (readonly [
  story: string,
  words: ChangeWords,
  verdicts: readonly string[],
  says: RegExp | null,
])[] = [
  [
    'a verified version',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both, release: 42 },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['success 42'],
    /verified, by earlier evidence/,
  ],
  [
    'a version that its devices verify now',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both, release: 42 },
      live: fleet({ evidence: [evidence('d1', 42)], firmware: [finished41, remembered(42)] }),
    },
    ['success 42'],
    /verified, by d1\./,
  ],
  [
    'a version that nobody leads to',
    {
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42 },
      live: fleet(),
    },
    ['failure 42'],
    /None is on the way.*Commit a DeviceLock with \{ product: thermostat, devices: \[a bench device\], version: 42/,
  ],
  [
    'firmware, lock and release in one',
    {
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet(),
    },
    ['neutral 42'],
    /On the way: d1\. Nothing more to commit: the lock of this very change .* starts by itself/,
  ],
  [
    'the same, in a state that never saw the product',
    {
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet({ adopted: false }),
    },
    ['neutral 42'],
    /--adopt/,
  ],
  [
    'a lock that is merged already',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    ['pending 42'],
    /On the way: d1\. Nothing to commit: this check turns green by itself/,
  ],
  [
    'a lock that is merged, and not in force yet',
    {
      inForce: { firmware: [old], release: 41 },
      base: { firmware: both, release: 41, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet(),
    },
    ['pending 42'],
    null,
  ],
  [
    'a merged lock that waits for the firmware which only the change brings',
    {
      base: { firmware: [old], release: 41, locks: { bench: lock42 } },
      inForce: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet(),
    },
    ['neutral 42'],
    null,
  ],
  [
    'a merged lock to another binary of that version',
    {
      inForce: { firmware: [old], release: 41 },
      base: {
        firmware: [old, { version: 42, sha256: 'a'.repeat(64) }],
        release: 41,
        locks: { bench: lock42 },
      },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet(),
    },
    ['neutral 42'],
    null,
  ],
  [
    'a change that removes the lock on the way',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42 },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    ['failure 42'],
    /taken away by this change\. Merge it after the version is verified/,
  ],
  [
    'a change that moves the lock to another version',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42, locks: { bench: { ...lock42, version: 41 } } },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    ['failure 42'],
    /taken away/,
  ],
  [
    'a change that hands the verification to another lock of its own',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42, locks: { other: { version: 42, devices: ['d2'] } } },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    ['pending 42'],
    null,
  ],
  [
    'a soak under a lock that stays',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 }, ...soak },
      merged: { firmware: both, release: 42, locks: { bench: lock42 }, ...soak },
      live: fleet(soaking, onLock),
    },
    ['pending 42'],
    null,
  ],
  [
    'a soak that would end with the lock that the change removes',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 }, ...soak },
      merged: { firmware: both, release: 42, ...soak },
      live: fleet(soaking, onLock),
    },
    ['failure 42'],
    /taken away/,
  ],
  [
    'a soak that needs no lock',
    {
      base: { firmware: both, release: 41, ...soak },
      merged: { firmware: both, release: 42, ...soak },
      live: fleet(soaking, namedDevice('d1', { running: 42 })),
    },
    ['pending 42'],
    /On the way: d1/,
  ],
  [
    'a soak of a device that the change leaves as it is, whatever it is locked to',
    {
      base: { firmware: both, release: 41, locks: { bench: { ...lock42, version: 41 } }, ...soak },
      merged: {
        firmware: both,
        release: 42,
        locks: { bench: { ...lock42, version: 41 } },
        ...soak,
      },
      live: fleet(soaking, namedDevice('d1', { running: 42 })),
    },
    ['pending 42'],
    /On the way: d1/,
  ],
  [
    'a lock on a device that is in quarantine',
    {
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet({}, namedDevice('d1', { standing: 'quarantined' })),
    },
    ['failure 42'],
    null,
  ],
  [
    'too few locks for the rule',
    {
      base: { firmware: [old], release: 41, verification: { devices: 2 } },
      merged: {
        firmware: both,
        release: 42,
        locks: { bench: lock42 },
        verification: { devices: 2 },
      },
      live: fleet(),
    },
    ['failure 42'],
    /0 of 2/,
  ],
  [
    'half of the devices merged, half of them in the change',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 }, verification: { devices: 2 } },
      merged: {
        firmware: both,
        release: 42,
        locks: { bench: lock42, more: { version: 42, devices: ['d2'] } },
        verification: { devices: 2 },
      },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    ['neutral 42'],
    null,
  ],
  [
    'a lock on a device that may not verify',
    {
      base: { firmware: [old], release: 41, ...group },
      merged: {
        firmware: both,
        release: 42,
        locks: { bench: { version: 42, devices: ['d2'] } },
        ...group,
      },
      live: fleet(),
    },
    ['failure 42'],
    /group bench/,
  ],
  [
    'a bench that the change brings itself',
    {
      base: {
        firmware: [old],
        release: 41,
        groups: { bench: [] },
        verification: { group: 'bench' },
      },
      merged: { firmware: both, release: 42, locks: { bench: lock42 }, ...group },
      live: fleet(),
    },
    ['neutral 42'],
    null,
  ],
  [
    'a rule that the change loosens for its own release',
    {
      base: { firmware: both, release: 41, verification: { devices: 2 } },
      merged: { firmware: both, release: 42, verification: { devices: 1 } },
      live: fleet({ evidence: [evidence('d1', 42)], firmware: [finished41, remembered(42)] }),
    },
    ['failure 42'],
    /1 of 2.*loosens that rule.*a pull request of its own/,
  ],
  [
    'a rule that the change tightens',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both, release: 42, verification: { devices: 2 } },
      live: fleet({ evidence: [evidence('d1', 42)], firmware: [finished41, remembered(42)] }),
    },
    ['failure 42'],
    /1 of 2/,
  ],
  [
    'a rule that the change loosens, though its own lock would meet it',
    {
      base: { firmware: both, release: 41, verification: { devices: 2 } },
      merged: {
        firmware: both,
        release: 42,
        locks: { more: { version: 42, devices: ['d2'] } },
        verification: { devices: 1 },
      },
      live: fleet({ evidence: [evidence('d1', 42)], firmware: [finished41, remembered(42)] }),
    },
    ['failure 42'],
    /1 of 2.*loosens that rule/,
  ],
  [
    'a group to verify that there is not',
    {
      base: { firmware: both, release: 41, verification: { group: 'bench' } },
      merged: { firmware: both, release: 42, verification: { group: 'bench' } },
      live: fleet({ evidence: [evidence('d1', 42)], firmware: [finished41, remembered(42)] }),
    },
    ['failure 42'],
    /0 of 1 device of group bench/,
  ],
  [
    'a lock on the whole group that verifies',
    {
      base: { firmware: [old], release: 41, ...group },
      merged: {
        firmware: both,
        release: 42,
        locks: { bench: { version: 42, group: 'bench' } },
        ...group,
      },
      live: fleet(),
    },
    ['neutral 42'],
    /On the way: d1/,
  ],
  [
    'a device that has verified, and is unlocked for another one to do so too',
    {
      base: { firmware: both, release: 41, locks: { bench: lock42 }, verification: { devices: 2 } },
      merged: {
        firmware: both,
        release: 42,
        locks: { more: { version: 42, devices: ['d2'] } },
        verification: { devices: 2 },
      },
      live: fleet(
        { evidence: [evidence('d1', 42)], firmware: [finished41, remembered(42)] },
        onLock,
      ),
    },
    ['neutral 42'],
    /1 of 2 devices.*On the way: d2/,
  ],
  [
    'withdrawn firmware, however well verified',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: [old, { version: 42, withdrawn: true }], release: 42 },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['failure 42'],
    /withdrawn/,
  ],
  [
    'firmware whose digest is not the remembered one',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: [old, { version: 42, sha256: 'b'.repeat(64) }], release: 42 },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['failure 42'],
    /cannot be judged: Version 42 is remembered with SHA-256/,
  ],
  [
    'firmware whose manifest was refused, while an older one of it is in force',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: [old], release: 42 },
      mergedSnapshot: { refused: ['Firmware/thermostat/thermostat-42'] },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['failure 42'],
    /Firmware\/thermostat-42 is refused/,
  ],
  [
    'a version without a manifest',
    {
      base: { firmware: [old], release: 41 },
      merged: { firmware: [old], release: 42 },
      live: fleet(),
    },
    ['failure 42'],
    /No Firmware manifest/,
  ],
  [
    'a binary that could not be fetched',
    {
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      context: { unavailable: new Map([['thermostat', new Map([[42, 'The host is unknown.']])]]) },
      live: fleet(),
    },
    ['failure 42'],
    /The host is unknown/,
  ],
  [
    'a release manifest that was refused',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both },
      mergedSnapshot: { refused: ['Release/thermostat/thermostat'] },
      live: fleet(),
    },
    ['failure ?'],
    /Release\/thermostat of thermostat cannot be judged/,
  ],
  [
    'one that is refused without the change too',
    {
      base: { firmware: both },
      inForce: { firmware: both, release: 41 },
      merged: { firmware: both },
      baseSnapshot: { refused: ['Release/thermostat/thermostat'] },
      mergedSnapshot: { refused: ['Release/thermostat/thermostat'] },
      live: fleet(),
    },
    [],
    null,
  ],
  [
    'a product that the change freezes',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both, release: 41 },
      mergedSnapshot: { frozen: ['thermostat'] },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['failure ?'],
    /frozen/,
  ],
  [
    'a verified release in a revision that freezes everything',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both, release: 42 },
      mergedSnapshot: { frozen: 'all' },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['failure 42'],
    /frozen/,
  ],
  [
    'a fleet that cannot be read',
    {
      base: { firmware: both, release: 41 },
      merged: { firmware: both, release: 42 },
      live: null,
    },
    ['failure 42'],
    /fleet could not be read/,
  ],
  [
    'a rollback to what once finished',
    {
      base: { firmware: both, release: 42 },
      merged: { firmware: both, release: 41 },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['success 41'],
    /has gone through a release before/,
  ],
  [
    'a release under way that the change leaves alone',
    {
      base: { firmware: both, release: 42 },
      merged: { firmware: both, release: 42, groups: { more: ['d1'] } },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    [],
    null,
  ],
  [
    'a release that the base alone would not start, since an older guardrail binds it',
    {
      inForce: { firmware: both, release: 41, guardrails: { maxAffected: 25 } },
      base: { firmware: both, release: 42, guardrails: { maxAffected: 100 } },
      merged: {
        firmware: both,
        release: 42,
        guardrails: { maxAffected: 100 },
        groups: { more: ['d1'] },
      },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['success 42'],
    null,
  ],
  [
    'a release that waits for its lock, and is left alone',
    {
      inForce: { firmware: both, release: 41, locks: { bench: lock42 } },
      base: { firmware: both, release: 42, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42, locks: { bench: lock42 }, groups: { more: ['d1'] } },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    [],
    null,
  ],
  [
    'a release that waits for the lock that the change removes',
    {
      inForce: { firmware: both, release: 41, locks: { bench: lock42 } },
      base: { firmware: both, release: 42, locks: { bench: lock42 } },
      merged: { firmware: both, release: 42 },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    },
    ['failure 42'],
    /taken away/,
  ],
  [
    'a release that waits for a soak that the change ends',
    {
      inForce: { firmware: both, release: 41, locks: { bench: lock42 }, ...soak },
      base: { firmware: both, release: 42, locks: { bench: lock42 }, ...soak },
      merged: { firmware: both, release: 42, ...soak },
      live: fleet(soaking, onLock),
    },
    ['failure 42'],
    /taken away/,
  ],
  [
    'a release that nothing leads to on the base either',
    {
      inForce: { firmware: both, release: 41 },
      base: { firmware: both, release: 42 },
      merged: { firmware: both, release: 42, groups: { more: ['d1'] } },
      live: fleet({ firmware: [finished41, remembered(42)] }),
    },
    [],
    null,
  ],
  [
    'an unverified one that a guardrail would refuse once it is verified',
    {
      base: { firmware: [old], release: 41, guardrails: { maxAffected: 25 } },
      merged: {
        firmware: both,
        release: 42,
        locks: { bench: lock42 },
        guardrails: { maxAffected: 25 },
      },
      live: fleet(),
    },
    ['failure 42'],
    /Once it is verified: .*maxAffected allows 25%/,
  ],
  [
    'a verified one that a guardrail refuses: that is the matter of the plan',
    {
      base: { firmware: both, release: 41, guardrails: { maxAffected: 25 } },
      merged: { firmware: both, release: 42, guardrails: { maxAffected: 100 } },
      live: fleet({ firmware: [finished41, verified42] }),
    },
    ['success 42'],
    null,
  ],
  [
    'a release of a group, beside one of the product that stays',
    {
      base: { firmware: both, release: 41, groups: { beta: ['d2'] } },
      merged: {
        firmware: both,
        release: 41,
        groups: { beta: ['d2'] },
        groupReleases: { beta: 42 },
        locks: { bench: lock42 },
      },
      live: fleet({ firmware: [finished41, remembered(42)] }),
    },
    ['neutral 42 beta'],
    null,
  ],
];

describe('the gate of a change', () => {
  it.each(STORIES)('judges %s', (_, words, verdicts, says) => {
    const found = review(words);
    expect(verdictsOf(found)).toEqual(verdicts);
    const [first] = found.releases;
    expect(`${first?.message} ${first?.remedy}`).toMatch(says ?? /./);
    expect(found.gate).toBe(verdicts[0]?.split(' ')[0] ?? 'success');
  });

  it('tells how a release would go also where a person has to adopt the product first', () => {
    const [report] = review({
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet({ adopted: false }),
    }).releases;
    expect(report?.forecast?.version).toBe(42);
  });

  it('names the line of the version', () => {
    const { releases } = review({
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42 },
      live: fleet(),
    });
    expect(releases[0]).toMatchObject({
      manifest: 'Release/thermostat',
      place: { file: 'release-thermostat.yaml', line: 7, column: 12 },
    });
  });

  it('is as good as the worst of its releases', () => {
    const found = review({
      base: { firmware: both, groups: { beta: ['d2'] } },
      merged: {
        firmware: [...both, { version: 43 }],
        release: 42,
        groups: { beta: ['d2'] },
        groupReleases: { beta: 43 },
      },
      live: fleet({ firmware: [finished41, verified42] }),
    });
    expect(verdictsOf(found).toSorted()).toEqual(['failure 43 beta', 'success 42']);
    expect(found.gate).toBe('failure');
    const locks = { bench: lock42 };
    const waiting = review({
      base: { firmware: both, groups: { beta: ['d2'] }, locks },
      merged: {
        firmware: [...both, { version: 43 }],
        release: 42,
        groups: { beta: ['d2'] },
        groupReleases: { beta: 43 },
        locks: { ...locks, more: { version: 43, devices: ['d2'] } },
      },
      live: fleet(
        { firmware: [finished41, remembered(42)] },
        namedDevice('d1', { lock: carried(42, 'bench') }),
      ),
    });
    expect(verdictsOf(waiting).toSorted()).toEqual(['neutral 43 beta', 'pending 42']);
    expect(waiting.gate).toBe('pending');
  });

  it('tells how a release would go that is still to be verified', () => {
    const [report] = review({
      base: { firmware: [old], release: 41 },
      merged: { firmware: both, release: 42, locks: { bench: lock42 } },
      live: fleet(),
    }).releases;
    expect(report?.forecast).toMatchObject({ version: 42, step: 'all' });
    expect(report?.forecast?.steps[0]?.flashes).toEqual([{ version: 41, devices: 99 }]);
  });
});
