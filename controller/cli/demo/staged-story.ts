// The second half of the demo's story: a bad version that is released in steps and halts at its first devices, the revert
// that takes it back, and a good one that goes through all its steps.

import { assert } from '../../base/assert.ts';
import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { ReleasePlan } from '../../model/plan.ts';
import type { ProductView } from '../../reconciler/controller.ts';
import { renderStatusText } from '../../reports/status-text.ts';
import { type Chapter, findRelease, printPlan, running } from './chapter.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';
import { addFirmware, lockBench, nameReleased, STRATEGY } from './story-manifests.ts';

/** The version that runs on the bench, and falls back on many devices of the field. */
export const BAD_VERSION = 43;
/** The version after it, which is good. */
export const GOOD_VERSION = 44;
/** What the fleet runs before, and what it is taken back to. */
const OLD_VERSION = 42;

/** A bad version is released in steps. Ends when it has halted. */
export const releaseBad: Chapter = async (stage, narrator, style) => {
  narrator.step(`Version ${BAD_VERSION} is released in steps`);
  narrator.tell(
    'From now on the release has a strategy, and the same commit locks the bench to the new version:',
  );
  narrator.output(STRATEGY.replaceAll(/^ {2}/gm, ''));
  await addFirmware(stage, BAD_VERSION, 'Save energy at night', 'Dims the display.');
  const begun = await releaseInSteps(stage, narrator, BAD_VERSION);
  if (!begun.ok) return begun;
  const { step, devices } = begun.value;
  narrator.result(
    `It runs on the bench, so step ${step} begins: ${devices} of ${unlocked(stage)} devices. But out there ${BAD_VERSION} does not last: many devices fall back to ${OLD_VERSION}.`,
  );
  const halted = await untilRelease(stage, BAD_VERSION, 'to halt', devices, isHalted);
  if (!halted.ok) return halted;
  narrator.command('lockstep status');
  narrator.output(renderStatusText(await stage.status(), Date.now(), style));
  const reached = halted.value.devices;
  const total = unlocked(stage);
  narrator.result(
    `It halted by itself: ${BAD_VERSION} was offered to ${reached} of ${total} devices. The other ${total - reached} were not touched.`,
  );
  return ok(undefined);
};

/** A person takes the bad version back. Ends when no device runs it any more. */
export const takeBack: Chapter = async (stage, narrator, style) => {
  narrator.step(`git revert takes ${BAD_VERSION} back`);
  narrator.tell(
    `${OLD_VERSION} has been released here before: no gate and no step stands before a rollback.`,
  );
  narrator.command('git revert HEAD');
  const commit = await stage.repo.revert('HEAD');
  narrator.command('lockstep plan');
  const planned = await printPlan(stage, narrator, style);
  if (!planned.ok) return planned;
  const back = stage.cast.ids.length - 1;
  const done = await stage.until(
    `the fleet to be back on ${OLD_VERSION}`,
    { version: String(OLD_VERSION), devices: back },
    (view) => running(view, OLD_VERSION) === back && view.revision === commit,
  );
  if (!done.ok) return done;
  narrator.result(
    `Commit ${commit.slice(0, 7)} is in force: no device runs ${BAD_VERSION} any more, ${back} run ${OLD_VERSION}.`,
  );
  return ok(undefined);
};

/** A good version goes through its steps. Ends when the release is finished and every device runs it. */
export const releaseGood: Chapter = async (stage, narrator) => {
  narrator.step(`Version ${GOOD_VERSION}, mended, goes through its steps`);
  narrator.tell('The same strategy, and nobody has to do anything:');
  await addFirmware(stage, GOOD_VERSION, 'Save energy at night, mended', 'Dims the display.');
  let reached = await releaseInSteps(stage, narrator, GOOD_VERSION);
  if (!reached.ok) return reached;
  const total = unlocked(stage);
  let told: string | null = null;
  for (;;) {
    const { step, devices, finishedAt } = reached.value;
    if (step !== told) narrator.tell(`Step ${step}: ${devices} of ${total} devices.`);
    told = step;
    if (finishedAt !== null) break;
    reached = await untilRelease(
      stage,
      GOOD_VERSION,
      `to go on from step ${step}`,
      devices,
      (release) => release.step !== step || release.finishedAt !== null,
    );
    if (!reached.ok) return reached;
  }
  const done = await stage.until(
    `the fleet to run ${GOOD_VERSION}`,
    { version: String(GOOD_VERSION), devices: total + 1 },
    (view) => running(view, GOOD_VERSION) === total + 1,
  );
  if (!done.ok) return done;
  narrator.result(`The release is finished, and ${total + 1} devices run ${GOOD_VERSION}.`);
  return ok(undefined);
};

/** Commits a release in steps with the bench's lock, and waits for its first step. Returns how it stands then. */
async function releaseInSteps(
  stage: Stage,
  narrator: Narrator,
  version: number,
): Promise<Result<ReleasePlan, Failure>> {
  await lockBench(stage.repo, version);
  await nameReleased(stage.repo, version, STRATEGY);
  narrator.command(`git commit -m "Release ${version} in steps"`);
  await stage.repo.commit(`Release ${version} in steps`);
  const planned = await stage.plan();
  if (!planned.ok) return planned;
  return untilRelease(stage, version, 'to begin', 0, ({ step }) => step !== null);
}

/**
 * Waits until the release of a version stands as described, and returns how. `devices`: that it reaches meanwhile, the
 * bench not counted.
 */
async function untilRelease(
  stage: Stage,
  version: number,
  what: string,
  devices: number,
  holds: (release: ReleasePlan) => boolean,
): Promise<Result<ReleasePlan, Failure>> {
  const find = (view: ProductView | null): ReleasePlan | null => {
    const release = findRelease(view, version);
    return release !== null && holds(release) ? release : null;
  };
  const done = await stage.until(
    `the release of ${version} ${what}`,
    { version: String(version), devices: devices + 1 },
    (view) => find(view) !== null,
  );
  if (!done.ok) return done;
  const found = find(stage.view());
  assert(found !== null, 'the view does not change between two looks without a pause');
  return ok(found);
}

function isHalted({ waits }: ReleasePlan): boolean {
  return waits.some(({ kind }) => kind === 'halted');
}

/** Devices that a release may reach: all but the bench and the one that is held. */
function unlocked(stage: Stage): number {
  return (stage.view()?.live?.unlocked ?? []).reduce((sum, { devices }) => sum + devices, 0);
}
