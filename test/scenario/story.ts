// The language of the stories: one command a line, told against an in-memory world; what happened comes back as lines.
//
//   commit r2 [adopt]        followed by indented lines: what the whole revision says (see `readRevision`)
//   broken r3                a revision with a file that cannot be read
//   empty r4                 a revision without any manifest
//   poll DEVICE              download DEVICE            report DEVICE VERSION [boot=N]
//   success DEVICE [words]   failure DEVICE [words]     cancelled DEVICE         refuses DEVICE
//   after 10m                stop     resume            lose-state               status

import { formatDuration, parseDuration } from '../../controller/base/duration.ts';
import type { Feedback } from '../../controller/devices/feedback.ts';
import type {
  EvidenceLevel,
  HaltSpec,
  ReleaseSpec,
  StepSpec,
} from '../../controller/model/desired.ts';
import { DIRECT_STRATEGY } from '../../controller/model/desired.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import { stateConditions } from '../../controller/releases/conditions.ts';
import type { Pass, World } from '../support/core-world.ts';
import { createWorld } from '../support/core-world.ts';
import type { PlanWords } from '../support/plan-input.ts';
import { actionsOf, desired, snapshot } from '../support/plan-input.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Creates a teller: give it commands in order, and it gives back what each led to. */
export function createTeller() {
  const world = createWorld();
  const shown = new Map<string, number>();
  let tip: Snapshot | null = null;

  /** The pass that every change wakes, told only where it did something. */
  const settle = (): readonly string[] => {
    const told = world.takeEvents().map((event) => `${event.device}: ${event.message}`);
    const { product } = world.pass();
    if (product === null) return told;
    const verified = product.newlyVerified.map((version) => `version ${version} is verified`);
    return [...told, ...verified, ...actionsOf(product).map((action) => `pass: ${action}`)];
  };

  const tellPlan = (pass: Pass): readonly string[] => {
    const told = pass.plan.errors.map(({ reason, message }) => `error ${reason}: ${message}`);
    const { product } = pass;
    if (product === null) return told;
    if (product.frozen) told.push('frozen: nothing of the product changes');
    for (const action of actionsOf(product)) told.push(action);
    for (const { reason, place, message, lifts } of product.refusals) {
      told.push(`refused ${reason} at ${place.file}:${place.line} (${lifts}): ${message}`);
    }
    for (const { reason, message } of product.warnings) told.push(`warning ${reason}: ${message}`);
    for (const { from, to, devices } of product.impact.flashes) {
      told.push(`flashes ${from ?? 'unknown'} -> ${to}: ${devices} devices`);
    }
    world.takeEvents();
    return told.length === 0 ? ['nothing to do'] : told;
  };

  const tellPoll = (id: string): readonly string[] => {
    const answer = world.poll(id);
    if (answer === null) return [`${id} gets 404`];
    const { link, askAttributes } = answer;
    if (link !== null) shown.set(id, link.actionId);
    const version = world.devices.get(id)?.action?.version;
    const parts = [
      ...(link === null ? [] : [`${link.kind} ${link.actionId} (version ${version})`]),
      ...(askAttributes ? ['a question for its attributes'] : []),
    ];
    return [`${id} gets ${parts.length === 0 ? 'nothing' : parts.join(' and ')}`, ...settle()];
  };

  const speak = (
    id: string,
    execution: Feedback['execution'],
    finished: Feedback['finished'],
    rest: readonly string[],
    about: 'feedback' | 'cancelFeedback' = 'feedback',
  ): readonly string[] => {
    const details = rest.length === 0 ? [] : [rest.join(' ')];
    const words: Feedback = { execution, finished, progress: null, code: null, details };
    const status = world[about](id, shown.get(id) ?? 0, words);
    return [...(status === 200 ? [] : [`${id} gets ${status}`]), ...settle()];
  };

  /** Tells one command; `block` are the indented lines below it. */
  const tell = (line: string, block: readonly string[]): readonly string[] => {
    const [verb = '', subject = '', ...rest] = line.split(/\s+/);
    switch (verb) {
      case 'commit':
        tip = readRevision(subject, block);
        return tellPlan(world.commit(tip, rest.includes('adopt')));
      case 'broken':
        return tellPlan(world.commit(breakRevision(tip, subject)));
      case 'empty':
        return tellPlan(world.commit(snapshot([], { revision: subject })));
      case 'poll':
        return tellPoll(subject);
      case 'download':
        return world.download(subject) ? settle() : [`${subject} is served nothing`];
      case 'report':
        world.report(subject, readAttributes(rest));
        return settle();
      case 'success':
        return speak(subject, 'closed', 'success', rest);
      case 'failure':
        return speak(subject, 'closed', 'failure', rest);
      case 'cancelled':
        return speak(subject, 'closed', 'success', rest, 'cancelFeedback');
      case 'refuses':
        return speak(subject, 'rejected', 'success', rest, 'cancelFeedback');
      case 'after':
        world.after(parseDuration(subject) ?? 0);
        return settle();
      case 'stop':
      case 'resume':
        world.setStopped(verb === 'stop');
        return settle();
      case 'lose-state':
        world.loseState();
        return tellPlan(world.pass());
      case 'status':
        return tellStatus(world, world.pass());
      default:
        throw new Error(`no such command: ${line}`);
    }
  };
  return { tell };
}

function readAttributes(words: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const [name = '', value] = word.split('=');
      return value === undefined ? ['fw_version', name] : [name, value];
    }),
  );
}

function tellStatus(world: World, { product }: Pass): readonly string[] {
  const conditions = stateConditions({
    previous: [],
    observedRevision: null,
    live: world.live(),
    plan: product,
    failure: null,
    sourceProblem: null,
    now: 0,
  });
  const devices = [...world.devices.values()]
    .filter(({ standing }) => standing !== 'expected')
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, running, lock, action, failures }) => {
      const parts = [
        `${id} runs ${running ?? 'an unknown version'}`,
        ...(lock === null ? [] : [`locked to ${lock.version}`]),
        ...(action === null ? [] : [`${action.phase} ${action.version}`]),
        ...(failures === null ? [] : [`failed ${failures.count} time(s) with ${failures.version}`]),
        ...(failures !== null && failures.retryAt === null ? ['left alone'] : []),
      ];
      return parts.join(', ');
    });
  return [
    ...conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`),
    ...devices,
    ...(product?.releases ?? []).flatMap((release) => {
      const { version, group, step, exposure, succeeded, failed, devices, waits } = release;
      // Of a release to everyone at once the devices tell enough.
      if (release.steps.length === 1) return [];
      const name = `release ${version}${group === null ? '' : ` for ${group}`}`;
      const ends = release.finishedAt === null ? waits.map(({ kind }) => kind) : ['finished'];
      return [
        `${name}: step ${step ?? '-'}, exposure ${exposure / 100}% (${devices} devices, ${succeeded} succeeded, ${failed} failed), ${ends.join(', ')}`,
      ];
    }),
    `at ${formatDuration(world.listened())}`,
  ];
}

/**
 * A revision from lines such as `firmware 41 42!`, `release 42`, `release bench 42`, `group bench a b`,
 * `lock NAME 42 a b [on-reset]`, `lock NAME 42 @bench`, `verification devices=2 soak=1h`, `fleet retries=1`,
 * `guardrails maxAffected=25`. A `!` marks withdrawn firmware, `42<41` one that needs version 41 first. What releases say
 * besides: `steps canary=10,devices=2,soak=1h,successes=2,approval all=100`, `halt failureRate=20 minAttempts=2
 * action=rollback`, `rate 2/1h`, `approved STEP…`, `attempt 2`, `paused`.
 */
function readRevision(revision: string, lines: readonly string[]): Snapshot {
  const words: Mutable<PlanWords> & { revision: string } = { revision };
  for (const line of lines) {
    const [kind, ...rest] = line.split(/\s+/);
    const settings = Object.fromEntries(rest.map((each) => each.split('=', 2)));
    if (kind === 'firmware') {
      words.firmware = rest.map((each) => {
        const [version = '', from] = each.replace('!', '').split('<');
        return {
          version: Number(version),
          withdrawn: each.endsWith('!'),
          ...(from !== undefined && { requiresFrom: Number(from) }),
        };
      });
    } else if (kind === 'release' && rest.length === 1) words.release = Number(rest[0]);
    else if (kind === 'release') {
      words.groupReleases = { ...words.groupReleases, [rest[0] ?? '']: Number(rest[1]) };
    } else if (kind === 'group') {
      words.groups = { ...words.groups, [rest[0] ?? '']: rest.slice(1) };
    } else if (kind === 'lock') words.locks = { ...words.locks, ...readLock(rest) };
    else if (kind === 'verification') words.verification = readVerification(settings);
    else if (kind === 'fleet') words.fleet = readFleet(settings);
    else if (kind === 'guardrails') {
      const numbers = Object.entries(settings).map(([name, value]) => [name, Number(value)]);
      words.guardrails = Object.fromEntries(numbers);
    } else words.rollout = readRollout(kind ?? '', rest, words.rollout ?? {});
  }
  return { ...snapshot(desired(words)), revision };
}

/** What all the releases of a revision say besides their version. */
function readRollout(
  kind: string,
  words: readonly string[],
  before: NonNullable<PlanWords['rollout']>,
): NonNullable<PlanWords['rollout']> {
  const strategy: ReleaseSpec['strategy'] = before.strategy ?? DIRECT_STRATEGY;
  const settings = Object.fromEntries(words.map((each) => each.split('=', 2)));
  switch (kind) {
    case 'steps':
      return { ...before, strategy: { ...strategy, steps: words.map(readStep) } };
    case 'halt':
      return { ...before, strategy: { ...strategy, halt: readHalt(settings) } };
    case 'rate': {
      const [flashes, per = ''] = (words[0] ?? '').split('/');
      const rate = { flashes: Number(flashes), perMs: parseDuration(per) ?? 0 };
      return { ...before, strategy: { ...strategy, rate } };
    }
    case 'approved':
      return { ...before, approved: words };
    case 'attempt':
      return { ...before, attempt: Number(words[0]) };
    case 'paused':
      return { ...before, paused: true };
    default:
      throw new Error(`no such manifest: ${kind}`);
  }
}

function readStep(text: string): StepSpec {
  const [first = '', ...rest] = text.split(',');
  const [name = '', exposure] = first.split('=');
  const settings = Object.fromEntries(rest.map((each) => each.split('=', 2)));
  return {
    name,
    exposure: Number(exposure) * 100,
    minDevices: Number(settings['devices'] ?? 1),
    soakMs: parseDuration(settings['soak'] ?? '0s') ?? 0,
    successes: Number(settings['successes'] ?? 1),
    approval: rest.includes('approval'),
  };
}

function readHalt({
  failureRate,
  minAttempts,
  action,
}: Readonly<Record<string, string>>): HaltSpec {
  const { halt } = DIRECT_STRATEGY;
  return {
    failureRate: Number(failureRate ?? halt.failureRate),
    minAttempts: Number(minAttempts ?? halt.minAttempts),
    action: action === 'rollback' ? 'rollback' : 'hold',
  };
}

function readLock([name = '', version, ...rest]: readonly string[]): NonNullable<
  PlanWords['locks']
> {
  const named = rest.filter((each) => each !== 'on-reset');
  const group = named[0]?.startsWith('@') === true ? named[0].slice(1) : null;
  return {
    [name]: {
      version: Number(version),
      flash: rest.includes('on-reset') ? 'on-reset' : 'now',
      devices: group === null ? named : null,
      group,
    },
  };
}

function readVerification(
  settings: Readonly<Record<string, string>>,
): NonNullable<PlanWords['verification']> {
  const { devices, soak, group, evidence } = settings;
  return {
    devices: Number(devices ?? 1),
    soakMs: parseDuration(soak ?? '0s') ?? 0,
    group: group ?? null,
    evidence: (evidence ?? 'reported') as EvidenceLevel,
  };
}

function readFleet(settings: Readonly<Record<string, string>>): NonNullable<PlanWords['fleet']> {
  const { retries, boot, timeout } = settings;
  return {
    ...(retries !== undefined && { retries: Number(retries) }),
    ...(boot !== undefined && { bootAttribute: boot }),
    ...(timeout !== undefined && { attemptTimeoutMs: parseDuration(timeout) ?? 0 }),
  };
}

/** The tip once more, but for one file that cannot be read: nothing of the product is there. */
function breakRevision(tip: Snapshot | null, revision: string): Snapshot {
  return {
    ...(tip ?? snapshot([])),
    revision,
    products: {},
    frozen: ['thermostat'],
    problems: [
      {
        severity: 'error',
        reason: 'InvalidManifest',
        message: 'locks.yaml cannot be read.',
        remedy: 'Mend the marked line.',
        place: { file: 'locks.yaml', line: 4, column: 3 },
        excerpt: null,
        product: 'thermostat',
      },
    ],
  };
}
