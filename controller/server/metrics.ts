// Metrics for Prometheus, made of the controller's picture when they are asked for. Labels are bounded: products, groups
// and versions that manifests name, states and reasons; never devices.

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

import type { Clock } from '../base/clock.ts';
import type { ReleasePlan } from '../model/plan.ts';
import { BUCKETS } from '../model/rollout.ts';
import type { Controller, ControllerView, ProductView } from '../reconciler/controller.ts';
import type { ForgePort } from './ports.ts';

export interface Metrics {
  readonly contentType: string;
  /** The current values in Prometheus' text format. */
  render(): Promise<string>;
}

/** Creates the metrics of one controller, in a registry of their own. `version` is Lockstep's. */
export function createMetrics(
  controller: Pick<Controller, 'view'>,
  forge: Pick<ForgePort, 'view'> | null,
  clock: Clock,
  version: string,
): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
  ): Gauge<L> => new Gauge({ name, help, labelNames: [...labelNames], registers: [registry] });

  /** What is set anew whenever the metrics are asked for. */
  const updates: (() => void)[] = [];
  const info = gauge('lockstep_info', 'Always 1; the label is the version of Lockstep.', [
    'version',
  ]);
  info.set({ version }, 1);
  const ready = gauge('lockstep_ready', '1 once the first revision is in force.');
  const passes = gauge('lockstep_reconcile_passes', 'Passes of the reconciler since the start.');
  const sourceAge = gauge(
    'lockstep_source_age_seconds',
    'Seconds since the source was last read successfully.',
  );
  const sourceFailing = gauge('lockstep_source_failing', '1 while the source cannot be read.');
  if (forge !== null) {
    const failing = gauge('lockstep_forge_failing', '1 while the forge cannot be used.');
    const open = gauge('lockstep_forge_open_pull_requests', 'Pull requests that are looked after.');
    updates.push(() => {
      const { failure, openPullRequests } = forge.view();
      failing.set(failure === null ? 0 : 1);
      open.set(openPullRequests);
    });
  }
  const devices = gauge('lockstep_devices', 'Devices by product and state.', ['product', 'state']);
  const running = gauge(
    'lockstep_devices_running',
    'Devices by product and running version (unknown: not named; other: no manifest names it).',
    ['product', 'version'],
  );
  const outcomes = gauge(
    'lockstep_devices_by_outcome',
    'Devices by product, version that they were last meant to run, and outcome.',
    ['product', 'version', 'outcome'],
  );
  const refusals = gauge('lockstep_refusals', 'Refused parts of the newest revision, by reason.', [
    'product',
    'reason',
  ]);
  const problems = gauge('lockstep_problems', 'Problems of the newest revision.', ['severity']);
  const releaseLabels = ['product', 'group'] as const;
  const exposure = gauge(
    'lockstep_release_exposure_ratio',
    'Share of its devices that a release in force has reached, 0 to 1 (group is empty for the product).',
    releaseLabels,
  );
  const releaseDevices = gauge(
    'lockstep_release_devices',
    'Devices of a release in force by how they stand with it: reached, succeeded, failed, in_flight.',
    [...releaseLabels, 'state'],
  );
  const halted = gauge(
    'lockstep_release_halted',
    '1 while the release is halted because of failing devices.',
    releaseLabels,
  );
  const fleetCalls = gauge(
    'lockstep_fleet_calls',
    'Calls to the cloud that the devices live in, of the last round: reading and changing.',
    ['product'],
  );
  const fleetAge = gauge(
    'lockstep_fleet_reading_age_seconds',
    'Seconds since the last reading of the cloud that the devices live in began.',
    ['product'],
  );
  const stopped = gauge('lockstep_stopped', '1 while the emergency stop is pulled.', ['product']);

  return {
    contentType: registry.contentType,
    async render() {
      const view = controller.view();
      for (const update of updates) update();
      for (const each of [devices, running, outcomes, refusals, stopped]) each.reset();
      for (const each of [exposure, releaseDevices, halted, fleetCalls, fleetAge]) each.reset();
      ready.set(view.ready ? 1 : 0);
      passes.set(view.passes);
      sourceFailing.set(view.sourceFailure === null ? 0 : 1);
      if (view.sourceReadAt === null) sourceAge.remove();
      else sourceAge.set(Math.max(0, clock.now() - view.sourceReadAt) / 1_000);
      setProblems(view);
      for (const product of view.products) setProduct(product);
      return registry.metrics();
    },
  };

  function setProblems(view: ControllerView): void {
    for (const severity of ['error', 'warning'] as const) {
      problems.set({ severity }, view.problems.filter((each) => each.severity === severity).length);
    }
  }

  function setProduct({ product, inForce, live, plan, stoppedAt }: ProductView): void {
    stopped.set({ product }, stoppedAt === null ? 0 : 1);
    for (const { reason } of plan?.refusals ?? []) refusals.inc({ product, reason });
    for (const release of plan?.releases ?? []) setRelease(product, release);
    if (live === null) return;
    if (live.reading !== undefined) {
      fleetCalls.set({ product }, live.reading.calls);
      fleetAge.set({ product }, Math.max(0, clock.now() - live.reading.readAt) / 1_000);
    }
    devices.set({ product, state: 'online' }, Math.max(0, live.devices - live.offline));
    devices.set({ product, state: 'offline' }, live.offline);
    devices.set({ product, state: 'quarantined' }, live.quarantined);
    const named = new Set(inForce.firmware.map(({ spec }) => spec.version));
    const label = (version: number | null): string =>
      version === null ? 'unknown' : named.has(version) ? String(version) : 'other';
    for (const count of [...live.unlocked, ...live.locked]) {
      running.inc({ product, version: label(count.version) }, count.devices);
    }
    for (const { version, inFlight, succeeded, failed } of live.outcomes) {
      const labels = { product, version: label(version) };
      outcomes.inc({ ...labels, outcome: 'in_flight' }, inFlight);
      outcomes.inc({ ...labels, outcome: 'succeeded' }, succeeded);
      outcomes.inc({ ...labels, outcome: 'failed' }, failed);
    }
  }

  function setRelease(product: string, release: ReleasePlan): void {
    const labels = { product, group: release.group ?? '' };
    exposure.set(labels, release.exposure / BUCKETS);
    releaseDevices.set({ ...labels, state: 'reached' }, release.devices);
    releaseDevices.set({ ...labels, state: 'succeeded' }, release.succeeded);
    releaseDevices.set({ ...labels, state: 'failed' }, release.failed);
    releaseDevices.set({ ...labels, state: 'in_flight' }, release.inFlight);
    halted.set(labels, release.waits.some(({ kind }) => kind === 'halted') ? 1 : 0);
  }
}
