// The metrics: what they say, that their names and labels are as Prometheus wants them, and that no manifest and no device
// can make more series than there is room for.

import { afterEach, describe, expect, it } from 'vitest';

import type { LiveState } from '../../../controller/model/live.ts';
import type { ReleasePlan } from '../../../controller/model/plan.ts';
import type { ProductView } from '../../../controller/reconciler/controller.ts';
import {
  PRODUCTS_MAX,
  RELEASES_MAX,
  VERSIONS_MAX,
} from '../../../controller/server/product-metrics.ts';
import type { ForgePort } from '../../../controller/server/ports.ts';
import { API_IN_FORCE, apiPicture, startApi, type ApiUnderTest } from '../../support/api.ts';

const FORGE: ForgePort = {
  description: 'github.com/acme/fleet',
  webhooks: null,
  view: () => ({ failure: null, lookedAt: null, openPullRequests: 2 }),
};

const started: ApiUnderTest[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((api) => api.close()));
});

async function start(forge: ForgePort | null = null): Promise<ApiUnderTest> {
  const api = await startApi({}, forge);
  started.push(api);
  return api;
}

async function read(api: ApiUnderTest): Promise<string> {
  return (await api.ask('/metrics')).text;
}

/** The one product of the picture. */
function thermostat(): ProductView {
  const [product] = apiPicture().products;
  if (product === undefined) throw new Error('a product');
  return product;
}

function show(api: ApiUnderTest, products: readonly ProductView[]): void {
  api.controller.picture = { ...apiPicture(), products };
}

function seriesOf(text: string, name: string): readonly string[] {
  return text.split('\n').filter((line) => line.startsWith(`${name}{`));
}

describe('the metrics', () => {
  it('count what the picture holds, and forget what it no longer holds', async () => {
    const api = await start();
    const before = await read(api);
    expect(before).toContain('lockstep_devices{product="thermostat",state="online"} 4');
    expect(before).toContain(
      'lockstep_refusals{product="thermostat",reason="ReleaseUnverified"} 1',
    );
    expect(before).toContain('lockstep_gate_verdicts{product="thermostat",verdict="passed"} 1');
    expect(before).toContain('lockstep_gate_verdicts{product="thermostat",verdict="blocked"} 0');
    expect(before).toContain('lockstep_fleet_listening{product="thermostat"} 1');
    expect(before).toContain('lockstep_condition{product="thermostat",type="Ready"} 0');
    expect(before).toContain('lockstep_source_age_seconds 30');
    expect(before).toContain('lockstep_source_waiting 0');
    expect(before).toContain('lockstep_products 2');
    show(api, []);
    api.controller.picture = { ...api.controller.picture, sourceReadAt: null };
    const after = await read(api);
    expect(after).not.toContain('thermostat');
    expect(after).not.toMatch(/^lockstep_source_age_seconds/m);
  });

  it('tell the calls and the age of a fleet that has to be asked, and nothing where it comes by itself', async () => {
    const api = await start();
    const { live } = thermostat();
    if (live === null) throw new Error('a fleet');
    expect(await read(api)).not.toMatch(/^lockstep_fleet_(calls|read)[^ ]*{/m);
    const readAt = Date.UTC(2026, 0, 5, 12);
    const reading = { readAt, calls: 42, remarks: [], lacking: [] };
    show(api, [{ ...thermostat(), live: { ...live, reading } }]);
    const text = await read(api);
    expect(seriesOf(text, 'lockstep_fleet_calls')).toEqual([
      'lockstep_fleet_calls{product="thermostat"} 42',
    ]);
    expect(seriesOf(text, 'lockstep_fleet_read_timestamp_seconds')).toEqual([
      `lockstep_fleet_read_timestamp_seconds{product="thermostat"} ${readAt / 1_000}`,
    ]);
    show(api, [thermostat()]);
    expect(await read(api)).not.toMatch(/^lockstep_fleet_calls{/m);
  });

  it('tell which conditions are true, and whether the source waits for a person', async () => {
    const api = await start();
    const [ready] = thermostat().conditions;
    if (ready === undefined) throw new Error('a condition');
    const stalled = { ...ready, type: 'Stalled', status: 'True' } as const;
    show(api, [{ ...thermostat(), conditions: [{ ...ready, status: 'True' }, stalled] }]);
    const [problem] = apiPicture().problems;
    if (problem === undefined) throw new Error('a problem');
    api.controller.picture = {
      ...api.controller.picture,
      problems: [{ ...problem, reason: 'CommitNotTrusted' }],
    };
    const text = await read(api);
    expect(seriesOf(text, 'lockstep_condition').map((line) => line.slice(-2))).toEqual([
      ' 1',
      ' 0',
      ' 1',
      ' 0',
      ' 0',
    ]);
    expect(text).toContain('lockstep_source_waiting 1');
  });

  it('tell how far each release is, and whether it is halted', async () => {
    const api = await start();
    const text = await read(api);
    const labels = 'product="thermostat",group=""';
    expect(text).toContain(`lockstep_release_version{${labels}} 41`);
    expect(text).toContain(`lockstep_release_exposure_ratio{${labels}} 0.0125`);
    expect(text).toContain(`lockstep_release_devices{${labels},state="reached"} 4`);
    expect(text).toContain(`lockstep_release_devices{${labels},state="succeeded"} 2`);
    expect(text).toContain(`lockstep_release_devices{${labels},state="failed"} 1`);
    expect(text).toContain(`lockstep_release_devices{${labels},state="in_flight"} 1`);
    expect(text).toContain(`lockstep_release_halted{${labels}} 1`);
    expect(text).toContain(`lockstep_release_finished{${labels}} 0`);
    const { plan } = thermostat();
    const releases = (plan?.releases ?? []).map((each): ReleasePlan => ({
      ...each,
      group: 'beta',
      waits: [],
      finishedAt: 5,
    }));
    show(api, [{ ...thermostat(), plan: plan === null ? null : { ...plan, releases } }]);
    const after = await read(api);
    expect(after).toContain('lockstep_release_halted{product="thermostat",group="beta"} 0');
    expect(after).toContain('lockstep_release_finished{product="thermostat",group="beta"} 1');
    expect(after).not.toContain(`{${labels}}`);
  });

  it('count passes, polls, downloads and notices', async () => {
    const api = await start(FORGE);
    api.passTimes.observe({ seconds: 0.02, outcome: 'ok' });
    api.passTimes.observe({ seconds: 3, outcome: 'failed' });
    await read(api);
    // Asked twice: what is copied is not added.
    const text = await read(api);
    const duration = 'lockstep_reconcile_duration_seconds';
    expect(text).toContain(`${duration}_bucket{le="0.01",outcome="ok"} 0`);
    expect(text).toContain(`${duration}_bucket{le="0.025",outcome="ok"} 1`);
    expect(text).toContain(`${duration}_sum{outcome="failed"} 3`);
    expect(text).toContain(`${duration}_count{outcome="ok"} 1`);
    expect(text).toContain('lockstep_polls_total{product="thermostat"} 70000');
    expect(text).toContain('lockstep_downloads_total{product="thermostat",outcome="sent"} 9');
    expect(text).toContain('lockstep_downloads_total{product="thermostat",outcome="broken"} 1');
    expect(text).toContain('lockstep_download_bytes_total{product="thermostat"} 9000000');
    expect(text).toContain('lockstep_notices_sent_total{target="ops"} 5');
    expect(text).toContain('lockstep_notices_failed_total{target="ops"} 2');
    expect(text).toContain('lockstep_notices_dropped_total{target="ops"} 1');
    expect(text).toContain('lockstep_notices_pending{target="ops"} 3');
    expect(text).toContain('lockstep_forge_failing 0');
    expect(text).toContain('lockstep_forge_open_pull_requests 2');
  });

  it('are named as Prometheus wants it', async () => {
    const text = await read(await start(FORGE));
    const types = [...text.matchAll(/^# TYPE (lockstep_\S+) (\w+)$/gm)];
    expect(types.length).toBeGreaterThan(25);
    for (const [, name = '', type] of types) {
      expect([name, type === 'counter']).toEqual([name, name.endsWith('_total')]);
      expect(name).not.toMatch(/_(?:ms|millis|percent|count|sum|bucket)(?:_|$)|_seconds_total$/);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S.*\\S$`, 'm'));
    }
  });
});

describe('the labels', () => {
  const live = thermostat().live as LiveState;

  it('of versions are those of manifests, whatever devices report', async () => {
    const api = await start();
    const unlocked = Array.from({ length: 5_000 }, (_, index) => ({
      version: index + 100,
      devices: 1,
    }));
    show(api, [{ ...thermostat(), live: { ...live, unlocked } }]);
    expect(seriesOf(await read(api), 'lockstep_devices_running').toSorted()).toEqual([
      'lockstep_devices_running{product="thermostat",version="42"} 1',
      'lockstep_devices_running{product="thermostat",version="other"} 5000',
    ]);
  });

  it('of versions are those that most devices run, however many manifests name', async () => {
    const api = await start();
    const [firmware] = API_IN_FORCE.firmware;
    if (firmware === undefined) throw new Error('a firmware');
    const versions = Array.from({ length: 3_000 }, (_, index) => index + 1);
    const inForce = {
      ...API_IN_FORCE,
      firmware: versions.map((version) => ({ ...firmware, spec: { ...firmware.spec, version } })),
    };
    const unlocked = versions.map((version) => ({ version, devices: version === 7 ? 90 : 1 }));
    const outcomes = versions.map((version) => ({
      version,
      inFlight: 0,
      succeeded: 1,
      failed: version === 9 ? 50 : 0,
    }));
    show(api, [{ ...thermostat(), inForce, live: { ...live, unlocked, locked: [], outcomes } }]);
    const text = await read(api);
    const running = seriesOf(text, 'lockstep_devices_running');
    expect(running).toHaveLength(VERSIONS_MAX + 1);
    expect(running).toContain('lockstep_devices_running{product="thermostat",version="7"} 90');
    const others = 3_000 - VERSIONS_MAX;
    expect(running).toContain(
      `lockstep_devices_running{product="thermostat",version="other"} ${others}`,
    );
    const outcomesShown = seriesOf(text, 'lockstep_devices_by_outcome');
    expect(outcomesShown).toHaveLength(3 * (VERSIONS_MAX + 1));
    expect(outcomesShown).toContain(
      'lockstep_devices_by_outcome{product="thermostat",version="9",outcome="failed"} 50',
    );
  });

  it('of products and groups have a bound, and how many there are is told', async () => {
    const api = await start();
    const { plan } = thermostat();
    const [release] = plan?.releases ?? [];
    if (plan === null || release === undefined) throw new Error('a release');
    const groups = Array.from({ length: 80 }, (_, index) => `g${index}`);
    const releases = [null, ...groups].map((group): ReleasePlan => ({ ...release, group }));
    const names = Array.from({ length: 1_000 }, (_, index) => `p${String(index).padStart(4, '0')}`);
    const products = names.toReversed().map((product): ProductView => ({
      ...thermostat(),
      product,
      plan: { ...plan, releases: product === 'p0000' ? releases : [] },
    }));
    show(api, products);
    const text = await read(api);
    expect(text).toContain('lockstep_products 1000');
    expect(seriesOf(text, 'lockstep_stopped')).toHaveLength(PRODUCTS_MAX);
    expect(text).toContain('lockstep_stopped{product="p0199"} 1');
    expect(text).not.toContain('p0200');
    const halted = seriesOf(text, 'lockstep_release_halted');
    expect(halted).toHaveLength(RELEASES_MAX);
    expect(halted[0]).toContain('group=""');
  });

  it('hold what a manifest names as text', async () => {
    const api = await start();
    show(api, [{ ...thermostat(), product: 'a"b\\c\nlockstep_ready 7' }]);
    const text = await read(api);
    expect(text).toContain('lockstep_stopped{product="a\\"b\\\\c\\nlockstep_ready 7"} 1');
    expect(text).not.toMatch(/^lockstep_ready 7/m);
  });
});
