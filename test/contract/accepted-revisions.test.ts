// Which revisions the controller goes to: not to one that its source does not trust, and not back to one that the
// revision in force contains.

import { afterEach, describe, expect, it } from 'vitest';

import { type Failure, failure } from '../../controller/base/failure.ts';
import { fail } from '../../controller/base/result.ts';
import { fleetFiles } from '../property/support/fleet-repo.ts';
import type { TestController, TestControllerOptions } from '../support/controller.ts';
import { createTestSource, startController } from '../support/controller.ts';

let running: TestController | null = null;
afterEach(async () => {
  await running?.close();
  running = null;
});

/** Version 1 is known; the revision in force is `c1`. */
async function startOnOne(options: TestControllerOptions = {}): Promise<TestController> {
  running = await startController(options);
  await running.apply(fleetFiles({ firmware: [1] }));
  return running;
}

function reasonsOf(controller: TestController): readonly string[] {
  return [
    ...controller.controller.view().problems.map(({ reason }) => reason),
    ...controller.view().conditions.map(({ type, reason }) => `${type} ${reason}`),
  ];
}

const firmwareOf = (controller: TestController) =>
  controller.view().inForce.firmware.map(({ spec }) => spec.version);

describe('a revision that is not trusted', () => {
  it('waits: what is in force stays, and problems and conditions name the commit', async () => {
    const controller = await startOnOne();
    const revision = controller.source.commit(fleetFiles({ firmware: [1, 2] }));
    controller.source.distrust(revision, 'it carries no signature');
    const report = await controller.sync();
    expect(report.revision).toBe('c1');
    expect(report.plan.errors.map(({ reason }) => reason)).toEqual(['CommitNotTrusted']);
    expect(reasonsOf(controller)).toEqual([
      'CommitNotTrusted',
      'Ready CommitNotTrusted',
      'Stalled CommitNotTrusted',
    ]);
    expect(
      controller
        .view()
        .conditions.map(({ message }) => message)
        .join(),
    ).toContain('Commit c2 “A change” is not trusted: it carries no signature.');
    expect(firmwareOf(controller)).toEqual([1]);
    expect(controller.controller.view().revisionSeen).toBe('c2');
    const told = await controller.events();
    expect(told.filter(({ type }) => type === 'SourceWaiting')).toMatchObject([
      {
        product: null,
        revision: 'c2',
        message: expect.stringMatching(/^CommitNotTrusted: Commit c2 “A change” is not trusted/),
      },
    ]);
    await controller.sync();
    expect(await controller.events()).toEqual(told);

    controller.source.distrust(revision, null);
    await controller.sync();
    expect(firmwareOf(controller)).toEqual([1, 2]);
    expect(controller.controller.view().problems).toEqual([]);
  });

  it('is told once in the log, however often the process starts, and each of its kind', async () => {
    const controller = await startOnOne();
    const waiting = async (each: TestController): Promise<readonly (string | null)[]> =>
      (await each.events('SourceWaiting')).map(({ revision }) => revision);
    const second = controller.source.commit(fleetFiles({ firmware: [1, 2] }));
    controller.source.distrust(second, 'it carries no signature');
    await controller.sync();
    running = await controller.restart();
    await running.sync();
    expect(await waiting(running)).toEqual(['c2']);
    const third = running.source.commit(fleetFiles({ firmware: [1, 3] }));
    running.source.distrust(third, 'it carries no signature');
    await running.sync();
    await running.sync();
    expect(await waiting(running)).toEqual(['c2', 'c3']);
  });

  it('is not gone to by its name either, and no acceptance of a history makes it trusted', async () => {
    const controller = await startOnOne();
    const next = controller.source.commit(fleetFiles({ firmware: [1, 2] }));
    controller.source.distrust(next, 'bad');
    const other = controller.source.rewrite(fleetFiles({ firmware: [1, 3] }));
    controller.source.distrust(other, 'bad');
    for (const request of [{ revision: next }, { revision: other, acceptHistory: true }]) {
      const report = await controller.sync(request);
      expect(report.plan.errors.map(({ reason }) => reason)).toEqual(['CommitNotTrusted']);
      expect(firmwareOf(controller)).toEqual([1]);
    }
    // A rewritten history is told first.
    expect((await controller.sync()).plan.errors.map(({ reason }) => reason)).toEqual([
      'HistoryRewritten',
    ]);
  });

  it('is judged on the way from the revision accepted last, which the state remembers', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2] }));
    running = await controller.restart();
    controller.source.distrust('c2', 'its key was taken off the list');
    await running.sync();
    expect(running.controller.view().problems).toEqual([]);
    await running.apply(fleetFiles({ firmware: [1, 2, 3] }));
    expect(firmwareOf(running)).toEqual([1, 2, 3]);
    expect(controller.source.judged).toEqual(['..c1', 'c1..c2', 'c2..c3']);
  });

  it('as the first of all is the failure of going there, and puts nothing in force', async () => {
    const source = createTestSource();
    source.distrust('c1', 'it carries no signature');
    source.commit(fleetFiles({ firmware: [1] }));
    running = await startController({ source, loop: true });
    const synced = await running.controller.sync({});
    expect(synced).toMatchObject({
      ok: false,
      error: { code: 'CommitNotTrusted', disposition: 'stall' },
    });
    expect(running.controller.view()).toMatchObject({ ready: false, products: [] });
    const { logLines, controller } = running;
    const { sourceReadAt } = controller.view();
    running.clock.advance(1);
    await expect.poll(() => controller.view().sourceReadAt).toBeGreaterThan(sourceReadAt ?? 0);
    await controller.sync({});
    expect(logLines.filter((line) => line.includes('is not trusted')).length).toBe(1);
  });

  it('that cannot be judged now is a source that cannot be read', async () => {
    const source = createTestSource();
    let away: Failure | null = null;
    const controller = await startOnOne({
      source: {
        ...source,
        judge: async (...asked) => (away === null ? source.judge(...asked) : fail(away)),
      },
    });
    source.commit(fleetFiles({ firmware: [1, 2] }));
    away = failure('SourceUnavailable', 'There is no ssh-keygen program.', 'stall');
    expect(await controller.controller.sync({})).toEqual(fail(away));
    expect(controller.controller.view().sourceFailure).toEqual(away);
    away = null;
    await controller.sync();
    expect(firmwareOf(controller)).toEqual([1, 2]);
  });
});

describe('a revision that is asked for late', () => {
  it('is contained in the one in force, which stays and is the one reported', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2] }));
    await controller.apply(fleetFiles({ firmware: [1, 2, 3] }));
    const told = await controller.events();
    for (const revision of ['c1', 'c2', 'c3']) {
      const report = await controller.sync({ revision });
      expect(report.revision).toBe('c3');
      expect(report.plan.errors).toEqual([]);
    }
    expect(controller.controller.view()).toMatchObject({ problems: [], revisionSeen: 'c3' });
    expect(firmwareOf(controller)).toEqual([1, 2, 3]);
    expect(await controller.events()).toEqual(told);
  });

  it('is contained also after a restart, and what is in force is read again', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2] }));
    running = await controller.restart();
    expect((await running.sync({ revision: 'c1' })).revision).toBe('c2');
    expect(firmwareOf(running)).toEqual([1, 2]);
    expect(running.controller.view().sourceReadAt).not.toBeNull();
  });

  it('does not hide a later tip that waits for a person', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2] }));
    controller.source.distrust(controller.source.commit(fleetFiles({ firmware: [3] })), 'bad');
    await controller.sync();
    await controller.sync({ revision: 'c1' });
    expect(reasonsOf(controller)).toContain('CommitNotTrusted');
    expect(controller.controller.view().revisionSeen).toBe('c3');
  });

  it('is gone to where a person accepts that, and a tip that went back still waits', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2] }));
    controller.source.moveTo('c1');
    expect((await controller.sync()).plan.errors.map(({ reason }) => reason)).toEqual([
      'HistoryRewritten',
    ]);
    const report = await controller.sync({ revision: 'c1', acceptHistory: true });
    expect(report.revision).toBe('c1');
  });

  it('on a side branch is a rewritten history as before', async () => {
    const controller = await startOnOne();
    await controller.apply(fleetFiles({ firmware: [1, 2] }));
    controller.source.moveTo('c1');
    const side = controller.source.commit(fleetFiles({ firmware: [1, 3] }));
    controller.source.moveTo('c2');
    const report = await controller.sync({ revision: side });
    expect(report.plan.errors.map(({ reason }) => reason)).toEqual(['HistoryRewritten']);
  });
});
