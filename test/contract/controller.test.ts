// The controller as a whole, over a real state and real devices on HTTP: what people see of it, as stories.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { failure } from '../../controller/base/failure.ts';
import { fail, ok } from '../../controller/base/result.ts';
import type { FleetDriver } from '../../controller/fleets/driver.ts';
import type { GatewayDriver } from '../../controller/fleets/gateway/gateway-driver.ts';
import { createRevisionLoader } from '../../controller/reconciler/revision-loader.ts';
import { binaryOf, fleetFiles, sha256Of } from '../property/support/fleet-repo.ts';
import type { TestController, TestControllerOptions } from '../support/controller.ts';
import { startController } from '../support/controller.ts';
import { memoryTree } from '../support/trees.ts';

let running: TestController | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

async function start(options: TestControllerOptions = {}): Promise<TestController> {
  running = await startController(options);
  return running;
}

async function restart(
  controller: TestController,
  options?: TestControllerOptions,
): Promise<TestController> {
  running = await controller.restart(options);
  return running;
}

const FETCH_FAILED = failure('FetchFailed', 'The repo is away.', 'retry');

/** Devices on version 1, which is verified and released. */
async function startOnOne(
  devices: readonly string[] = ['d1', 'd2', 'd3'],
  options: TestControllerOptions = {},
): Promise<TestController> {
  const controller = await start(options);
  await controller.apply(fleetFiles({ firmware: [1] }));
  for (const device of devices) await controller.device(device).introduce(1);
  await controller.apply(fleetFiles({ firmware: [1], release: 1 }));
  expect(controller.view().inForce.releases.map(({ spec }) => spec.version)).toEqual([1]);
  return controller;
}

/** Version 2 released, and a lock that verifies it in the same commit. */
const TWO = { firmware: [1, 2], release: 2, locks: { bench: { devices: ['d1'], version: 2 } } };

describe('a release', () => {
  it('is refused until the lock of the same commit has verified it, and then starts by itself', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    expect(controller.refusals()).toEqual(['ReleaseUnverified']);
    expect((await controller.device('d2').poll()).link).toBeNull();

    expect(await controller.device('d1').update()).toBe(2);
    await controller.sync();

    expect(controller.refusals()).toEqual([]);
    expect(await controller.device('d2').update()).toBe(2);
    const types = (await controller.events()).map(({ type }) => type);
    expect(types.filter((type) => type === 'ReleaseRefused')).toHaveLength(1);
    expect(types.indexOf('FirmwareVerified')).toBeLessThan(types.lastIndexOf('ReleaseStarted'));
  });

  it('starts without anybody asking, once devices have verified it', async () => {
    const controller = await startOnOne(['d1', 'd2'], { loop: true });
    controller.source.commit(fleetFiles(TWO));
    await expect.poll(() => controller.view().revision).toBe('c3');
    await controller.device('d1').update();
    await expect
      .poll(() => controller.view().inForce.releases.map(({ spec }) => spec.version))
      .toEqual([2]);
    expect(await controller.device('d2').update()).toBe(2);
  });

  it('tells in the log of each revision that was refused', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2], release: 2 }));
    await controller.sync();
    await controller.apply(fleetFiles({ firmware: [1, 2, 3], release: 3 }));
    await controller.sync();
    const refused = await controller.events('ReleaseRefused');
    expect(refused.map(({ revision, manifest }) => [revision, manifest])).toEqual([
      ['c3', 'Release/thermostat'],
      ['c4', 'Release/thermostat'],
    ]);
  });

  it('is not started in a state that never saw the product, until a person adopts it', async () => {
    const controller = await start({ adopt: false });
    const files = fleetFiles({ firmware: [1, 2], release: 2 });
    await controller.apply(files);
    await controller.device('d1').introduce(2);
    await controller.device('d2').introduce(1);
    await controller.sync();
    expect(controller.plan().warnings.map(({ reason }) => reason)).toContain('StateNew');
    expect((await controller.device('d2').poll()).link).toBeNull();

    await controller.sync({ adopt: true });
    expect(await controller.device('d2').update()).toBe(2);
    expect((await controller.events('ProductAdopted')).length).toBe(1);

    const again = await restart(controller);
    await again.sync();
    expect(again.view().adoptedAt).not.toBeNull();
    expect((await again.events('ProductAdopted')).length).toBe(1);
  });
});

describe('a revision', () => {
  it('serves the very next poll once the view names it', async () => {
    const controller = await startOnOne();
    for (let version = 2; version < 6; version += 1) {
      const firmware = Array.from({ length: version }, (_, index) => index + 1);
      controller.source.commit(
        fleetFiles({ firmware, locks: { bench: { devices: ['d1'], version } } }),
      );
      const synced = controller.sync();
      while (controller.view().revision !== controller.source.revisions.at(-1)) {
        await new Promise(setImmediate);
      }
      const { link } = await controller.device('d1').poll();
      expect(link?.kind).toBe('deployment');
      await synced;
      const offer = await controller.device('d1').read(link?.href ?? '');
      expect(offer.version).toBe(String(version));
      await controller.device('d1').feedback(link?.id ?? 0, 'closed', 'success');
      await controller.device('d1').report(version);
    }
  });

  it('is never half in force: an unlocked device does not meet the release that it replaces', async () => {
    const offers: (string | null)[] = [];
    let poll: (() => Promise<void>) | null = null;
    const controller = await startOnOne(['d1', 'd2'], {
      wrapDriver: (driver) => ({
        ...driver,
        async execute(product, action) {
          const done = await driver.execute(product, action);
          if (action.type === 'UnlockDevice') await poll?.();
          return done;
        },
      }),
    });
    await controller.apply(
      fleetFiles({ ...TWO, locks: { bench: { devices: ['d2'], version: 2 } } }),
    );
    await controller.device('d2').update();
    await controller.sync();
    // Version 2 is released by now; d1 is held on 1, and the next commit takes both back.
    await controller.apply(
      fleetFiles({
        firmware: [1, 2],
        release: 2,
        locks: { hold: { devices: ['d1'], version: 1 } },
      }),
    );
    poll = async () => {
      const { link } = await controller.device('d1').poll();
      offers.push(link === null ? null : (await controller.device('d1').read(link.href)).version);
    };
    await controller.apply(fleetFiles({ firmware: [1, 2], release: 1 }));
    expect(offers).toEqual([null]);
    expect(await controller.device('d2').update()).toBe(1);
  });

  it('takes locks off after it is in force, also when the process ended between the two', async () => {
    let broken = false;
    const wrapDriver = (driver: GatewayDriver): FleetDriver => ({
      ...driver,
      execute: async (product, action) =>
        broken && action.type === 'UnlockDevice'
          ? fail(failure('FleetUnreachable', 'The cable is out.', 'retry'))
          : driver.execute(product, action),
    });
    const controller = await startOnOne(['d1', 'd2'], { wrapDriver });
    await controller.apply(fleetFiles(TWO));
    await controller.device('d1').update();
    broken = true;
    const report = await controller.apply(fleetFiles({ firmware: [1, 2], release: 2 }));
    expect(Object.keys(report.failures)).toEqual(['thermostat']);
    expect(controller.view().revision).toBe('c3');

    broken = false;
    const again = await restart(controller, { wrapDriver });
    expect(again.view().revision).toBe('c3');
    await again.sync();
    expect(again.view().revision).toBe('c4');
    expect((await again.record('d1')).lock).toBeNull();
    const unlocked = await again.events('DeviceUnlocked');
    expect(unlocked.map(({ revision, manifest }) => [revision, manifest])).toEqual([
      ['c4', 'DeviceLock/bench'],
    ]);
    expect((await again.events('RevisionInForce')).map(({ revision }) => revision)).toEqual([
      'c1',
      'c2',
      'c3',
      'c4',
    ]);
  });

  it('that was carried out is not carried out again: a second pass writes nothing', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    const before = await controller.events();
    const view = JSON.stringify(controller.controller.view().products);
    await controller.sync();
    await controller.sync();
    expect(await controller.events()).toEqual(before);
    expect(JSON.stringify(controller.controller.view().products)).toBe(view);
  });

  it('that was read with all of the repo is still carried out after a restart, and writes nothing', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    const before = await controller.events();
    const { conditions } = controller.view();
    const writes: string[] = [];
    const again = await restart(controller, {
      wrapStore: (store) => ({
        ...store,
        async saveProduct(change) {
          writes.push(`product ${change.product.name}`);
          await store.saveProduct(change);
        },
        async saveDevice(change) {
          writes.push('device');
          return store.saveDevice(change);
        },
        async addEvents(events) {
          if (events.length > 0) writes.push('events');
          await store.addEvents(events);
        },
      }),
    });
    await again.sync();
    await again.sync();
    expect(writes).toEqual([]);
    expect(await again.events()).toEqual(before);
    expect(again.view().conditions).toEqual(conditions);
  });

  it('is applied only if the plan is still the reviewed one', async () => {
    const controller = await startOnOne();
    controller.source.commit(
      fleetFiles({
        firmware: [1, 2],
        release: 1,
        locks: { bench: { devices: ['d1'], version: 2 } },
      }),
    );
    const before = controller.view();
    const planned = await controller.controller.plan(null, {});
    if (!planned.ok) throw new Error(planned.error.message);
    const stale = await controller.controller.sync({ expectedPlan: planned.value });
    expect(stale).toMatchObject({ ok: false, error: { code: 'StalePlan' } });
    expect(controller.view()).toEqual(before);

    const current = await controller.controller.plan(null, {});
    if (!current.ok) throw new Error(current.error.message);
    expect(current.value.revision).toBe('c3');
    const report = await controller.sync({ expectedPlan: current.value });
    expect(report.plan.products[0]?.actions.map(({ type }) => type)).toEqual([
      'UploadFirmware',
      'LockDevice',
    ]);
  });

  it('waits for a person when it does not descend from the one before', async () => {
    const controller = await startOnOne();
    const inForce = JSON.stringify(controller.view().inForce);
    controller.source.rewrite(fleetFiles({ firmware: [1], locks: {} }));
    const waiting = await controller.sync();
    expect(waiting.plan.errors.map(({ reason }) => reason)).toEqual(['HistoryRewritten']);
    expect(controller.controller.view().problems.map(({ reason }) => reason)).toEqual([
      'HistoryRewritten',
    ]);
    expect(controller.view().revision).toBe('c2');

    const again = await restart(controller);
    await again.sync();
    expect(again.view().revision).toBe('c2');
    expect(JSON.stringify(again.view().inForce)).toBe(inForce);

    await again.sync({ acceptHistory: true });
    expect(again.view().revision).toBe('c3');
    expect(again.view().inForce.releases).toEqual([]);
    await again.sync();
    expect(again.controller.view().problems).toEqual([]);
  });

  it('that waits for a person says why, in the problems and the conditions', async () => {
    const controller = await startOnOne();
    const reasonsOf = (): readonly string[] => [
      ...controller.controller.view().problems.map(({ reason }) => reason),
      ...controller.view().conditions.map(({ type, reason }) => `${type} ${reason}`),
    ];
    controller.source.commit({});
    await controller.sync();
    expect(reasonsOf()).toEqual(['EmptySource', 'Ready EmptySource', 'Stalled EmptySource']);

    controller.source.commit(fleetFiles({ firmware: [1], release: 1 }));
    await controller.sync();
    expect(reasonsOf()).toEqual(['Ready Converged']);

    controller.source.rewrite(fleetFiles({ firmware: [1] }));
    await controller.sync();
    expect(reasonsOf()).toEqual([
      'HistoryRewritten',
      'Ready HistoryRewritten',
      'Stalled HistoryRewritten',
    ]);
  });

  it('is named together with what is refused of it, not with what was refused before', async () => {
    let look: () => void = () => undefined;
    const controller = await startOnOne(['d1'], {
      wrapStore: (store) => ({
        ...store,
        async tallies(product) {
          look();
          return store.tallies(product);
        },
      }),
    });
    let refusals: readonly string[] | null = null;
    look = () => {
      const { revision, plan } = controller.view();
      if (revision === 'c4') refusals ??= plan?.refusals.map(({ reason }) => reason) ?? null;
    };
    await controller.apply(fleetFiles({ firmware: [1, 2], release: 2 }));
    expect(controller.refusals()).toEqual(['ReleaseUnverified']);
    await controller.apply(fleetFiles({ firmware: [1, 2], release: 1 }));
    expect(refusals).toEqual([]);
  });
});

describe('guardrails of commits that come together', () => {
  const devices = ['d1', 'd2', 'd3', 'd4', 'd5', 'd6'];
  const locked = { bench: { devices, version: 1 } };
  const files = (maxUnlocked: string, locks = {}) =>
    fleetFiles({ firmware: [1], release: 1, guardrails: { maxUnlocked }, locks });
  const countLocked = async (controller: TestController): Promise<number> =>
    (await controller.store.lockedDevices('thermostat')).length;

  it('are those of the parent, where it tightens what is in force', async () => {
    const controller = await startOnOne(devices);
    await controller.apply(files('100%', locked));
    controller.source.commit(files('10%', locked));
    await controller.apply(files('10%'));
    expect(controller.refusals()).toEqual(['TooManyUnlocked']);
    expect(await countLocked(controller)).toBe(6);
    // Neither a second pass nor a restart forgets what binds the revision.
    await controller.sync();
    const again = await restart(controller);
    await again.sync();
    expect(again.refusals()).toEqual(['TooManyUnlocked']);
    expect(await countLocked(again)).toBe(6);
  });

  it('are those of the parent, where it loosens what is in force for the commit after it', async () => {
    const controller = await startOnOne(devices);
    await controller.apply(files('10%', locked));
    controller.source.commit(files('100%', locked));
    await controller.apply(files('100%'));
    expect(controller.refusals()).toEqual([]);
    expect(await countLocked(controller)).toBe(0);
  });

  it('let a product go whose parent allows it, and no other', async () => {
    const controller = await startOnOne(['d1']);
    const other = fleetFiles({ product: 'other' });
    await controller.apply({ ...files('100%'), ...other });
    const allowing = fleetFiles({ firmware: [1], guardrails: { allowEmpty: true } });
    controller.source.commit({ ...allowing, ...other });
    await controller.apply(other);
    expect(controller.view().inForce.config).toBeNull();
    controller.source.commit({ ...other });
    await controller.apply({});
    expect(controller.controller.view().problems.map(({ reason }) => reason)).toEqual([
      'EmptySource',
    ]);
    expect(controller.view('other').inForce.config).not.toBeNull();
  });

  it('are those in force where the source does not have the parent', async () => {
    const controller = await startOnOne(devices);
    await controller.apply(files('10%', locked));
    const away = controller.source.commit(files('100%', locked));
    const source = { ...controller.source };
    Object.assign(controller.source, {
      fetchRevision: (revision: string) =>
        revision === away
          ? Promise.resolve(fail(failure('RevisionUnknown', 'A shallow clone.', 'stall')))
          : source.fetchRevision(revision),
    });
    await controller.apply(files('100%'));
    expect(controller.refusals()).toEqual(['TooManyUnlocked']);
  });
});

describe('several products', () => {
  const both = (
    one: Parameters<typeof fleetFiles>[0],
    other: Parameters<typeof fleetFiles>[0],
  ): Record<string, string | Uint8Array> => ({
    ...fleetFiles({ product: 'one', ...one }),
    ...fleetFiles({ product: 'other', ...other }),
  });

  it('go on where a file of one of them is invalid', async () => {
    const controller = await start();
    await controller.apply(both({ firmware: [1] }, { firmware: [1] }));
    const files = both(
      { firmware: [1, 2], locks: { bench: { devices: ['a'], version: 2 } } },
      { firmware: [1, 2], locks: { bench: { devices: ['a'], version: 2 } } },
    );
    const report = await controller.apply({
      ...files,
      'one/firmware.yaml': 'apiVersion: lockstep/v1\nkind: [Firmware',
    });
    expect(report.plan.products.map(({ product, frozen }) => [product, frozen])).toEqual([
      ['one', true],
      ['other', false],
    ]);
    expect(controller.view('one').revision).toBe('c1');
    expect(controller.view('one').conditions).toContainEqual(
      expect.objectContaining({ type: 'Stalled', status: 'True', reason: 'InvalidManifest' }),
    );
    expect(controller.view('other').revision).toBe('c2');
    expect((await controller.record('a', 'other')).lock?.version).toBe(2);
    expect(await controller.store.device('one', 'a')).toBeNull();
  });

  it('are frozen in the plan of a proposed revision as they will be when it is merged', async () => {
    const controller = await start();
    const group = (product: string): string =>
      `apiVersion: lockstep/v1\nkind: DeviceGroup\nmetadata: { name: g }\nspec: { product: ${product}, devices: [d1] }\n`;
    const files = {
      ...both({ firmware: [1] }, { firmware: [1] }),
      'groups.yaml': `${group('one')}---\n${group('other')}`,
    };
    await controller.apply(files);
    const proposed = { ...files, 'groups.yaml': `${group('one')}---\n${group('nobody')}` };
    const read = await createRevisionLoader().load(memoryTree(proposed, 'proposed'), null);
    if (!read.ok) throw new Error(read.error.message);
    const planned = await controller.controller.plan(read.value, {});
    const frozen = planned.ok
      ? planned.value.products.map((each) => [each.product, each.frozen])
      : [];
    expect(frozen).toEqual([
      ['one', true],
      ['other', true],
    ]);
  });

  it('go on where the fleet of one of them fails to be read, or to take an action', async () => {
    let failing: 'observe' | 'execute' | 'enforce' | null = null;
    const gone = fail(failure('FleetUnreachable', 'The cloud is away.', 'retry'));
    const controller = await start({
      wrapDriver: (driver) => ({
        ...driver,
        observe: async (product, named) =>
          product === 'one' && failing === 'observe' ? gone : driver.observe(product, named),
        execute: async (product, action) =>
          product === 'one' && failing === 'execute' ? gone : driver.execute(product, action),
        enforce: async (desired) =>
          desired.product === 'one' && failing === 'enforce' ? gone : driver.enforce(desired),
      }),
    });
    await controller.apply(both({ firmware: [1] }, { firmware: [1] }));
    let version = 1;
    for (const how of ['observe', 'execute', 'enforce'] as const) {
      failing = how;
      version += 1;
      const before = controller.view('one').revision;
      const words = {
        firmware: [1, version],
        locks: { bench: { devices: ['a'], version } },
      };
      const report = await controller.apply(both(words, words));
      expect(Object.keys(report.failures)).toEqual(['one']);
      expect(controller.view('one').revision).toBe(before);
      expect(controller.view('one').conditions[0]).toMatchObject({
        type: 'Ready',
        status: 'Unknown',
        reason: 'FleetUnreachable',
      });
      expect(controller.view('other').revision).toBe(report.revision);

      // However often it is tried, it is told once; and it goes on as soon as it can.
      await controller.sync();
      await controller.sync();
      failing = null;
      await controller.sync();
      expect(controller.view('one').revision).toBe(report.revision);
      const device = controller.device('a', 'one');
      await device.introduce(1);
      expect(await device.update()).toBe(version);
      const inForce = (await controller.events('RevisionInForce')).filter(
        ({ product, revision }) => product === 'one' && revision === report.revision,
      );
      expect(inForce).toHaveLength(1);
    }
  });

  it('are listed with the failure from the first on', async () => {
    const controller = await start({
      wrapDriver: (driver) => ({
        ...driver,
        observe: async () => fail(failure('FleetUnreachable', 'The cloud is away.', 'retry')),
      }),
    });
    await controller.apply(fleetFiles({ firmware: [1] }));
    expect(controller.view().conditions[0]).toMatchObject({
      type: 'Ready',
      status: 'Unknown',
      message: 'The cloud is away.',
    });
  });

  it('end without a trace of plans that were carried out', async () => {
    const controller = await start();
    const open = { firmware: [1], guardrails: { allowEmpty: true } };
    await controller.apply(both(open, open));
    await controller.apply(fleetFiles({ product: 'other', ...open }));
    expect(controller.view('one').inForce.config).toBeNull();
    expect(controller.view('one').plan?.actions ?? []).toEqual([]);
    expect((await controller.device('a', 'one').poll()).status).toBe(404);
    const before = await controller.events();
    await controller.sync();
    expect(await controller.events()).toEqual(before);
  });
});

describe('a source that fails', () => {
  it('keeps the last good revision in force', async () => {
    const controller = await startOnOne();
    const before = JSON.stringify(controller.view().inForce);
    controller.source.failWith(FETCH_FAILED);
    const synced = await controller.controller.sync({});
    expect(synced).toEqual(fail(FETCH_FAILED));
    expect(JSON.stringify(controller.view().inForce)).toBe(before);
    expect(controller.controller.view().sourceFailure).toEqual(FETCH_FAILED);

    controller.source.failWith(null);
    await controller.sync();
    expect(controller.controller.view().sourceFailure).toBeNull();
  });

  it('changes nothing when half of a revision can be read', async () => {
    const controller = await startOnOne();
    const before = JSON.stringify(controller.view().inForce);
    const revision = controller.source.commit(fleetFiles(TWO));
    controller.source.treeOf(revision).breakPath('thermostat/locks.yaml', 'cut');
    expect((await controller.controller.sync({})).ok).toBe(false);
    expect(JSON.stringify(controller.view().inForce)).toBe(before);
    expect((await controller.events('DeviceLocked')).length).toBe(0);
  });

  it('does not keep a restarted controller from serving, nor its gates from opening', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    controller.source.failWith(FETCH_FAILED);
    const again = await restart(controller, { loop: true });
    expect(again.view().inForce.locks.map(({ spec }) => spec.version)).toEqual([2]);
    expect(again.controller.view().ready).toBe(true);
    expect(await again.device('d1').update()).toBe(2);
    await expect
      .poll(() => again.view().inForce.releases.map(({ spec }) => spec.version))
      .toEqual([2]);
    expect(await again.device('d2').update()).toBe(2);
    expect(again.logLines.filter((line) => line.includes('The repo is away.'))).toHaveLength(1);
  });

  it('is not needed at all to go on', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    const before = await controller.events();
    const again = await restart(controller, { source: null });
    await again.sync();
    expect(await again.events()).toEqual(before);
    await again.device('d1').update();
    await again.sync();
    expect(await again.device('d2').update()).toBe(2);
  });
});

describe('the emergency stop', () => {
  it('offers nothing more, survives a restart, and ends by a word', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    await controller.device('d1').update();
    await controller.sync();
    const offered = await controller.device('d2').poll();
    expect(offered.link?.kind).toBe('deployment');

    expect(await controller.controller.stop('thermostat')).toEqual(ok(['thermostat']));
    expect((await controller.device('d3').poll()).link).toBeNull();
    expect((await controller.device('d2').poll()).link).toMatchObject({
      kind: 'cancel',
      id: offered.link?.id,
    });
    await controller.sync();
    expect(controller.view().conditions.map(({ type }) => type)).toContain('Suspended');

    const again = await restart(controller);
    expect(again.view().stoppedAt).not.toBeNull();
    expect((await again.device('d3').poll()).link).toBeNull();
    await again.sync();
    expect((await again.device('d3').poll()).link).toBeNull();

    await again.controller.resume('thermostat');
    expect(await again.device('d3').update()).toBe(2);
    const last = await restart(again);
    expect(last.view().stoppedAt).toBeNull();
  });

  it('is told once, however often it is pulled', async () => {
    const controller = await startOnOne();
    await controller.controller.stop(null);
    const { stoppedAt } = controller.view();
    controller.clock.advance(1_000);
    await controller.controller.stop(null);
    expect(controller.view().stoppedAt).toBe(stoppedAt);
    await controller.controller.resume(null);
    await controller.controller.resume(null);
    const told = (await controller.events()).filter(({ type }) => type.startsWith('Emergency'));
    expect(told.map(({ type }) => type)).toEqual(['EmergencyStopped', 'EmergencyResumed']);
  });

  it('stops the other products where one cannot be reached', async () => {
    let failing = false;
    const controller = await start({
      wrapDriver: (driver) => ({
        ...driver,
        enforce: async (desired) =>
          desired.product === 'a' && failing
            ? fail(failure('FleetUnreachable', 'The cloud is away.', 'retry'))
            : driver.enforce(desired),
      }),
    });
    await controller.apply({
      ...fleetFiles({ product: 'a', firmware: [1] }),
      ...fleetFiles({ product: 'b', firmware: [1] }),
    });
    failing = true;
    expect((await controller.controller.stop(null)).ok).toBe(false);
    expect(controller.view('b').stoppedAt).not.toBeNull();
    expect(controller.gateway.policyOf('b')?.stopped).toBe(true);
    failing = false;
    await controller.sync();
    expect(controller.gateway.policyOf('a')?.stopped).toBe(true);
  });

  it('does not wait for a pass that hangs on a slow binary, and is not undone by it', async () => {
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const url = 'https://binaries.example/2.bin';
    let opened = 0;
    const controller = await startOnOne(['d1'], {
      openUrl: async () => {
        opened += 1;
        if (opened > 1) {
          reached.resolve();
          await gate.promise;
        }
        return ok(feed(binaryOf('thermostat', 2)));
      },
    });
    controller.source.commit(fleetFiles({ firmware: [1, { version: 2, url }] }));
    const synced = controller.sync();
    await reached.promise;
    expect((await controller.controller.stop('thermostat')).ok).toBe(true);
    expect(controller.gateway.policyOf('thermostat')?.stopped).toBe(true);
    gate.resolve();
    await synced;
    expect(controller.view().stoppedAt).not.toBeNull();
    expect(controller.gateway.policyOf('thermostat')?.stopped).toBe(true);
    const again = await restart(controller);
    expect(again.view().stoppedAt).not.toBeNull();
  });
});

describe('a binary', () => {
  it('that cannot be stored refuses its firmware alone, and is tried again', async () => {
    const url = 'https://binaries.example/2.bin';
    const content = binaryOf('thermostat', 2);
    // Read whole when the revision is checked; gone when it is to be stored.
    let answers = 1;
    const controller = await startOnOne(['d1', 'd2'], {
      openUrl: async () => {
        answers -= 1;
        if (answers >= 0) return ok(feed(content));
        return fail(failure('BinaryUnavailable', 'The server is away.', 'retry'));
      },
    });
    await controller.apply(
      fleetFiles({
        firmware: [1, { version: 2, url }, 3],
        locks: { second: { devices: ['d1'], version: 2 }, third: { devices: ['d2'], version: 3 } },
      }),
    );
    expect(
      controller.plan().refusals.find(({ reason }) => reason === 'BinaryMissing'),
    ).toMatchObject({ manifest: 'Firmware/thermostat-2', lifts: 'devices' });
    expect(await controller.device('d2').update()).toBe(3);
    expect((await controller.device('d1').poll()).link).toBeNull();

    answers = 5;
    await controller.sync();
    expect(controller.refusals()).toEqual([]);
    expect(await controller.device('d1').update()).toBe(2);
  });

  it('that was damaged on the disk is not served, and is stored again from the source', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    const sha256 = sha256Of(binaryOf('thermostat', 2));
    await writeFile(join(controller.folder, 'binaries', sha256), 'x'.repeat(880));
    const device = controller.device('d1');
    const { link } = await device.poll();
    const offer = await device.read(link?.href ?? '');
    expect((await device.download(offer.artifact)).status).toBe(503);

    await controller.sync();
    const got = await device.download(offer.artifact);
    expect(got).toMatchObject({ status: 200, sha256, broken: false });
    const before = await controller.events();
    await controller.sync();
    expect(await controller.events()).toEqual(before);
  });

  it('that is withdrawn while it is downloaded is broken off, and not found from then on', async () => {
    const controller = await startOnOne();
    const large = Buffer.alloc(24 * 1024 * 1024, 'firmware two ');
    const files = fleetFiles(TWO);
    const firmware = String(files['thermostat/firmware.yaml']).replace(
      sha256Of(binaryOf('thermostat', 2)),
      sha256Of(large),
    );
    const two = {
      ...files,
      'thermostat/firmware.yaml': firmware,
      'thermostat/firmware/2.bin': large,
    };
    await controller.apply(two);
    const device = controller.device('d1');
    const { link } = await device.poll();
    const offer = await device.read(link?.href ?? '');
    const begun = await fetch(new URL(offer.artifact, controller.url), {
      headers: { authorization: 'GatewayToken gateway-secret' },
    });
    const reader = begun.body?.getReader();
    await reader?.read();
    await controller.apply({
      ...two,
      'thermostat/firmware.yaml': firmware.replace(
        '"version": 2,',
        '"version": 2, "withdrawn": { "reason": "bad" },',
      ),
    });
    await expect(readToEnd(reader)).rejects.toThrow('terminated');
    expect((await device.download(offer.artifact)).status).toBe(404);
    expect((await device.poll()).link?.kind).toBe('cancel');
    expect((await controller.events('FirmwareWithdrawn')).length).toBe(1);
  });
});

describe('withdrawn firmware', () => {
  it('that is given back has to be verified again before its release goes on', async () => {
    const controller = await startOnOne();
    const words = { firmware: [1, 2], release: 2 };
    await controller.apply(fleetFiles(TWO));
    await controller.device('d1').update();
    await controller.sync();
    await controller.apply(fleetFiles(words));
    await controller.apply(
      fleetFiles({ ...words, firmware: [1, { version: 2, withdrawn: true }] }),
    );
    expect((await controller.device('d2').poll()).link).toBeNull();

    await controller.apply(fleetFiles(words));
    expect(controller.refusals()).toEqual(['ReleaseUnverified']);
    expect((await controller.device('d2').poll()).link).toBeNull();

    // The device that still runs it is asked, and its word opens the gate.
    expect((await controller.device('d1').poll()).asks).toBe(true);
    await controller.device('d1').report(2);
    await controller.sync();
    expect(controller.refusals()).toEqual([]);
    expect(await controller.device('d2').update()).toBe(2);
  });
});

describe('a device', () => {
  it('does not see a link again that it answered, and the state shows its word', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles(TWO));
    const device = controller.device('d1');
    const { link } = await device.poll();
    await device.read(link?.href ?? '');
    expect(await device.feedback(link?.id ?? 0, 'closed', 'failure', 'no space')).toBe(200);
    expect((await device.poll()).link).toBeNull();
    const kept = await controller.store.feedback('thermostat', 'd1', link?.id ?? 0);
    expect(kept.map(({ details }) => details)).toEqual([['no space']]);
    expect((await controller.store.action('thermostat', 'd1', link?.id ?? 0))?.state).toBe(
      'failed',
    );

    const other = controller.device('new');
    expect((await other.poll()).asks).toBe(true);
    expect(await other.report(1, { serial: 'A7' })).toBe(200);
    expect((await other.poll()).asks).toBe(false);
    const { key } = await controller.record('new');
    expect(await controller.store.attributes(key)).toEqual({ fw_version: '1', serial: 'A7' });
  });

  it('that is locked or unlocked is told of in the write that does it', async () => {
    const controller = await startOnOne();
    const writes: (readonly string[])[] = [];
    const again = await restart(controller, {
      wrapStore: (store) => ({
        ...store,
        async saveDevice(change) {
          writes.push((change.events ?? []).map(({ type }) => type));
          return store.saveDevice(change);
        },
      }),
    });
    const lock = { bench: { devices: ['d1', 'unknown'], version: 1 } };
    await again.apply(fleetFiles({ firmware: [1], release: 1, locks: lock }));
    await again.apply(fleetFiles({ firmware: [1], release: 1 }));
    expect(writes).toEqual([
      ['DeviceLocked'],
      ['DeviceLocked'],
      ['DeviceUnlocked'],
      ['DeviceUnlocked'],
    ]);
    expect((await again.events('DeviceLocked')).map(({ device }) => device)).toEqual([
      'd1',
      'unknown',
    ]);
  });
});

describe('conditions and convergence', () => {
  it('count those that are offline and those left alone, and wait for the others', async () => {
    const controller = await startOnOne(['d1', 'd2', 'd3', 'd4']);
    await controller.apply(fleetFiles({ ...TWO, fleet: { pollInterval: '10s' } }));
    await controller.device('d1').update();
    await controller.sync();
    const read = async () => {
      const found = await controller.controller.convergence('thermostat');
      if (!found.ok) throw new Error(found.error.message);
      return found.value;
    };
    expect(await read()).toMatchObject({ converged: false, pending: 3 });

    // d2 fails as often as it may; its retries need listening time, for which the others have to be heard.
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const { link } = await controller.device('d2').poll();
      await controller.device('d2').feedback(link?.id ?? 0, 'closed', 'failure');
      for (let slot = 0; slot < 3; slot += 1) {
        await controller.passTime(15_000);
        for (const id of ['d1', 'd3']) await controller.device(id).poll();
      }
    }
    await controller.device('d2').poll();
    await controller.sync();
    expect(await read()).toMatchObject({
      converged: false,
      pending: 3,
      failed: 1,
      inFlight: 1,
    });
    await controller.device('d3').update();
    await controller.device('d2').poll();
    await controller.sync();
    expect(await read()).toEqual({
      converged: true,
      pending: 2,
      offline: { count: 1, names: ['d4'] },
      leftAlone: { count: 1, names: ['d2'] },
      inFlight: 0,
      failed: 1,
    });
    expect(await controller.controller.convergence('nothing')).toMatchObject({ ok: false });
  });

  it('keep the time of their last change, also over a restart', async () => {
    const controller = await startOnOne();
    await controller.sync();
    const [before] = controller.view().conditions;
    expect(before).toMatchObject({ type: 'Ready', status: 'True', reason: 'Converged' });
    controller.clock.advance(60_000);
    const again = await restart(controller);
    await again.sync();
    expect(again.view().conditions[0]?.lastTransitionTime).toBe(before?.lastTransitionTime);

    again.clock.advance(60_000);
    await again.apply(fleetFiles(TWO));
    expect(again.view().conditions[0]).toMatchObject({
      status: 'False',
      reason: 'ReleaseUnverified',
      lastTransitionTime: again.clock.now(),
      observedRevision: 'c3',
    });
  });
});

async function* feed(content: Uint8Array): AsyncIterable<Uint8Array> {
  yield content;
}

async function readToEnd(
  reader: ReadableStreamDefaultReader<Uint8Array> | undefined,
): Promise<void> {
  for (;;) {
    const part = await reader?.read();
    if (part?.done !== false) return;
  }
}

describe('a pass', () => {
  it('is reported with how long it took, and whether all went well', async () => {
    let isAway = false;
    const held: { current: TestController | null } = { current: null };
    const controller = await start({
      wrapDriver: (gateway) => ({
        ...gateway,
        async observe(product, named) {
          held.current?.clock.advance(250);
          return isAway ? fail(FETCH_FAILED) : gateway.observe(product, named);
        },
      }),
    });
    held.current = controller;
    // One that carries something out, or fails to, observes once more at its end; the second finds nothing to do.
    await controller.apply(fleetFiles({ firmware: [1] }));
    await controller.sync();
    isAway = true;
    await controller.controller.sync({});
    expect(controller.passes).toEqual([
      { seconds: 0.5, outcome: 'ok' },
      { seconds: 0.25, outcome: 'ok' },
      { seconds: 0.5, outcome: 'failed' },
    ]);
  });
});
