// Two things at once: a write that another comes before, a policy that is swapped in between, a report that overtakes
// the note of a delivery.

import { afterEach, describe, expect, it } from 'vitest';

import type { DeviceChange, Store } from '../../../controller/stores/store.ts';
import { devicePath, startGateway, type TestGateway } from '../../support/gateway.ts';
import { artifactLink, bringToOffer, introduce, pollOffer, readDeployment, tell } from './flow.ts';

const words = { firmware: [{ version: 41 }, { version: 42 }], release: 42 };

describe('a contact', () => {
  let gateway: TestGateway;
  afterEach(() => gateway.close());

  /** Starts a gateway that runs `before` ahead of each write of a device. */
  async function start(
    before: (change: DeviceChange, store: Store) => Promise<void>,
  ): Promise<void> {
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        store: {
          ...ports.store,
          async saveDevice(change) {
            await before(change, ports.store);
            return ports.store.saveDevice(change);
          },
        },
      }),
    });
    await gateway.inForce(words);
  }

  it('is decided again when another write came first', async () => {
    let races = 0;
    await start(async ({ before, after }, store) => {
      if (races === 0 || before === null || after === null) return;
      races -= 1;
      await store.saveDevice({ before, after: { ...before, boot: `race ${races}` } });
    });
    await gateway.poll('dev-1');
    races = 2;
    await gateway.report('dev-1', { fw_version: '41' });
    expect(await gateway.device('dev-1')).toMatchObject({ running: 41, boot: 'race 0' });
  });

  it('is told to come back when it loses every race', async () => {
    let isRacing = false;
    await start(async ({ before }, store) => {
      if (!isRacing || before === null) return;
      await store.saveDevice({ before, after: { ...before, boot: String(before.rev) } });
    });
    await gateway.poll('dev-1');
    isRacing = true;
    const body = { data: { fw_version: '41' } };
    const path = `${devicePath('dev-1')}/configData`;
    expect((await gateway.ask('PUT', path, { body })).status).toBe(503);
  });

  it('is answered by the policy that is in force when the answer is given', async () => {
    let isSwapping = false;
    await start(async ({ events }) => {
      if (!isSwapping || events?.some(({ type }) => type === 'ActionOffered') !== true) return;
      isSwapping = false;
      await gateway.inForce({ ...words, release: 41 });
    });
    await introduce(gateway, 'dev-1');
    isSwapping = true;
    const { _links } = await gateway.poll('dev-1');
    expect(Object.keys(_links ?? {})).toEqual(['cancelAction']);
  });

  it('that fetches gets nothing that was withdrawn while its file was looked up', async () => {
    let isWithdrawing = false;
    gateway = await startGateway({
      wrap: (ports) => ({
        ...ports,
        binaries: {
          ...ports.binaries,
          async locate(sha256) {
            const located = await ports.binaries.locate(sha256);
            if (isWithdrawing) {
              await gateway.inForce({
                firmware: [{ version: 41 }, { version: 42, withdrawn: true }],
              });
            }
            return located;
          },
        },
      }),
    });
    await gateway.inForce(words);
    const { href } = await bringToOffer(gateway, 'dev-1');
    const link = artifactLink(await readDeployment(gateway, href));
    isWithdrawing = true;
    expect((await gateway.ask('GET', link)).status).toBe(404);
  });

  it('that reports waits for the note of a delivery that is on its way to the disk', async () => {
    await start(async ({ before, after }) => {
      // A slow disk.
      if (before?.given !== after?.given) await new Promise((resolve) => setTimeout(resolve, 100));
    });
    await gateway.inForce({ firmware: words.firmware }, { verified: [41] });
    await gateway.lock('dev-1', 42);
    const { href } = await bringToOffer(gateway, 'dev-1');
    await gateway.ask('GET', artifactLink(await readDeployment(gateway, href)));
    await gateway.report('dev-1', { fw_version: '42' });
    const evidence = await gateway.store.evidence('thermostat');
    expect(evidence).toMatchObject([{ device: 'dev-1', level: 'flashed' }]);
  });

  it('counts for a lock as soon as it was made, also before it is written', async () => {
    await start(async () => {});
    await introduce(gateway, 'dev-1');
    await gateway.pass(20 * 60_000);
    await gateway.poll('dev-1');
    await gateway.lock('dev-1', 41, 'on-reset');
    await gateway.poll('dev-1');
    expect((await gateway.device('dev-1')).lock?.armed).toBe(false);
  });

  it('uses an action id up only when it offers one', async () => {
    await start(async () => {});
    await Promise.all(Array.from({ length: 10 }, (_, n) => introduce(gateway, `dev-${n}`)));
    const offers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => pollOffer(gateway, `dev-${n}`)),
    );
    const ids = offers.map(({ id }) => Number(id)).sort((one, other) => one - other);
    expect(new Set(ids).size).toBe(10);
    expect((ids.at(-1) ?? 0) - (ids[0] ?? 0)).toBe(9);
  });

  it('with feedback is kept, also when several come at once', async () => {
    await start(async () => {});
    const { id } = await bringToOffer(gateway, 'dev-1');
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((line) => tell(gateway, 'dev-1', id, 'proceeding', 'none', [line])),
    );
    const kept = await gateway.store.feedback('thermostat', 'dev-1', Number(id));
    expect(kept.flatMap((entry) => entry.details).sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
