// The story that the demo tells, on real commits, real HTTP and real firmware files: a release that is refused because
// nothing is verified, the lock that verifies it, the release that starts by itself, a device that is left alone, and a
// rollback by `git revert`.

import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { ProductView } from '../../reconciler/controller.ts';
import type { TextStyle } from '../../reports/plain-text.ts';
import { renderPlanText } from '../../reports/plan-text.ts';
import { renderWhyText } from '../../reports/why-text.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';

/** The bench device that verifies, and the device that is held on purpose; both are in the example's manifests. */
export const BENCH_DEVICE = 'e00fce680000000000000001';
export const HELD_DEVICE = 'e00fce680000000000000009';

/** Tells the whole story. Ends with the fleet converged; a failure says what did not happen. */
export async function tellStory(
  stage: Stage,
  narrator: Narrator,
  style: TextStyle,
): Promise<Result<void, Failure>> {
  for (const chapter of [
    begin,
    releaseUnverified,
    verify,
    watchRelease,
    leaveAlone,
    unlock,
    rollBack,
  ]) {
    const told = await chapter(stage, narrator, style);
    if (!told.ok) return told;
  }
  return ok(undefined);
}

type Chapter = (
  stage: Stage,
  narrator: Narrator,
  style: TextStyle,
) => Promise<Result<void, Failure>>;

const begin: Chapter = async (stage, narrator) => {
  const total = stage.fleet.ids.length;
  narrator.step(`A fleet repo, and ${total} thermostats that run version 41`);
  narrator.tell(
    `A fleet repo is a git repository of YAML manifests: it says which firmware there is, and which device is to run what. This one is ${stage.repo.folder}.`,
  );
  narrator.tell(
    `The controller follows it, and serves devices at ${stage.served.address}. Here come the devices, simulated, each with HTTP requests of its own:`,
  );
  const registered = await stage.until(
    'the devices to register',
    null,
    (view) => running(view, 41) === total,
  );
  if (!registered.ok) return registered;
  narrator.result(
    `All ${total} devices have registered and say that they run 41, which is the released version.`,
  );
  return ok(undefined);
};

const releaseUnverified: Chapter = async (stage, narrator, style) => {
  narrator.step('Somebody releases version 42');
  narrator.tell(
    'The commit adds the manifest of version 42 and names it in release.yaml. The plan says what that would do:',
  );
  const { repo } = stage;
  await repo.write('firmware-42.yaml', firmware42(await repo.digest('firmware/42.bin')));
  await repo.write(
    'release.yaml',
    (await repo.read('release.yaml')).replace('version: 41', 'version: 42'),
  );
  narrator.command('git commit -m "Release 42: fix heater drift"');
  const commit = await repo.commit('Release 42: fix heater drift');
  narrator.command('lockstep plan');
  const planned = await printPlan(stage, narrator, style);
  if (!planned.ok) return planned;
  const inForce = await stage.untilRevision(commit);
  if (!inForce.ok) return inForce;
  narrator.result(
    'Refused: no device has verified 42. Release 41 stays in force, and nothing was flashed.',
  );
  return ok(undefined);
};

const verify: Chapter = async (stage, narrator, style) => {
  narrator.step('A bench device is locked to 42 and flashed now');
  narrator.tell(
    'A release waits until a device of the group `bench` has run the version. A lock brings it there:',
  );
  await stage.repo.write('lock-bench.yaml', benchLock());
  narrator.command('git commit -m "Verify 42 on the bench"');
  await stage.repo.commit('Verify 42 on the bench');
  narrator.command('lockstep plan');
  const planned = await printPlan(stage, narrator, style);
  if (!planned.ok) return planned;
  const verified = await stage.until(
    'the bench device to verify 42',
    { version: '42', devices: 1 },
    (view) => isVerified(view, 42),
  );
  if (!verified.ok) return verified;
  narrator.result(`${BENCH_DEVICE} was flashed, has rebooted and names version 42: verified.`);
  return ok(undefined);
};

const watchRelease: Chapter = async (stage, narrator) => {
  narrator.step('The release starts by itself');
  narrator.tell(
    'The commit that released 42 was waiting for this. Every other device gets it at its next poll.',
  );
  const total = stage.fleet.ids.length;
  const done = await stage.until(
    'the fleet to run 42',
    { version: '42', devices: total - 1 },
    (view) => running(view, 42) === total - 1,
  );
  if (!done.ok) return done;
  narrator.result(`${total - 1} of ${total} devices run 42.`);
  return ok(undefined);
};

const leaveAlone: Chapter = async (stage, narrator, style) => {
  narrator.step('One device was left alone, on purpose');
  narrator.tell('A lock in locks.yaml holds it on 41. Lockstep can say so of any device:');
  narrator.command(`lockstep why ${HELD_DEVICE}`);
  narrator.output(renderWhyText(await stage.why(HELD_DEVICE), Date.now(), style));
  narrator.result(
    'A locked device gets its locked version and nothing else: no release touches it.',
  );
  return ok(undefined);
};

const unlock: Chapter = async (stage, narrator, style) => {
  narrator.step('The locks are removed');
  narrator.tell('Without a lock a device follows the release:');
  await stage.repo.remove('locks.yaml');
  await stage.repo.remove('lock-bench.yaml');
  narrator.command(
    'git rm locks.yaml lock-bench.yaml && git commit -m "Unlock the lobby and the bench"',
  );
  await stage.repo.commit('Unlock the lobby and the bench');
  narrator.command('lockstep plan');
  const planned = await printPlan(stage, narrator, style);
  if (!planned.ok) return planned;
  const total = stage.fleet.ids.length;
  const done = await stage.until(
    'the unlocked device to follow',
    { version: '42', devices: total },
    (view) => running(view, 42) === total,
  );
  if (!done.ok) return done;
  narrator.result(`All ${total} devices run 42.`);
  return ok(undefined);
};

const rollBack: Chapter = async (stage, narrator, style) => {
  narrator.step('42 turns out to be bad: git revert is the rollback');
  narrator.tell(
    '41 has been released here before, so it needs no verification and goes to all at once:',
  );
  // HEAD~2 is the commit that released 42; it also brought the firmware's manifest, which the revert takes away again.
  narrator.command('git revert HEAD~2');
  const commit = await stage.repo.revert('HEAD~2');
  narrator.command('lockstep plan');
  const planned = await printPlan(stage, narrator, style);
  if (!planned.ok) return planned;
  const total = stage.fleet.ids.length;
  const done = await stage.until(
    'the fleet to be back on 41',
    { version: '41', devices: total },
    (view) => running(view, 41) === total,
  );
  if (!done.ok) return done;
  narrator.result(`Commit ${commit.slice(0, 7)} is in force: all ${total} devices are back on 41.`);
  return ok(undefined);
};

async function printPlan(
  stage: Stage,
  narrator: Narrator,
  style: TextStyle,
): Promise<Result<void, Failure>> {
  const plan = await stage.plan();
  if (!plan.ok) return plan;
  narrator.output(renderPlanText(plan.value, style));
  return ok(undefined);
}

/** Devices that have named a version, locked or not. */
export function running(view: ProductView, version: number): number {
  return [...(view.live?.unlocked ?? []), ...(view.live?.locked ?? [])]
    .filter((count) => count.version === version)
    .reduce((sum, count) => sum + count.devices, 0);
}

function isVerified(view: ProductView, version: number): boolean {
  return (
    view.live?.firmware.some(
      (record) => record.version === version && record.verifiedAt !== null,
    ) ?? false
  );
}

function firmware42(sha256: string): string {
  return `apiVersion: lockstep/v1
kind: Firmware
metadata:
  name: thermostat-42
spec:
  product: thermostat
  version: 42
  title: Fix heater drift
  description: The heater no longer overshoots by two degrees in the first hour.
  binary:
    path: firmware/42.bin
    sha256: ${sha256}
`;
}

function benchLock(): string {
  return `apiVersion: lockstep/v1
kind: DeviceLock
metadata:
  name: bench-on-42
spec:
  product: thermostat
  devices: [${BENCH_DEVICE}]
  version: 42
  flash: now
  reason: Verify 42
`;
}
