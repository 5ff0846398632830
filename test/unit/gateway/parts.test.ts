// The pure and the small parts of the gateway, one by one.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { chooseType } from '../../../controller/fleets/gateway/accept.ts';
import { createActionIds } from '../../../controller/fleets/action-ids.ts';
import { planFile } from '../../../controller/fleets/gateway/byte-range.ts';
import { createContactBuffer } from '../../../controller/fleets/gateway/contact-buffer.ts';
import {
  hashToken,
  isAllowed,
  readCredentials,
} from '../../../controller/fleets/gateway/credentials.ts';
import { createExhaustedRounds } from '../../../controller/fleets/gateway/exhausted-rounds.ts';
import { formatSleep } from '../../../controller/fleets/gateway/documents.ts';
import { baseUrl, deviceLinks } from '../../../controller/fleets/gateway/links.ts';
import { createRegistrationCap } from '../../../controller/fleets/gateway/registration-cap.ts';
import {
  createServedProducts,
  momentFor,
} from '../../../controller/fleets/gateway/served-products.ts';
import { createSteadyClock } from '../../../controller/fleets/steady-clock.ts';
import { startListening } from '../../../controller/devices/listening.ts';
import { compilePolicy } from '../../../controller/devices/policy.ts';
import { expectedDevice } from '../../../controller/model/device.ts';
import { buildDesired } from '../../support/desired.ts';
import { createTestClock, TEST_START } from '../../support/gateway.ts';

describe('the sleep of a poll', () => {
  it('is a clock time above zero and below a day for any interval', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 * 86_400_000 }), (ms) => {
        const sleep = formatSleep(ms);
        expect(sleep).toMatch(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/);
        expect(sleep).not.toBe('00:00:00');
      }),
    );
    expect(formatSleep(5_025_000)).toBe('01:23:45');
    expect(formatSleep(48 * 3_600_000)).toBe('23:59:59');
  });
});

describe('links', () => {
  it('start with what the device used, or with the public URL', () => {
    expect(baseUrl(null, 'fleet.example:8080', false)).toBe('http://fleet.example:8080');
    expect(baseUrl(null, '[::1]:8080', true)).toBe('https://[::1]:8080');
    expect(baseUrl('https://public.example/', 'inner:1', false)).toBe('https://public.example');
  });

  it('are not built from a Host header that is none', () => {
    for (const host of [undefined, '', 'a b', 'evil"', 'a/b', 'a@b', 'a?b', 'x:y', '[::1']) {
      expect([host, baseUrl(null, host, false)]).toEqual([host, null]);
    }
  });

  it('write the tenant as the device did, and `default` as old Zephyr looks for it', () => {
    expect(deviceLinks('http://h', 'Thermo', 'd 1/2').configData).toBe(
      'http://h/Thermo/controller/v1/d%201%2F2/configData',
    );
    expect(deviceLinks('http://h', 'default', 'd').cancel(7)).toBe(
      'http://h/DEFAULT/controller/v1/d/cancelAction/7',
    );
  });

  it('keep to the lengths of old Zephyr buffers', () => {
    const links = deviceLinks('http://192.168.100.200:65535', 'a'.repeat(30), 'f'.repeat(32));
    const self = links.configData.slice(0, -'/configData'.length);
    expect(links.deployment(2_147_483_647, 'f'.repeat(64)).length - self.length).toBeLessThan(50);
    const artifact = links.artifact(65_534, 'x'.repeat(64));
    expect(new URL(artifact).pathname.length).toBeLessThan(200);
    expect(artifact.length).toBeLessThan(300);
  });
});

describe('the Accept header', () => {
  it.each([
    [undefined, 'application/hal+json'],
    ['*/*', 'application/hal+json'],
    ['application/json', 'application/json'],
    ['application/json;charset=UTF-8', 'application/json'],
    ['application/hal+json', 'application/hal+json'],
    ['text/html, application/hal+json;q=0.9', 'application/hal+json'],
    ['application/cbor, application/json', 'application/json'],
    ['application/*', 'application/hal+json'],
    ['', 'application/hal+json'],
    ['application/cbor', null],
    ['text/html', null],
    ['application/json;q=0', null],
  ])('%s is answered in %s', (accept, type) => {
    expect(chooseType(accept)).toBe(type);
  });
});

describe('a request for a file', () => {
  const file = { size: 1_000, etag: '"abc"', modified: 'Mon, 05 Jan 2026 12:00:00 GMT' };
  const whole = {
    method: 'GET' as const,
    range: undefined,
    ifRange: undefined,
    ifMatch: undefined,
    ifNoneMatch: undefined,
  };

  it.each([
    ['bytes=0-', 0, 999],
    ['bytes=10-19', 10, 19],
    ['bytes=990-5000', 990, 999],
    ['bytes=-10', 990, 999],
    ['bytes=-5000', 0, 999],
    ['bytes=999-', 999, 999],
  ])('gets the range %s', (range, start, end) => {
    expect(planFile({ ...whole, range }, file)).toEqual({ status: 206, start, end });
  });

  it.each(['bytes=1000-', 'bytes=2000-3000', 'bytes=5-2', 'bytes=-0', 'bytes=-', 'bytes=a-b'])(
    'is 416 for %s',
    (range) => {
      expect(planFile({ ...whole, range }, file)).toEqual({ status: 416 });
    },
  );

  it.each(['bytes=0-1,5-6', 'items=0-5', 'bytes', '', 'bytes=0-99999999999999999999'])(
    'is 416, never the whole file, for %j',
    (range) => {
      expect(planFile({ ...whole, range }, file)).toEqual({ status: 416 });
    },
  );

  it('is whole when the file is not the one that If-Range names', () => {
    const range = 'bytes=10-';
    expect(planFile({ ...whole, range, ifRange: '"other"' }, file)).toEqual({ status: 200 });
    expect(planFile({ ...whole, range, ifRange: '"abc"' }, file).status).toBe(206);
    expect(planFile({ ...whole, range, ifRange: file.modified }, file).status).toBe(206);
    expect(planFile({ ...whole, range, ifRange: 'W/"abc"' }, file)).toEqual({ status: 200 });
  });

  it('is 412 or 304 where its conditions say so', () => {
    expect(planFile({ ...whole, ifMatch: '"other"' }, file)).toEqual({ status: 412 });
    expect(planFile({ ...whole, ifMatch: '"other", "abc"' }, file)).toEqual({ status: 200 });
    expect(planFile({ ...whole, ifMatch: '*' }, file)).toEqual({ status: 200 });
    expect(planFile({ ...whole, ifNoneMatch: 'W/"abc"' }, file)).toEqual({ status: 304 });
    expect(planFile({ ...whole, ifNoneMatch: '"other"' }, file)).toEqual({ status: 200 });
  });

  it('never plans bytes outside the file, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.nat(2_000), fc.nat(2_000)).map(([a, b]) => `bytes=${a}-${b}`),
        ),
        fc.integer({ min: 1, max: 1_500 }),
        (range, size) => {
          const plan = planFile({ ...whole, range }, { ...file, size });
          expect([206, 416]).toContain(plan.status);
          if (plan.status !== 206) return;
          expect(plan.start).toBeGreaterThanOrEqual(0);
          expect(plan.start).toBeLessThanOrEqual(plan.end);
          expect(plan.end).toBeLessThan(size);
        },
      ),
    );
  });
});

describe('credentials', () => {
  const device = { ...expectedDevice('p', 'd'), tokenHash: hashToken('own') };
  const rules = { gatewayTokenHash: hashToken('gate'), allowAnonymous: false };
  const allowed = (header: string | undefined, known = true, more = {}): boolean =>
    isAllowed(readCredentials(header), known ? device : null, { ...rules, ...more });

  it('let a device in with its own token or the gateway token', () => {
    expect(allowed('TargetToken own')).toBe(true);
    expect(allowed('targettoken  own ')).toBe(true);
    expect(allowed('GatewayToken gate')).toBe(true);
    expect(allowed('GatewayToken gate', false)).toBe(true);
  });

  it('keep everybody else out', () => {
    for (const header of [
      undefined,
      'TargetToken other',
      'TargetToken gate',
      'TargetToken',
      'TargetToken ',
      'GatewayToken own',
      'Bearer own',
      'Basic gate',
    ]) {
      expect([header, allowed(header)]).toEqual([header, false]);
    }
    expect(allowed('TargetToken own', false)).toBe(false);
    expect(allowed('GatewayToken gate', true, { gatewayTokenHash: null })).toBe(false);
  });

  it('are not needed where anonymous devices are allowed, except of a device with a token', () => {
    const anonymous = { allowAnonymous: true };
    expect(allowed(undefined, false, anonymous)).toBe(true);
    expect(allowed(undefined, true, anonymous)).toBe(false);
    expect(allowed('TargetToken wrong', false, anonymous)).toBe(false);
  });
});

describe('the contact buffer', () => {
  it('keeps one entry per device, also while it is being written', async () => {
    const buffer = createContactBuffer();
    buffer.record('p', 1, { at: 1, listened: 1, steadyAt: 1 });
    buffer.record('p', 1, { at: 2, listened: 2, steadyAt: 2 });
    await buffer.flush(async (contacts) => {
      expect([...contacts]).toEqual([[1, { product: 'p', at: 2, listened: 2, steadyAt: 2 }]]);
      expect(buffer.last(1)).toMatchObject({ at: 2 });
    });
    expect(buffer.last(1)).toBeNull();
  });

  it('keeps what could not be written, unless something newer came', async () => {
    const buffer = createContactBuffer();
    buffer.record('p', 1, { at: 1, listened: 1, steadyAt: 1 });
    buffer.record('p', 2, { at: 1, listened: 1, steadyAt: 1 });
    const failing = buffer.flush(async () => {
      buffer.record('p', 2, { at: 9, listened: 9, steadyAt: 9 });
      throw new Error('the state is away');
    });
    await expect(failing).rejects.toThrow('away');
    expect(buffer.last(1)).toMatchObject({ at: 1 });
    expect(buffer.last(2)).toMatchObject({ at: 9 });
  });
});

describe('action ids', () => {
  it('come from blocks that are reserved once, however many ask', async () => {
    const reserved: number[] = [];
    const ids = createActionIds(async (count) => {
      reserved.push(count);
      return reserved.length === 1 ? 21_001 : 31_001;
    });
    expect(ids.peek()).toBeNull();
    await Promise.all([ids.refill(), ids.refill()]);
    expect(ids.peek()).toBe(21_001);
    expect(ids.peek()).toBe(21_001);
    for (let used = 0; used < 1_000; used += 1) ids.use();
    expect(ids.peek()).toBeNull();
    await ids.refill();
    expect(ids.peek()).toBe(31_001);
    expect(reserved).toEqual([1_000, 1_000]);
  });

  it('that were given back come first, each once', async () => {
    const ids = createActionIds(async () => 21_001);
    await ids.refill();
    ids.use();
    ids.use();
    ids.giveBack(21_001);
    expect(ids.peek()).toBe(21_001);
    ids.use();
    expect(ids.peek()).toBe(21_003);
  });
});

describe('the steady clock', () => {
  it('starts at the wall clock, and goes on with the monotonic one whatever the wall clock does', () => {
    const clock = createTestClock();
    const steadyNow = createSteadyClock(clock);
    expect(steadyNow()).toBe(clock.now());
    clock.jump(-90_000_000);
    clock.advance(1_500);
    expect(steadyNow()).toBe(TEST_START + 1_500);
  });

  it('is never behind what an earlier one has read', () => {
    const clock = createTestClock();
    const ahead = createSteadyClock(clock, TEST_START + 9_000);
    const behind = createSteadyClock(clock, TEST_START - 9_000);
    expect([ahead(), behind()]).toEqual([TEST_START + 9_000, TEST_START]);
    clock.advance(1_500);
    expect([ahead(), behind()]).toEqual([TEST_START + 10_500, TEST_START + 1_500]);
  });
});

describe('exhausted rounds', () => {
  it('are known until their token is free', () => {
    const rounds = createExhaustedRounds();
    expect([...rounds.at(0)]).toEqual([]);
    rounds.note(7, 1_000.5);
    rounds.note(8, 2_000);
    expect([...rounds.at(1_000)]).toEqual([7, 8]);
    expect([...rounds.at(1_000.5)]).toEqual([8]);
    expect([...rounds.at(2_000)]).toEqual([]);
  });
});

describe('the cap on strangers', () => {
  it('counts per product and minute, and is loud once a minute', () => {
    const cap = createRegistrationCap(2);
    expect(cap.admit('a', 0).ok).toBe(true);
    expect(cap.admit('a', 1).ok).toBe(true);
    expect(cap.admit('b', 1).ok).toBe(true);
    expect(cap.admit('a', 2)).toEqual({ ok: false, loud: true });
    expect(cap.admit('a', 3)).toEqual({ ok: false, loud: false });
    expect(cap.admit('a', 60_000).ok).toBe(true);
  });
});

describe('served products', () => {
  const policyOf = (product: string, tenant: string | null = null) =>
    compilePolicy(buildDesired({ product, fleet: { tenant } }), [], { stopped: false });
  const startAt = (listened: number) => ({
    listening: startListening(listened, false),
    steadyNow: () => 0,
    gap: { stoppedAt: null, resumedAt: 0 },
  });

  it('are found by name and by tenant, in any case', () => {
    const products = createServedProducts();
    products.swap('thermostat', policyOf('thermostat', 'Acme'), startAt(0));
    expect(products.byTenant('THERMOSTAT')?.name).toBe('thermostat');
    expect(products.byTenant('acme')?.name).toBe('thermostat');
    expect(products.byTenant('ACME')?.name).toBe('thermostat');
    expect(products.byTenant('other')).toBeNull();
  });

  it('are gone with their policy, and keep their listening time', () => {
    const products = createServedProducts();
    products.swap('thermostat', policyOf('thermostat'), startAt(77));
    products.swap('thermostat', null, startAt(0));
    expect(products.byTenant('thermostat')).toBeNull();
    expect(products.all()).toEqual([]);
    const again = products.swap('thermostat', policyOf('thermostat'), startAt(0));
    expect(momentFor(again, 5)).toEqual({ at: 5, listened: 77 });
  });

  it('give a tenant that a manifest sets to that product, whatever another is called', () => {
    const products = createServedProducts();
    products.swap('one', policyOf('one', 'two'), startAt(0));
    products.swap('two', policyOf('two'), startAt(0));
    expect(products.byTenant('two')?.name).toBe('one');
  });
});
