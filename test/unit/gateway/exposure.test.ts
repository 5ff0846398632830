// Staged releases over a real socket: who is offered a version, what a hold and a rollback do, and stepping stones.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { DesiredWords } from '../../support/desired.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import type { TrackWords } from '../../support/tracks.ts';
import {
  artifactLink,
  bringToOffer,
  introduce,
  pollOffer,
  readDeployment,
  tell,
  tellCancel,
} from './flow.ts';
import { deviceIn } from './places.ts';

const HALT = { at: 0, failed: 3, succeeded: 1, message: '3 of 4 failed.' };
const inside = deviceIn(42, 0, 1_000);
const outside = deviceIn(42, 1_000, 10_000);

describe('a staged release', () => {
  let gateway: TestGateway;
  const words: DesiredWords = {
    firmware: [{ version: 40 }, { version: 41 }, { version: 42 }],
    release: 42,
  };
  beforeEach(async () => {
    gateway = await startGateway();
    await release({ limit: 1_000 });
  });
  afterEach(() => gateway.close());

  async function release(track: TrackWords, more: DesiredWords = {}): Promise<void> {
    await gateway.inForce({ ...words, ...more }, { tracks: { '': { base: 41, ...track } } });
  }

  async function offeredVersion(device: string): Promise<string | null> {
    const href = (await gateway.poll(device))._links?.deploymentBase?.href;
    if (href === undefined) return null;
    return (await readDeployment(gateway, href)).deployment.chunks[0]?.version ?? '';
  }

  it('reaches devices inside its exposure, and no others', async () => {
    await introduce(gateway, inside);
    await introduce(gateway, outside);
    expect(await offeredVersion(inside)).toBe('42');
    expect(await offeredVersion(outside)).toBeNull();
    await release({ limit: 10_000 });
    expect(await offeredVersion(outside)).toBe('42');
  });

  it('leaves devices outside alone, and brings those older than the base to the base', async () => {
    await introduce(gateway, outside, '40');
    expect(await offeredVersion(outside)).toBe('41');
    expect((await gateway.device(outside)).action).toMatchObject({ round: 0 });
  });

  it('counts an attempt for its round', async () => {
    const { id } = await bringToOffer(gateway, inside);
    await release({ limit: 1_000, round: 7 });
    await gateway.poll(inside);
    await tell(gateway, inside, id, 'closed', 'failure', ['no space']);
    expect(await gateway.device(inside)).toMatchObject({
      outcome: { version: 42, round: 7, state: 'failed' },
      failures: { round: 7, count: 1 },
    });
    await release({ limit: 1_000, round: 8 });
    expect(await offeredVersion(inside)).toBe('42');
    expect((await gateway.device(inside)).outcome).toMatchObject({ round: 8, state: 'inFlight' });
  });

  it('takes back what nobody fetched when it is held, and offers nothing to anybody', async () => {
    const { id, href } = await bringToOffer(gateway, inside);
    await introduce(gateway, outside);
    await release({ limit: 10_000, halt: { ...HALT, action: 'hold' } });
    expect((await gateway.ask('GET', href)).status).toBe(404);
    const { _links } = await gateway.poll(inside);
    expect(Object.keys(_links ?? {})).toEqual(['cancelAction']);
    expect((await tellCancel(gateway, inside, id, 'closed', 'success')).status).toBe(200);
    expect(await offeredVersion(inside)).toBeNull();
    expect(await offeredVersion(outside)).toBeNull();
  });

  it('lets a device finish what it had fetched before the hold', async () => {
    const { id, href } = await bringToOffer(gateway, inside);
    await readDeployment(gateway, href);
    await release({ limit: 10_000, halt: { ...HALT, action: 'hold' } });
    const again = await pollOffer(gateway, inside);
    expect(again.id).toBe(id);
    const link = artifactLink(await readDeployment(gateway, again.href));
    const download = await gateway.ask('GET', link);
    expect(download.body.equals(gateway.binaryOf(42))).toBe(true);
    await tell(gateway, inside, id, 'closed', 'success');
    await gateway.report(inside, { fw_version: '42' });
    expect(await gateway.device(inside)).toMatchObject({
      running: 42,
      action: null,
      outcome: { version: 42, state: 'succeeded' },
      given: { version: 42 },
    });
  });

  it('returns devices to the base when it is rolled back', async () => {
    await introduce(gateway, inside, '42');
    await introduce(gateway, outside, '41');
    await release({ limit: 0, rolledBack: [42], halt: { ...HALT, action: 'rollback' } });
    expect(await offeredVersion(inside)).toBe('41');
    expect(await offeredVersion(outside)).toBeNull();
    const { id } = await pollOffer(gateway, inside);
    await tell(gateway, inside, id, 'closed', 'success');
    await gateway.report(inside, { fw_version: '41' });
    expect(await offeredVersion(inside)).toBeNull();
    expect((await gateway.device(inside)).running).toBe(41);
  });

  it('takes a device over its stepping stone, and then on', async () => {
    const firmware = [{ version: 40 }, { version: 41 }, { version: 42, requiresFrom: 41 }];
    await release({ limit: 1_000, base: null }, { firmware });
    await introduce(gateway, inside, '40');
    expect(await offeredVersion(inside)).toBe('41');
    expect((await gateway.device(inside)).action).toMatchObject({ version: 41, goal: 42 });
    const { id } = await pollOffer(gateway, inside);
    await tell(gateway, inside, id, 'closed', 'success');
    await gateway.report(inside, { fw_version: '41' });
    expect(await offeredVersion(inside)).toBe('42');
    expect((await gateway.device(inside)).action).toMatchObject({ version: 42, goal: 42 });
  });
});
