// Groups by attributes: taken over at a contact, moved by a report, and read no more often than needed.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { bucketOf } from '../../../controller/releases/circle.ts';
import { countCensus } from '../../support/census-count.ts';
import type { DesiredWords } from '../../support/desired.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

describe('a device that is grouped by its attributes', () => {
  let gateway: TestGateway;
  let reads: number;
  const plain: DesiredWords = { firmware: [{ version: 41 }, { version: 42 }] };
  const grouped: DesiredWords = {
    ...plain,
    fleet: { groupBy: ['hw_rev'] },
    matchGroups: { 'rev-b': { hw_rev: 'B' } },
    groupReleases: { 'rev-b': 42 },
  };
  beforeEach(async () => {
    reads = 0;
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          attributes: (key) => {
            reads += 1;
            return ports.store.attributes(key);
          },
        },
      }),
    });
  });
  afterEach(() => gateway.close());

  async function introduce(device: string, revision: string): Promise<void> {
    await gateway.poll(device);
    await gateway.report(device, { fw_version: '41', hw_rev: revision });
  }

  async function isOffered(device: string): Promise<boolean> {
    return (await gateway.poll(device))._links?.deploymentBase !== undefined;
  }

  async function census(): Promise<ReturnType<typeof countCensus>> {
    const observed = await gateway.driver.observe('thermostat', new Set());
    if (!observed.ok) throw new Error(observed.error.message);
    return countCensus(observed.value);
  }

  it('is offered what its group is given, and others are not', async () => {
    await gateway.inForce(grouped);
    await introduce('dev-1', 'B');
    await introduce('dev-2', 'A');
    expect(await isOffered('dev-1')).toBe(true);
    expect(await isOffered('dev-2')).toBe(false);
    expect(await census()).toEqual([
      { version: 41, traits: { hw_rev: 'A' }, dormant: false, buckets: [bucketOf('dev-2')] },
      { version: 41, traits: { hw_rev: 'B' }, dormant: false, buckets: [bucketOf('dev-1')] },
    ]);
  });

  it('is grouped at its next contact when its product begins to group', async () => {
    await gateway.inForce(plain);
    await introduce('dev-1', 'B');
    expect((await gateway.device('dev-1')).traits).toEqual({});
    await gateway.inForce(grouped);
    expect(await isOffered('dev-1')).toBe(true);
    expect((await gateway.device('dev-1')).traits).toEqual({ hw_rev: 'B' });
    expect(await gateway.events('DeviceMoved')).toMatchObject([
      { device: 'dev-1', message: 'Moved from no group to group rev-b: hw_rev is "B" now.' },
    ]);
  });

  it('moves with a report, and the census with it', async () => {
    await gateway.inForce(grouped);
    await introduce('dev-1', 'B');
    await gateway.report('dev-1', { hw_rev: 'C' });
    expect(await isOffered('dev-1')).toBe(false);
    const moves = await gateway.events('DeviceMoved');
    expect(moves.map(({ message }) => message)).toEqual([
      'Moved from no group to group rev-b: hw_rev is "B" now.',
      'Moved from group rev-b to no group: hw_rev is "C" now.',
    ]);
    const buckets = [bucketOf('dev-1')];
    expect(await census()).toEqual([
      { version: 41, traits: { hw_rev: 'C' }, dormant: false, buckets },
    ]);
  });

  it('shows its traits and whether it is dormant where it is named', async () => {
    await gateway.inForce(grouped);
    await introduce('dev-1', 'B');
    const observed = await gateway.driver.observe('thermostat', new Set(['dev-1']));
    expect(observed.ok && observed.value.named.get('dev-1')).toMatchObject({
      traits: { hw_rev: 'B' },
      dormant: false,
    });
  });

  it('loses its traits when its product groups no more, without a look at its attributes', async () => {
    await gateway.inForce(grouped);
    await introduce('dev-1', 'B');
    await gateway.inForce(plain);
    reads = 0;
    await gateway.poll('dev-1');
    expect((await gateway.device('dev-1')).traits).toEqual({});
    expect(reads).toBe(0);
  });

  it('has its attributes read once for new traits, and never while they are current', async () => {
    await gateway.inForce(plain);
    await introduce('dev-1', 'A');
    reads = 0;
    for (let poll = 0; poll < 3; poll += 1) await gateway.poll('dev-1');
    expect(reads).toBe(0);
    await gateway.inForce({ ...grouped, fleet: { groupBy: ['hw_rev', 'region'] } });
    for (let poll = 0; poll < 3; poll += 1) await gateway.poll('dev-1');
    expect(reads).toBe(1);
    expect((await gateway.device('dev-1')).traits).toEqual({ hw_rev: 'A', region: null });
  });
});
