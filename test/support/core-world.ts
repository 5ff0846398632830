// One product, its fleet and its controller in memory, driven by the real core alone: plans, gates, policy, contacts.
// No file, no socket, no clock. What a store and a gateway do between the pure steps is done here in the plainest way.

import { admitDevice, reviewQuarantine } from '../../controller/devices/admission.ts';
import type { Decision } from '../../controller/devices/decision.ts';
import { awaken, DORMANT_AFTER_MS, makeDormant } from '../../controller/devices/dormancy.ts';
import { expireAttempt } from '../../controller/devices/expire.ts';
import type { Feedback, FeedbackAnswer } from '../../controller/devices/feedback.ts';
import {
  takeCancelFeedback,
  takeDelivery,
  takeFeedback,
  takeFetch,
} from '../../controller/devices/feedback.ts';
import { isOnline } from '../../controller/devices/listening.ts';
import { compilePolicy } from '../../controller/devices/policy.ts';
import type { PollAnswer } from '../../controller/devices/poll.ts';
import { answerPoll } from '../../controller/devices/poll.ts';
import { attributeReport, takeReport } from '../../controller/devices/report.ts';
import { downloadableFirmware } from '../../controller/devices/serving.ts';
import { censusPlace, tallyKeys } from '../../controller/devices/tally.ts';
import type { Desired } from '../../controller/model/desired.ts';
import { emptyDesired } from '../../controller/model/desired.ts';
import type {
  ActionRecord,
  DeviceRecord,
  EvidenceRecord,
  Moment,
} from '../../controller/model/device.ts';
import { expectedDevice } from '../../controller/model/device.ts';
import type { EventDraft } from '../../controller/model/event.ts';
import type { BinaryFacts, FirmwareRecord } from '../../controller/model/firmware.ts';
import type { LiveState, VersionCount } from '../../controller/model/live.ts';
import type { Action, Plan, ProductPlan } from '../../controller/model/plan.ts';
import type { PolicyRelease, ProductPolicy } from '../../controller/model/policy.ts';
import type { Snapshot } from '../../controller/model/revision.ts';
import type { PlanInput } from '../../controller/plan/build-plan.ts';
import { buildPlan } from '../../controller/plan/build-plan.ts';
import { namedDevices } from '../../controller/plan/named-devices.ts';
import { rememberFirmware } from '../../controller/reconciler/remember-firmware.ts';
import { takeToken } from '../../controller/releases/rate.ts';
import { buildCensus } from './census.ts';
import { PRODUCT, snapshot, TODAY } from './plan-input.ts';

const START = Date.UTC(2026, 10, 22, 12);

export type World = ReturnType<typeof createWorld>;

/** What one pass of the controller did. */
export interface Pass {
  readonly input: PlanInput;
  readonly plan: Plan;
  readonly product: ProductPlan | null;
}

/** Creates a world in which nothing has happened. */
export function createWorld() {
  const devices = new Map<string, DeviceRecord>();
  const attributes = new Map<string, Readonly<Record<string, string>>>();
  const contacts = new Map<string, Moment>();
  const kept = new Map<string, ActionRecord>();
  let evidence: readonly EvidenceRecord[] = [];
  let firmware: readonly FirmwareRecord[] = [];
  let inForce: Desired = emptyDesired(PRODUCT);
  let tip: Snapshot | null = null;
  let isAdopted = false;
  let isStopped = false;
  let listened = 0;
  let nextId = 1001;
  /** The meters of the releases' rates, by round. */
  const meters = new Map<number, number>();
  let events: EventDraft[] = [];

  const moment = (): Moment => ({ at: START + listened, listened });
  const policy = (): ProductPolicy | null =>
    compilePolicy(inForce, firmware, { stopped: isStopped });

  const write = (before: DeviceRecord | null, decision: Decision): DeviceRecord => {
    const { device } = decision;
    devices.set(device.id, device === before ? device : { ...device, rev: device.rev + 1 });
    for (const action of decision.actions) kept.set(`${device.id}/${action.id}`, action);
    const isSame = (one: EvidenceRecord, other: EvidenceRecord): boolean =>
      one.device === other.device && one.version === other.version && one.sha256 === other.sha256;
    evidence = [
      ...evidence.filter(
        (each) =>
          !(decision.dropUnmetEvidence && each.device === device.id && each.passedAt === null) &&
          !decision.evidence.some((fresh) => isSame(each, fresh)),
      ),
      ...decision.evidence,
    ];
    events.push(...decision.events);
    return device;
  };

  /** A registered device, as every contact but a poll finds it; null where it has to poll first. */
  const known = (id: string): DeviceRecord | null => {
    const device = devices.get(id) ?? null;
    return device === null || device.standing === 'expected' ? null : awaken(device);
  };

  /** Rounds of releases in force that have no token left. */
  const exhausted = (rules: ProductPolicy): ReadonlySet<number> => {
    const releases = [rules.release, ...rules.groupReleases.values()];
    return new Set(
      releases.flatMap((release) => {
        if (release === null || release.rate === null) return [];
        const { ok } = takeToken(release.rate, meters.get(release.round) ?? null, moment().at);
        return ok ? [] : [release.round];
      }),
    );
  };

  const heard = (id: string): void => void contacts.set(id, moment());

  const live = (): LiveState => {
    const tallies = new Map<string, number>();
    for (const device of devices.values())
      for (const key of tallyKeys(device)) tallies.set(key, (tallies.get(key) ?? 0) + 1);
    const count = (kind: string): readonly VersionCount[] =>
      [...tallies]
        .filter(([key]) => key.startsWith(`${kind}:`))
        .map(([key, total]) => {
          const version = key.slice(kind.length + 1);
          return { version: version === '?' ? null : Number(version), devices: total };
        })
        .sort((a, b) => (a.version ?? 0) - (b.version ?? 0));
    const pollMs = inForce.config?.spec.fleet.pollIntervalMs ?? 0;
    const online = (id: string): boolean =>
      isOnline(contacts.get(id) ?? null, listened, Math.max(1, pollMs));
    const wanted = namedDevices(tip?.products[PRODUCT], inForce);
    const outcomes = new Map<number, { inFlight: number; succeeded: number; failed: number }>();
    const rounds = new Map<number, { inFlight: number; failed: number }>();
    for (const [key, total] of tallies) {
      const [kind, version, number, state] = key.split(':');
      if (kind !== 'outcome') continue;
      const each = outcomes.get(Number(version)) ?? { inFlight: 0, succeeded: 0, failed: 0 };
      if (state === 'inFlight' || state === 'succeeded' || state === 'failed') each[state] += total;
      outcomes.set(Number(version), each);
      const round = rounds.get(Number(number)) ?? { inFlight: 0, failed: 0 };
      if (state === 'inFlight' || state === 'failed') round[state] += total;
      if (round.inFlight + round.failed > 0) rounds.set(Number(number), round);
    }
    const active = [...devices.values()].filter(({ standing }) => standing === 'active');
    return {
      product: PRODUCT,
      adopted: isAdopted,
      stopped: isStopped,
      devices: active.length,
      offline: active.filter(({ id }) => !online(id)).length,
      quarantined: tallies.get('standing:quarantined') ?? 0,
      unlocked: count('unlocked'),
      locked: count('locked'),
      outcomes: [...outcomes]
        .map(([version, each]) => ({ version, ...each }))
        .sort((a, b) => a.version - b.version),
      rounds: [...rounds]
        .map(([round, each]) => ({ round, ...each }))
        .sort((a, b) => a.round - b.round),
      census: buildCensus([...devices.values()].flatMap((device) => censusPlace(device) ?? [])),
      listened,
      listening: true,
      named: new Map(
        [...devices.values()]
          .filter(({ id, lock }) => wanted.has(id) || lock !== null)
          .map((device) => [
            device.id,
            {
              id: device.id,
              standing: device.standing,
              running: device.running,
              online: online(device.id),
              lock: device.lock,
              failing: device.failures !== null,
              actionVersion: device.action?.version ?? null,
              traits: device.traits,
              dormant: device.dormant,
            },
          ]),
      ),
      firmware,
      evidence,
    };
  };

  const execute = (action: Action): void => {
    if (action.type === 'LockDevice') {
      const device = devices.get(action.device) ?? expectedDevice(PRODUCT, action.device);
      const { version, flash } = action;
      devices.set(action.device, {
        ...device,
        lock: {
          version,
          flash,
          armed: flash === 'now',
          manifest: action.trace.manifest.replace('DeviceLock/', ''),
          revision: action.trace.revision,
          since: moment().at,
        },
      });
    } else if (action.type === 'UnlockDevice') {
      const device = devices.get(action.device);
      if (device !== undefined) devices.set(action.device, { ...device, lock: null });
    }
  };

  /** Observe, plan, carry out, record; as often as it is called, the same. */
  const pass = (adopt = false, sourceProblems: PlanInput['sourceProblems'] = []): Pass => {
    const seen = live();
    const input: PlanInput = {
      snapshot: tip ?? snapshot([]),
      inForce: new Map(inForce.config === null ? [] : [[PRODUCT, inForce]]),
      live: new Map([[PRODUCT, seen]]),
      context: { now: moment().at, today: TODAY, adopt, unavailable: new Map() },
      sourceProblems: sourceProblems ?? [],
    };
    const { plan, next } = buildPlan(input);
    const product = plan.products[0] ?? null;
    const state = next.get(PRODUCT);
    if (product === null || state === undefined) return { input, plan, product };
    for (const action of product.actions) execute(action);
    const changed = rememberFirmware(product, state, seen, factsOf(product), moment().at);
    const versions = new Set(changed.map(({ version }) => version));
    firmware = [...firmware.filter(({ version }) => !versions.has(version)), ...changed].sort(
      (a, b) => a.version - b.version,
    );
    const voided = new Set(
      product.actions.flatMap((each) => (each.type === 'WithdrawFirmware' ? [each.version] : [])),
    );
    evidence = evidence.filter(({ version }) => !voided.has(version));
    inForce = state;
    isAdopted ||= adopt;
    return { input, plan, product };
  };

  /** Takes a token of the release's rate, where an offer needs one. */
  const spend = (release: PolicyRelease | null): void => {
    if (release === null || release.rate === null) return;
    const taken = takeToken(release.rate, meters.get(release.round) ?? null, moment().at);
    if (!taken.ok) throw new Error('a device was offered what the rate does not allow');
    meters.set(release.round, taken.fullAt);
  };

  const settle = (answer: FeedbackAnswer, id: string): number => {
    if (answer.decision !== null) write(devices.get(id) ?? null, answer.decision);
    heard(id);
    return answer.status;
  };

  return {
    devices: devices as ReadonlyMap<string, DeviceRecord>,
    kept: kept as ReadonlyMap<string, ActionRecord>,
    inForce: () => inForce,
    firmware: () => firmware,
    evidence: () => evidence,
    listened: () => listened,
    live,
    policy,
    pass,
    /** The events since the last call. */
    takeEvents(): readonly EventDraft[] {
      const taken = events;
      events = [];
      return taken;
    },
    /** A new tip of the source, and the pass that it wakes. */
    commit(next: Snapshot, adopt = false, sourceProblems: PlanInput['sourceProblems'] = []): Pass {
      tip = next;
      return pass(adopt, sourceProblems);
    },
    setStopped: (stopped: boolean): void => void (isStopped = stopped),
    /** The state file is gone: a new state knows nothing. The source is still there. */
    loseState(): void {
      devices.clear();
      attributes.clear();
      contacts.clear();
      kept.clear();
      meters.clear();
      [evidence, firmware, inForce] = [[], [], emptyDesired(PRODUCT)];
      [isAdopted, isStopped, nextId] = [false, false, 5001];
    },
    /** A poll; null where nothing of the product is in force, which is answered with 404. */
    poll(id: string): PollAnswer | null {
      const rules = policy();
      if (rules === null) return null;
      const before = devices.get(id) ?? null;
      let device = known(id);
      if (device === null) device = write(before, admitDevice(before, id, [], rules, moment()));
      const review = reviewQuarantine(device, rules, moment());
      if (review !== null) device = write(device, review);
      const decision = answerPoll({
        device,
        lastContact: contacts.get(id) ?? null,
        policy: rules,
        moment: moment(),
        freshActionId: nextId,
        exhausted: exhausted(rules),
      });
      if (decision.usedActionId) nextId += 1;
      spend(decision.spends);
      write(device, decision);
      heard(id);
      return decision.answer;
    },
    /** Reads the deployment and the whole binary of the open action; false where it is not served. */
    download(id: string): boolean {
      const device = known(id);
      const rules = policy();
      if (device === null || rules === null || device.action === null) return false;
      const { version } = device.action;
      const served = downloadableFirmware(device, version, rules, moment());
      if (served === null) return false;
      const fetched = takeFetch(device, device.action.id, moment());
      const after = fetched === null ? device : write(device, fetched);
      devices.set(id, takeDelivery(after, version, served.sha256));
      heard(id);
      return true;
    },
    report(id: string, sent: Readonly<Record<string, string>>): void {
      const device = known(id);
      const rules = policy();
      if (device === null || rules === null) return;
      const merged = { ...attributes.get(id), ...sent };
      attributes.set(id, merged);
      write(device, takeReport(device, attributeReport(merged, sent, rules), rules, moment()));
      heard(id);
    },
    feedback(id: string, actionId: number, words: Feedback): number {
      const device = known(id);
      const rules = policy();
      if (device === null || rules === null) return 404;
      const record = kept.get(`${id}/${actionId}`) ?? null;
      return settle(takeFeedback(device, record, words, rules, moment()), id);
    },
    cancelFeedback(id: string, actionId: number, words: Feedback): number {
      const device = known(id);
      if (device === null) return 404;
      const record = kept.get(`${id}/${actionId}`) ?? null;
      return settle(takeCancelFeedback(device, record, words, moment()), id);
    },
    /** Listening time goes on; overdue attempts end, and who was silent for long is dormant. */
    after(ms: number): void {
      listened += ms;
      for (const device of devices.values()) {
        const silentMs = listened - (contacts.get(device.id)?.listened ?? 0);
        const asleep = silentMs < DORMANT_AFTER_MS ? null : makeDormant(device);
        if (asleep !== null) devices.set(device.id, asleep);
      }
      const rules = policy();
      if (rules === null) return;
      for (const device of devices.values()) {
        const expired = expireAttempt(device, rules, moment());
        if (expired !== null) write(device, expired);
      }
    },
  };
}

/** The facts of all binaries that a plan uploads: in this world every binary is at hand. */
function factsOf(plan: ProductPlan): ReadonlyMap<string, BinaryFacts> {
  return new Map(
    plan.actions.flatMap((action) =>
      action.type === 'UploadFirmware'
        ? [
            [
              action.sha256,
              {
                size: 100,
                sha256: action.sha256,
                sha1: 'a'.repeat(40),
                md5: 'b'.repeat(32),
                compiled: null,
                defect: null,
                lfsPointer: false,
              },
            ] as const,
          ]
        : [],
    ),
  );
}
