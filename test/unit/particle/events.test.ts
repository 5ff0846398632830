// The event stream as a hint: what is read out of it, and how it is kept open.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { createBudget } from '../../../controller/fleets/particle/budget.ts';
import type { Client } from '../../../controller/fleets/particle/client.ts';
import { createClient } from '../../../controller/fleets/particle/client.ts';
import { followEvents } from '../../../controller/fleets/particle/follow-events.ts';
import { NO_NEWS } from '../../../controller/fleets/particle/mirror-fleet.ts';
import type { CloudEvent } from '../../../controller/fleets/particle/read-events.ts';
import {
  addNews,
  firmwareOf,
  isAboutDevice,
  isAboutFirmware,
  readEvents,
} from '../../../controller/fleets/particle/read-events.ts';
import type { ParticleCloud } from '../../../controller/simulator/particle/particle-cloud.ts';
import { startParticleCloud } from '../../../controller/simulator/particle/particle-cloud.ts';
import { SLUG } from '../../support/particle/managed-cloud.ts';

async function read(...parts: readonly string[]): Promise<readonly CloudEvent[]> {
  async function* bytes(): AsyncIterable<Uint8Array> {
    for (const part of parts) yield new TextEncoder().encode(part);
  }
  const events: CloudEvent[] = [];
  for await (const event of readEvents(bytes(), () => {})) events.push(event);
  return events;
}

const event = (name: string, data: string, version: number | null = null): CloudEvent => ({
  name,
  data,
  source: 'e00fce68',
  version,
  user: null,
});

describe('events', () => {
  it('are read in any pieces, and trimmed', async () => {
    const text =
      ':ok\n\nevent: spark/flash/status\ndata: {"data":"success ","coreid":"e00fce68","version":42,"userid":""}\n\n';
    const expected = [event('spark/flash/status', 'success', 42)];
    expect(await read(text)).toEqual(expected);
    expect(await read(...text.split(''))).toEqual(expected);
    expect(await read(text.replaceAll('\n', '\r\n'))).toEqual(expected);
  });

  it('that cannot be read are left out, whatever comes after', async () => {
    const good = 'event: spark/status\ndata: {"data":"online","coreid":"a"}\n\n';
    for (const bad of [
      'data: {"data":"online","coreid":"a"}\n\n',
      'event: spark/status\ndata: {"data":\n\n',
      'event: spark/status\ndata: []\n\n',
      'event: spark/status\ndata: {"data":"online"}\n\n',
      'x'.repeat(70_000),
    ]) {
      const separated = bad.endsWith('\n') ? bad : `${bad}\n\n`;
      expect(await read(separated, good)).toHaveLength(1);
    }
  });

  it('say of a transfer how it went, twice or out of order', () => {
    const play = (...states: readonly string[]): string | null =>
      states.reduce((news, data) => addNews(news, event('spark/flash/status', data)), NO_NEWS)
        .transfer;
    expect(play('started')).toBe('started');
    expect(play('started', 'success')).toBe('success');
    expect(play('success', 'started')).toBe('success');
    expect(play('success', 'success')).toBe('success');
    expect(play('success', 'failed')).toBe('success');
    expect(play('failed', 'started')).toBe('failed');
    expect(play('progress')).toBeNull();
  });

  it('name the digest of an application with the version that it is of', () => {
    const hash = 'AB'.repeat(32);
    const named = addNews(NO_NEWS, event('spark/device/app-hash', hash, 42));
    expect(named.appHash).toEqual({ hash: hash.toLowerCase(), version: 42 });
    for (const [data, version] of [
      ['short', 42],
      [hash, null],
      [hash, 0],
    ] as const) {
      expect(addNews(NO_NEWS, event('spark/device/app-hash', data, version)).appHash).toBeNull();
    }
    expect(addNews(NO_NEWS, event('spark/device/last_reset', 'panic')).lastReset).toBe('panic');
  });

  it('are about a device, about firmware, or about nothing that matters', () => {
    expect(isAboutDevice(event('spark/status', 'online'))).toBe(true);
    expect(isAboutDevice(event('my/temperature', '21'))).toBe(false);
    expect(isAboutFirmware(event('particle/firmware/create', '{"version":"3"}'))).toBe(true);
    expect(firmwareOf(event('particle/firmware/create', '{"version":"3"}'))).toBe(3);
    expect(firmwareOf(event('particle/firmware/release', '{"immediate":true,"version":1}'))).toBe(
      1,
    );
    expect(firmwareOf(event('particle/firmware/release', 'version 1'))).toBeNull();
  });
});

describe('a stream', () => {
  let cloud: ParticleCloud;
  let client: Client;
  let opened = 0;
  const heard: CloudEvent[] = [];
  const warnings: string[] = [];
  let end: () => Promise<void>;

  beforeEach(async () => {
    cloud = await startParticleCloud({ slug: SLUG });
    opened = 0;
    heard.length = 0;
    warnings.length = 0;
    const clock = { now: () => Date.now(), monotonicMs: () => performance.now() };
    const sleep = async (): Promise<void> => {};
    const budget = createBudget({ clock, sleep });
    client = createClient({ api: cloud.url, token: cloud.token, budget, now: clock.now, sleep });
    end = followEvents(
      SLUG,
      { client, random: () => 0, warn: (line) => void warnings.push(line), pace: 0.005 },
      { opened: () => void (opened += 1), event: (each) => void heard.push(each) },
    );
    await until(() => cloud.streams.open === 1);
  });
  afterEach(async () => {
    await end();
    await client.close();
    await cloud.close();
  });

  it('brings events', async () => {
    cloud.fleet.at(0).reset();
    cloud.advance(9_000);
    await until(() => heard.length > 0);
    expect(heard.map(({ name }) => name)).toContain('spark/status');
  });

  it('that is silent is opened again', async () => {
    await until(() => opened >= 3);
    expect(cloud.streams.open).toBeLessThanOrEqual(1);
  });

  it('that is cut is opened again', async () => {
    cloud.streams.cut();
    await until(() => opened >= 2);
    expect(cloud.streams.open).toBeLessThanOrEqual(1);
  });

  it('that cannot be opened is told once, and tried again', async () => {
    cloud.trouble.events.refusal = 429;
    cloud.streams.cut();
    const refused = (): number => warnings.filter((line) => line.includes('too many')).length;
    await until(() => refused() > 0);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(refused()).toBe(1);
    cloud.trouble.events.refusal = null;
    await until(() => opened >= 2);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let wait = 0; wait < 400 && !holds(); wait += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (!holds()) throw new Error('it never came to that');
}
