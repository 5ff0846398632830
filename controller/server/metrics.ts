// Metrics for Prometheus, made of what the controller and its neighbours know when they are asked for. Labels are bounded:
// words of this program, names that settings give, and as many products, groups and versions of manifests as
// `product-metrics.ts` lets in; never devices. The README lists them all.

import { collectDefaultMetrics, Registry } from 'prom-client';

import type { Reason } from '../model/reasons.ts';
import { createInstruments } from './instruments.ts';
import type { ServerPorts } from './ports.ts';
import { addProductMetrics } from './product-metrics.ts';

export interface Metrics {
  readonly contentType: string;
  /** The current values in Prometheus' text format. */
  render(): Promise<string>;
}

type Ports = Pick<ServerPorts, 'forge' | 'gateway' | 'notices' | 'passTimes' | 'clock'> & {
  readonly controller: Pick<ServerPorts['controller'], 'view'>;
};

/** Reasons for which nothing of the source is carried out before a person has looked. */
const WAITS_FOR_PERSON: ReadonlySet<Reason> = new Set<Reason>([
  'HistoryRewritten',
  'CommitNotTrusted',
  'EmptySource',
]);

/** Creates the metrics of one controller, in a registry of their own. `version` is Lockstep's. */
export function createMetrics(ports: Ports, version: string): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { gauge } = createInstruments(registry);
  gauge('lockstep_build_info', 'Always 1; the label is the version of Lockstep.', ['version']).set(
    { version },
    1,
  );
  if (ports.passTimes !== null) registry.registerMetric(ports.passTimes.histogram);
  /** Each sets its metrics anew. */
  const updates = [
    addControllerMetrics(registry, ports),
    addForgeMetrics(registry, ports),
    addNoticeMetrics(registry, ports),
    addProductMetrics(registry, ports),
  ];
  return {
    contentType: registry.contentType,
    render() {
      for (const update of updates) update();
      return registry.metrics();
    },
  };
}

function addControllerMetrics(registry: Registry, { controller, clock }: Ports): () => void {
  const { gauge } = createInstruments(registry);
  const ready = gauge('lockstep_ready', '1 once the first revision is in force.');
  const sourceAge = gauge(
    'lockstep_source_age_seconds',
    'Seconds since the source was last read successfully; missing before the first time.',
  );
  const sourceFailing = gauge('lockstep_source_failing', '1 while the source cannot be read.');
  const sourceWaiting = gauge(
    'lockstep_source_waiting',
    '1 while nothing of the source is carried out before a person has looked.',
  );
  const problems = gauge('lockstep_problems', 'Problems of the newest revision.', ['severity']);
  return () => {
    const view = controller.view();
    ready.set(view.ready ? 1 : 0);
    sourceFailing.set(view.sourceFailure === null ? 0 : 1);
    sourceWaiting.set(view.problems.some(({ reason }) => WAITS_FOR_PERSON.has(reason)) ? 1 : 0);
    if (view.sourceReadAt === null) sourceAge.remove();
    else sourceAge.set(Math.max(0, clock.now() - view.sourceReadAt) / 1_000);
    for (const severity of ['error', 'warning'] as const) {
      problems.set({ severity }, view.problems.filter((each) => each.severity === severity).length);
    }
  };
}

function addForgeMetrics(registry: Registry, { forge }: Ports): () => void {
  if (forge === null) return () => undefined;
  const { gauge } = createInstruments(registry);
  const failing = gauge('lockstep_forge_failing', '1 while the forge cannot be used.');
  const open = gauge('lockstep_forge_open_pull_requests', 'Pull requests that are looked after.');
  return () => {
    const { failure, openPullRequests } = forge.view();
    failing.set(failure === null ? 0 : 1);
    open.set(openPullRequests);
  };
}

function addNoticeMetrics(registry: Registry, { notices }: Ports): () => void {
  if (notices === null) return () => undefined;
  const { gauge, counter } = createInstruments(registry);
  const labels = ['target'] as const;
  const sent = counter('lockstep_notices_sent_total', 'Notices that a target took.', labels);
  const failed = counter(
    'lockstep_notices_failed_total',
    'Tries to send a notice that failed.',
    labels,
  );
  const dropped = counter(
    'lockstep_notices_dropped_total',
    'Notices that a target will never get: it refused them, or was away for too long.',
    labels,
  );
  const pending = gauge('lockstep_notices_pending', 'Notices that wait to be sent.', labels);
  return () => {
    for (const view of notices.view()) {
      const { name: target } = view;
      sent.set({ target }, view.sent);
      failed.set({ target }, view.failed);
      dropped.set({ target }, view.dropped);
      pending.set({ target }, view.pending);
    }
  };
}
