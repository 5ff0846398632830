// What must hold in every history, judged from outside: from what was committed, what devices said and were told, and
// what the controller claims to be in force. None of the code under test is asked to judge itself.

import type { Desired } from '../../../controller/model/desired.ts';
import type { ActionRecord } from '../../../controller/model/device.ts';
import type { Event } from '../../../controller/model/event.ts';
import type { Setup } from './history.ts';
import { BENCH } from './manifest-edits.ts';

/** Events that name the manifest which they go back to, besides those of actions. */
const TRACED: ReadonlySet<string> = new Set(['DeviceLocked', 'ReleaseStarted', 'RollbackStarted']);

/** What a device is to run, by what is in force. */
export interface Wanted {
  readonly version: number;
  readonly by: 'lock' | 'release';
}

export interface Oracle {
  noteCommit(revision: string, manifests: ReadonlySet<string>): void;
  /** A device's word that was acknowledged. `monotonicMs` is the test's clock. */
  noteReport(device: string, text: string, monotonicMs: number): void;
  /** A binary that a device got to its last byte. */
  noteDownload(device: string, version: number, sha256: string): void;
  /** Takes up what the controller says to be in force, and checks what can be checked of it. */
  noteInForce(inForce: Desired): void;
  /** What the device is to run; null: it is to be left alone. */
  wantedOf(device: string): Wanted | null;
  /** Checks an action that was offered for the first time. */
  checkOffer(action: ActionRecord, running: string | null, stopped: boolean): void;
  checkTraces(actions: readonly ActionRecord[], events: readonly Event[]): void;
}

/** Throws, naming the invariant of the design. */
export function must(invariant: string, holds: boolean, message: string): void {
  if (!holds) throw new Error(`Invariant ${invariant} is broken: ${message}`);
}

/** Creates an oracle for one product. */
export function createOracle(setup: Setup, bench: readonly string[]): Oracle {
  const manifests = new Map<string, ReadonlySet<string>>();
  const ever = new Set<string>();
  const naming = new Map<string, { readonly text: string; readonly since: number }>();
  const given = new Map<string, Set<number>>();
  const witnesses = new Map<number, Set<string>>();
  const passed = new Set<number>();
  const digests = new Map<number, string>();
  let inForce: Desired | null = null;

  function noteReport(device: string, text: string, now: number): void {
    const known = naming.get(device);
    const since = known?.text === text ? known.since : now;
    naming.set(device, { text, since });
    const version = Number(text);
    if (now < since + setup.soakS * 1_000) return;
    if (setup.evidence === 'flashed' && given.get(device)?.has(version) !== true) return;
    if (setup.inGroup && !bench.includes(device)) return;
    const those = witnesses.get(version) ?? new Set();
    witnesses.set(version, those.add(device));
    if (those.size >= setup.verifiers) passed.add(version);
  }

  function devicesOf(spec: Desired['locks'][number]['spec']): readonly string[] {
    if (spec.group === null) return spec.devices ?? [];
    return inForce?.groups.find(({ origin }) => origin.name === spec.group)?.spec.devices ?? [];
  }

  function wantedOf(device: string): Wanted | null {
    const lock = inForce?.locks.find(({ spec }) => devicesOf(spec).includes(device));
    if (lock !== undefined) return { version: lock.spec.version, by: 'lock' };
    const ofGroup = inForce?.releases.find(({ spec }) => spec.group === BENCH);
    const ofAll = inForce?.releases.find(({ spec }) => spec.group === null);
    const release = ofGroup !== undefined && bench.includes(device) ? ofGroup : ofAll;
    return release === undefined ? null : { version: release.spec.version, by: 'release' };
  }

  function mustTrace(what: string, revision: string | null, manifest: string | null): void {
    const known = revision === null ? undefined : manifests.get(revision);
    must('8', known !== undefined, `${what} goes back to ${revision}, which nobody committed`);
    must(
      '8',
      manifest === null || known?.has(manifest) === true,
      `${what} goes back to ${manifest}, which ${revision} does not hold`,
    );
  }

  return {
    noteCommit(revision, held) {
      manifests.set(revision, held);
      for (const manifest of held) ever.add(manifest);
    },
    noteReport,
    noteDownload(device, version, sha256) {
      must(
        '3',
        digests.get(version) === sha256,
        `${device} got ${sha256} as version ${version}, which is ${digests.get(version)}`,
      );
      given.set(device, (given.get(device) ?? new Set()).add(version));
    },
    noteInForce(now) {
      inForce = now;
      for (const { spec, origin } of now.firmware) {
        const known = digests.get(spec.version) ?? spec.binary.sha256;
        must('3', known === spec.binary.sha256, `version ${spec.version} has another digest now`);
        digests.set(spec.version, known);
        if (!spec.retiring)
          mustTrace('firmware in force', origin.revision, `Firmware/${origin.name}`);
        if (spec.withdrawn === null) continue;
        witnesses.delete(spec.version);
        passed.delete(spec.version);
      }
      for (const { origin } of now.locks) {
        mustTrace('a lock in force', origin.revision, `DeviceLock/${origin.name}`);
      }
      for (const { origin } of now.releases) {
        mustTrace('a release in force', origin.revision, `Release/${origin.name}`);
      }
    },
    wantedOf,
    checkOffer({ device, version, sha256 }, running, stopped) {
      const wanted = wantedOf(device);
      const what = `${device}, which runs ${running}, was offered ${version}`;
      must(
        '1',
        wanted?.by !== 'lock' || wanted.version === version,
        `${what}, locked to ${wanted?.version}`,
      );
      must('2', wanted?.by === 'lock' || passed.has(version), `${what}, which is not verified`);
      must(
        '9',
        wanted?.version === version,
        `${what}, while its manifests name ${wanted?.version}`,
      );
      must('3', digests.get(version) === sha256, `${what} under another digest`);
      const firmware = inForce?.firmware.find(({ spec }) => spec.version === version);
      must('2', firmware?.spec.withdrawn === null, `${what}, which is withdrawn`);
      must('2', !stopped, `${what} under the emergency stop`);
      must('9', running !== String(version), `${what} again`);
    },
    checkTraces(actions, events) {
      for (const action of actions) {
        mustTrace(`action ${action.id}`, action.revision, action.manifest);
      }
      for (const { type, device, revision, manifest } of events) {
        const what = `${type} of ${device ?? 'the product'}`;
        if (type === 'DeviceUnlocked') {
          must('8', ever.has(manifest ?? ''), `${what} goes back to ${manifest}`);
          mustTrace(what, revision, null);
        } else if (TRACED.has(type)) {
          mustTrace(what, revision, manifest);
        } else if (type === 'RevisionInForce') mustTrace(what, revision, null);
      }
    },
  };
}
