// The desk does to a device's record what the same requests would, and answers as they would.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Feedback } from '../../../controller/devices/feedback.ts';
import type { DeviceDesk, DeskPoll } from '../../../controller/fleets/gateway/desk.ts';
import type { DeviceRecord } from '../../../controller/model/device.ts';
import { GATEWAY_TOKEN } from '../../support/device-request.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import {
  artifactLink,
  bringToOffer,
  introduce,
  pollOffer,
  readDeployment,
  tell,
  tellCancel,
} from './flow.ts';

const PRODUCT = 'thermostat';
const SUCCESS = word('closed', 'success');

describe('the desk', () => {
  let gateway: TestGateway;
  let desk: DeviceDesk;
  const words = { firmware: [{ version: 41 }, { version: 42 }], release: 42 };
  beforeEach(async () => {
    gateway = await startGateway();
    desk = gateway.driver.desk;
    await gateway.inForce(words);
  });
  afterEach(() => gateway.close());

  async function offerTo(device: string): Promise<number> {
    await desk.poll(PRODUCT, device);
    expect(await desk.report(PRODUCT, device, { fw_version: '41' })).toBe(200);
    return actionOf(await desk.poll(PRODUCT, device));
  }

  it('registers a stranger, asks for its attributes, and says when to come back', async () => {
    expect(await desk.poll(PRODUCT, 'dev-1')).toEqual({
      status: 200,
      link: null,
      asksAttributes: true,
      sleepMs: 300_000,
    });
    expect(await gateway.device('dev-1')).toMatchObject({ standing: 'active' });
  });

  it('does to the record of a device what the same requests do, step by step', async () => {
    const { id, href } = await bringToOffer(gateway, 'dev-http');
    const action = await offerTo('dev-desk');
    const steps: readonly (readonly [
      http: () => Promise<unknown>,
      desk: () => Promise<unknown>,
    ])[] = [
      [
        () => tell(gateway, 'dev-http', id, 'proceeding', 'none'),
        () => desk.feedback(PRODUCT, 'dev-desk', action, word('proceeding', 'none')),
      ],
      [
        async () => gateway.ask('GET', artifactLink(await readDeployment(gateway, href))),
        () => desk.fetch(PRODUCT, 'dev-desk', action),
      ],
      [
        () => tell(gateway, 'dev-http', id, 'closed', 'success'),
        () => desk.feedback(PRODUCT, 'dev-desk', action, SUCCESS),
      ],
      [
        () => gateway.report('dev-http', { fw_version: '42' }),
        () => desk.report(PRODUCT, 'dev-desk', { fw_version: '42' }),
      ],
    ];
    for (const [askHttp, askDesk] of steps) {
      await askHttp();
      await askDesk();
      // That a binary was delivered is noted after its last byte.
      await vi.waitFor(async () =>
        expect(shapeOf(await gateway.device('dev-desk'))).toEqual(
          shapeOf(await gateway.device('dev-http')),
        ),
      );
    }
    expect(await gateway.device('dev-desk')).toMatchObject({
      running: 42,
      outcome: { version: 42, state: 'succeeded' },
    });
    const [viaHttp, viaDesk] = await Promise.all(
      ['dev-http', 'dev-desk'].map(async (device) =>
        (await gateway.events()).filter((event) => event.device === device),
      ),
    );
    expect(viaDesk?.map(({ type }) => type)).toEqual(viaHttp?.map(({ type }) => type));
  });

  it('serves an action whole, and tells what it is', async () => {
    const action = await offerTo('dev-1');
    expect(await desk.fetch(PRODUCT, 'dev-1', action)).toMatchObject({
      status: 200,
      version: 42,
      reportedAs: '42',
    });
    expect(await gateway.device('dev-1')).toMatchObject({
      action: { phase: 'fetched' },
      given: { version: 42 },
    });
  });

  it('serves nothing of an action that is not there, over, or held before it was fetched', async () => {
    const action = await offerTo('dev-1');
    expect(await desk.fetch(PRODUCT, 'dev-1', action + 1)).toEqual({ status: 404 });
    expect(await desk.fetch(PRODUCT, 'dev-2', action)).toEqual({ status: 404 });
    await gateway.inForce({ ...words, rollout: { paused: true } });
    expect(await desk.fetch(PRODUCT, 'dev-1', action)).toEqual({ status: 404 });
    await gateway.inForce(words);
    expect(await desk.fetch(PRODUCT, 'dev-1', action)).toMatchObject({ status: 200 });
    await gateway.inForce({ ...words, rollout: { paused: true } });
    expect(await desk.fetch(PRODUCT, 'dev-1', action)).toMatchObject({ status: 200 });
    await desk.feedback(PRODUCT, 'dev-1', action, word('closed', 'failure'));
    expect(await desk.fetch(PRODUCT, 'dev-1', action)).toEqual({ status: 404 });
  });

  it('takes the answer to a cancel', async () => {
    const action = await offerTo('dev-1');
    await introduce(gateway, 'dev-2');
    const other = await pollOffer(gateway, 'dev-2');
    await gateway.inForce({ ...words, release: 41 });
    expect(await desk.poll(PRODUCT, 'dev-1')).toMatchObject({
      link: { kind: 'cancel', actionId: action },
    });
    await gateway.poll('dev-2');
    expect(await desk.answerCancel(PRODUCT, 'dev-1', action, SUCCESS)).toBe(200);
    await tellCancel(gateway, 'dev-2', other.id, 'closed', 'success');
    expect(shapeOf(await gateway.device('dev-1'))).toEqual(shapeOf(await gateway.device('dev-2')));
    expect(await desk.answerCancel(PRODUCT, 'dev-1', action, word('rejected', 'none'))).toBe(405);
  });

  it('answers with the status that a request would get', async () => {
    expect(await desk.poll('kettle', 'dev-1')).toEqual({ status: 404 });
    expect(await desk.report('kettle', 'dev-1', { a: 'b' })).toBe(404);
    expect(await desk.report(PRODUCT, 'dev-1', { a: 'b' })).toBe(404);
    expect(await desk.feedback(PRODUCT, 'dev-1', 1_001, SUCCESS)).toBe(404);
    const action = await offerTo('dev-1');
    expect(await desk.feedback(PRODUCT, 'dev-1', action + 1, SUCCESS)).toBe(404);
    await desk.feedback(PRODUCT, 'dev-1', action, word('closed', 'failure'));
    expect(await desk.feedback(PRODUCT, 'dev-1', action, SUCCESS)).toBe(410);
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`a${n}`, 'b']));
    expect(await desk.report(PRODUCT, 'dev-1', many)).toBe(429);
  });

  it('takes its callers at their word, and requests no more than before', async () => {
    await gateway.issueToken('dev-1', 'its-own');
    expect((await desk.poll(PRODUCT, 'dev-1')).status).toBe(200);
    const path = '/thermostat/controller/v1/dev-9';
    for (const auth of [null, 'admitted', 'Admitted', `Admitted ${GATEWAY_TOKEN}`]) {
      expect((await gateway.ask('GET', path, { auth })).status).toBe(401);
    }
  });
});

function word(execution: Feedback['execution'], finished: Feedback['finished']): Feedback {
  return { execution, finished, progress: null, code: null, details: [] };
}

function actionOf(polled: DeskPoll): number {
  if (polled.status !== 200 || polled.link === null) throw new Error('nothing was offered');
  return polled.link.actionId;
}

/** A record without what names the device and its action; `rev` aside, since a fetch takes several requests. */
function shapeOf(device: DeviceRecord): unknown {
  const { id: _id, key: _key, rev: _rev, action, ...rest } = device;
  return { ...rest, action: action === null ? null : { ...action, id: 0 } };
}
