// The metrics of products: their devices, releases, gates and traffic. What manifests name is let in up to a bound, so that
// no fleet repo can make more series than a Prometheus server takes.

import type { Registry } from 'prom-client';

import type { ConditionType } from '../model/condition.ts';
import type { LiveState } from '../model/live.ts';
import type { ReleasePlan } from '../model/plan.ts';
import { BUCKETS } from '../model/rollout.ts';
import type { ProductView } from '../reconciler/controller.ts';
import { createInstruments } from './instruments.ts';
import type { ServerPorts } from './ports.ts';

/** Products that are shown, in the order of their names. */
export const PRODUCTS_MAX = 200;

/** Versions of a product that are shown each for itself: those with most devices. The others are `other`. */
export const VERSIONS_MAX = 50;

/** Releases of a product that are shown: its own, and those of groups in the order of their names. */
export const RELEASES_MAX = 50;

const CONDITIONS: readonly ConditionType[] = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Drifted',
  'Suspended',
];

interface Ports {
  readonly controller: Pick<ServerPorts['controller'], 'view'>;
  readonly gateway: Pick<ServerPorts['gateway'], 'trafficOf'>;
}

/** Adds them. The result sets them anew. */
export function addProductMetrics(registry: Registry, { controller, gateway }: Ports): () => void {
  const { gauge } = createInstruments(registry);
  const known = gauge(
    'lockstep_products',
    `Products that are known; the first ${PRODUCTS_MAX} by name have metrics of their own.`,
  );
  const setters = [
    addStateMetrics(registry),
    addFleetMetrics(registry),
    addReleaseMetrics(registry),
    addTrafficMetrics(registry, gateway),
  ];
  return () => {
    const { products } = controller.view();
    known.set(products.length);
    for (const { reset } of setters) reset();
    const shown = products.toSorted((a, b) => (a.product < b.product ? -1 : 1));
    for (const product of shown.slice(0, PRODUCTS_MAX)) for (const { set } of setters) set(product);
  };
}

interface Setter {
  readonly reset: () => void;
  readonly set: (product: ProductView) => void;
}

function addStateMetrics(registry: Registry): Setter {
  const { gauge } = createInstruments(registry);
  const conditions = gauge(
    'lockstep_condition',
    '1 while the condition of the product is True, by type.',
    ['product', 'type'],
  );
  const stopped = gauge('lockstep_stopped', '1 while the emergency stop is pulled.', ['product']);
  const refusals = gauge(
    'lockstep_refusals',
    'Parts of the newest revision that are refused, by reason.',
    ['product', 'reason'],
  );
  const gates = gauge(
    'lockstep_gate_verdicts',
    'Versions by what the gates say of them: passed, waiting, blocked.',
    ['product', 'verdict'],
  );
  return {
    reset() {
      for (const each of [conditions, stopped, refusals, gates]) each.reset();
    },
    set({ product, plan, stoppedAt, conditions: all }) {
      stopped.set({ product }, stoppedAt === null ? 0 : 1);
      for (const type of CONDITIONS) {
        const isTrue = all.some((each) => each.type === type && each.status === 'True');
        conditions.set({ product, type }, isTrue ? 1 : 0);
      }
      for (const { reason } of plan?.refusals ?? []) refusals.inc({ product, reason });
      if (plan === null) return;
      for (const verdict of ['passed', 'waiting', 'blocked'] as const) {
        gates.set(
          { product, verdict },
          plan.gates.filter((each) => each.verdict === verdict).length,
        );
      }
    },
  };
}

function addFleetMetrics(registry: Registry): Setter {
  const { gauge } = createInstruments(registry);
  const devices = gauge('lockstep_devices', 'Devices: online, offline, quarantined.', [
    'product',
    'state',
  ]);
  const running = gauge(
    'lockstep_devices_running',
    'Devices by running version (unknown: not named; other: not shown for itself).',
    ['product', 'version'],
  );
  const outcomes = gauge(
    'lockstep_devices_by_outcome',
    'Devices by the version that they were last meant to run, and outcome: in_flight, succeeded, failed.',
    ['product', 'version', 'outcome'],
  );
  const listening = gauge(
    'lockstep_fleet_listening',
    '0 while soaks and time-outs wait, because most of the fleet is silent or was until lately.',
    ['product'],
  );
  const calls = gauge(
    'lockstep_fleet_calls',
    'Calls to the cloud that the devices live in, of the last round: reading and changing.',
    ['product'],
  );
  const readAt = gauge(
    'lockstep_fleet_read_timestamp_seconds',
    'When the last reading of the cloud that the devices live in began.',
    ['product'],
  );
  return {
    reset() {
      for (const each of [devices, running, outcomes, listening, calls, readAt]) each.reset();
    },
    set({ product, inForce, live }) {
      if (live === null) return;
      listening.set({ product }, live.listening ? 1 : 0);
      if (live.reading !== undefined) {
        calls.set({ product }, live.reading.calls);
        readAt.set({ product }, live.reading.readAt / 1_000);
      }
      devices.set({ product, state: 'online' }, Math.max(0, live.devices - live.offline));
      devices.set({ product, state: 'offline' }, live.offline);
      devices.set({ product, state: 'quarantined' }, live.quarantined);
      const shown = shownVersions(live, new Set(inForce.firmware.map(({ spec }) => spec.version)));
      const label = (version: number | null): string =>
        version === null ? 'unknown' : shown.has(version) ? String(version) : 'other';
      for (const count of [...live.unlocked, ...live.locked]) {
        running.inc({ product, version: label(count.version) }, count.devices);
      }
      for (const { version, inFlight, succeeded, failed } of live.outcomes) {
        const labels = { product, version: label(version) };
        outcomes.inc({ ...labels, outcome: 'in_flight' }, inFlight);
        outcomes.inc({ ...labels, outcome: 'succeeded' }, succeeded);
        outcomes.inc({ ...labels, outcome: 'failed' }, failed);
      }
    },
  };
}

/** Of the versions that manifests name, those that most devices run or are meant to run; newer ones first. */
function shownVersions(live: LiveState, named: ReadonlySet<number>): ReadonlySet<number> {
  const counts = new Map<number, number>();
  const add = (version: number | null, devices: number): void => {
    if (version === null || !named.has(version)) return;
    counts.set(version, (counts.get(version) ?? 0) + devices);
  };
  for (const { version, devices } of [...live.unlocked, ...live.locked]) add(version, devices);
  for (const { version, inFlight, failed } of live.outcomes) add(version, inFlight + failed);
  const sorted = [...counts].sort(([one, a], [other, b]) => b - a || other - one);
  return new Set(sorted.slice(0, VERSIONS_MAX).map(([version]) => version));
}

function addReleaseMetrics(registry: Registry): Setter {
  const { gauge } = createInstruments(registry);
  const labelNames = ['product', 'group'] as const;
  const version = gauge(
    'lockstep_release_version',
    'Version that a release in force names (group is empty for the product).',
    labelNames,
  );
  const exposure = gauge(
    'lockstep_release_exposure_ratio',
    'Share of its devices that a release in force has reached, 0 to 1.',
    labelNames,
  );
  const devices = gauge(
    'lockstep_release_devices',
    'Devices of a release in force by how they stand with it: reached, succeeded, failed, in_flight.',
    [...labelNames, 'state'],
  );
  const halted = gauge(
    'lockstep_release_halted',
    '1 while the release is halted because of failing devices.',
    labelNames,
  );
  const finished = gauge(
    'lockstep_release_finished',
    '1 once the last step of the release has ended.',
    labelNames,
  );
  const setRelease = (product: string, release: ReleasePlan): void => {
    const labels = { product, group: release.group ?? '' };
    version.set(labels, release.version);
    exposure.set(labels, release.exposure / BUCKETS);
    devices.set({ ...labels, state: 'reached' }, release.devices);
    devices.set({ ...labels, state: 'succeeded' }, release.succeeded);
    devices.set({ ...labels, state: 'failed' }, release.failed);
    devices.set({ ...labels, state: 'in_flight' }, release.inFlight);
    halted.set(labels, release.waits.some(({ kind }) => kind === 'halted') ? 1 : 0);
    finished.set(labels, release.finishedAt === null ? 0 : 1);
  };
  return {
    reset() {
      for (const each of [version, exposure, devices, halted, finished]) each.reset();
    },
    set({ product, plan }) {
      for (const release of (plan?.releases ?? []).slice(0, RELEASES_MAX)) {
        setRelease(product, release);
      }
    },
  };
}

function addTrafficMetrics(registry: Registry, gateway: Ports['gateway']): Setter {
  const { counter } = createInstruments(registry);
  const polls = counter('lockstep_polls_total', 'Polls of devices that were answered.', [
    'product',
  ]);
  const downloads = counter(
    'lockstep_downloads_total',
    'Downloads of firmware by how they ended: sent, broken. A part that a device asks for counts as one.',
    ['product', 'outcome'],
  );
  const bytes = counter('lockstep_download_bytes_total', 'Bytes of firmware that were sent.', [
    'product',
  ]);
  return {
    reset() {
      for (const each of [polls, downloads, bytes]) each.reset();
    },
    set({ product }) {
      const traffic = gateway.trafficOf(product);
      if (traffic === null) return;
      polls.set({ product }, traffic.polls);
      downloads.set({ product, outcome: 'sent' }, traffic.downloadsSent);
      downloads.set({ product, outcome: 'broken' }, traffic.downloadsBroken);
      bytes.set({ product }, traffic.downloadedBytes);
    },
  };
}
