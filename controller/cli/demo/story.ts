// The story that the demo tells, on real commits, real HTTP and real firmware files. Here is its first half: a release
// that is refused because nothing is verified, the lock that verifies it, the release that starts by itself, and a device
// that is left alone. The second half, releases in steps, is in `staged-story.ts`.

import type { Failure } from '../../base/failure.ts';
import type { Result } from '../../base/result.ts';
import { ok } from '../../base/result.ts';
import type { TextStyle } from '../../reports/plain-text.ts';
import { renderWhyText } from '../../reports/why-text.ts';
import {
  BENCH_DEVICE,
  type Chapter,
  HELD_DEVICE,
  isVerified,
  printPlan,
  running,
} from './chapter.ts';
import type { Narrator } from './narrator.ts';
import type { Stage } from './stage.ts';
import { releaseBad, releaseGood, takeBack } from './staged-story.ts';
import { addFirmware, lockBench, nameReleased } from './story-manifests.ts';

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
    releaseBad,
    takeBack,
    releaseGood,
  ]) {
    const told = await chapter(stage, narrator, style);
    if (!told.ok) return told;
  }
  return ok(undefined);
}

const begin: Chapter = async (stage, narrator) => {
  const total = stage.cast.ids.length;
  narrator.step(`A fleet repo, and ${total} thermostats that run version 41`);
  narrator.tell(
    `A fleet repo is a git repository of YAML manifests: it says which firmware there is, and which device is to run what. This one is ${stage.repo.folder}.`,
  );
  narrator.tell(
    `The controller follows it. Its dashboard is at ${stage.served.address}/: open it in a browser to watch all that follows.`,
  );
  narrator.tell(stage.cast.words.arrival);
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
  await addFirmware(
    stage,
    42,
    'Fix heater drift',
    'The heater no longer overshoots by two degrees in the first hour.',
  );
  await nameReleased(repo, 42);
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
  await lockBench(stage.repo, 42);
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
  narrator.tell(`The commit that released 42 was waiting for this. ${stage.cast.words.delivery}`);
  const total = stage.cast.ids.length;
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
