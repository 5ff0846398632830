// The target of a device under a release whose gate has closed again, as after a withdrawal that was taken back.

import { describe, expect, it } from 'vitest';

import { resolveTarget } from '../../../controller/releases/target.ts';
import { carried, desired, device, policyOf, remembered } from '../../support/plan-input.ts';

describe('a release in force of a version that is not verified any more', () => {
  const policy = policyOf(desired({ firmware: [{ version: 42 }], release: 42 }), {
    firmware: [remembered(42, { verifiedAt: null, withdrawnAt: 5 })],
  });

  it('gives its devices no target, and says what it waits for', () => {
    expect(resolveTarget(device(), policy)).toMatchObject({
      kind: 'none',
      reason: 'ReleaseUnverified',
    });
  });

  it('leaves a locked device its target: that is how the version is verified', () => {
    const locked = device({ lock: carried(42) });
    expect(resolveTarget(locked, policy)).toMatchObject({ kind: 'version', rule: 'lock' });
  });
});
