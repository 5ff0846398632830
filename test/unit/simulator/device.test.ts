import { describe, expect, it } from 'vitest';

import { STYLES } from '../../../controller/simulator/client-style.ts';
import { createDevice } from '../../../controller/simulator/device-state.ts';
import type {
  Device,
  DeviceSettings,
  Effect,
  Input,
} from '../../../controller/simulator/device-state.ts';
import { getWakeAtMs, stepDevice } from '../../../controller/simulator/device.ts';
import type { FaultName } from '../../../controller/simulator/faults.ts';

const SETTINGS: DeviceSettings = {
  server: 'http://gateway',
  style: 'rauc',
  traits: STYLES.rauc,
  versionAttribute: 'fw_version',
  bootAttribute: 'boot',
  attributes: { hw_rev: 'B' },
  attributesAtBoot: false,
  installMs: 1000,
  rebootMs: 2000,
  pollOverrideMs: null,
  resumeMs: 100,
  slowLinkBytesPerSecond: 1000,
  fallBackMs: 5000,
};

const BASE = 'http://gateway/thermostat/controller/v1/a';
const EPOCH_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

interface Bench {
  readonly device: Device;
  readonly feed: (input: Input) => readonly Effect[];
  /** Lets time pass until the device wants to be woken, and wakes it. */
  readonly wake: () => readonly Effect[];
  readonly now: () => number;
}

function createBench(seed = 1, faults: readonly FaultName[] = [], settings = SETTINGS): Bench {
  const identity = { id: 'a', index: 0, tenant: 'thermostat' };
  const device = createDevice(identity, '41', new Set(faults), seed, settings);
  let now = 0;
  const feed = (input: Input): readonly Effect[] =>
    stepDevice(device, input, { monotonicMs: now, now: EPOCH_MS + now }, settings);
  return {
    device,
    feed,
    wake: () => {
      now = getWakeAtMs(device);
      return feed({ kind: 'wake' });
    },
    now: () => now,
  };
}

function answer(document: unknown, status = 200): Input {
  return { kind: 'answered', status, text: JSON.stringify(document) };
}

const NOTHING = answer({ config: { polling: { sleep: '00:01:00' } } });

const OFFER = answer({
  config: { polling: { sleep: '00:01:00' } },
  _links: { deploymentBase: { href: `${BASE}/deploymentBase/1042?c=1` } },
});

const DOCUMENT = answer({
  id: '1042',
  deployment: {
    download: 'forced',
    update: 'forced',
    chunks: [
      {
        part: 'os',
        version: '42',
        name: 'firmware',
        artifacts: [
          {
            filename: '42.bin',
            size: 1000,
            hashes: { sha1: 'one', md5: 'm', sha256: 'two' },
            _links: { download: { href: 'http://gateway/file' } },
          },
        ],
      },
    ],
  },
});

/** Boots; the first poll is then on its way. */
function startUp(bench: Bench): void {
  bench.feed({ kind: 'power-on', bootMs: 0 });
  bench.wake();
}

function requestOf(effects: readonly Effect[]): string | undefined {
  const exchange = effects.find((effect) => effect.kind === 'exchange');
  return exchange === undefined ? undefined : `${exchange.method} ${exchange.url}`;
}

describe('polling', () => {
  it('begins at once after the boot', () => {
    const bench = createBench();
    bench.feed({ kind: 'power-on', bootMs: 500 });
    expect(requestOf(bench.wake())).toBe(`GET ${BASE}`);
    expect(bench.now()).toBe(500);
  });

  it('keeps to the server’s interval, give or take a tenth', () => {
    const bench = createBench();
    startUp(bench);
    const waits: number[] = [];
    for (let round = 0; round < 50; round += 1) {
      const before = bench.now();
      bench.feed(NOTHING);
      bench.wake();
      waits.push(bench.now() - before);
    }
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(54_000);
    expect(Math.max(...waits)).toBeLessThan(66_000);
    expect(new Set(waits).size).toBeGreaterThan(40);
  });

  it('backs off up to four intervals while the server fails, and recovers at once', () => {
    const bench = createBench();
    startUp(bench);
    bench.feed(NOTHING);
    bench.wake();
    const factors = [1, 2, 4, 4, 4].map((factor) => {
      const before = bench.now();
      bench.feed({ kind: 'unanswered', error: 'connection' });
      bench.wake();
      return (bench.now() - before) / (60_000 * factor);
    });
    for (const factor of factors) {
      expect(factor).toBeGreaterThanOrEqual(0.75);
      expect(factor).toBeLessThan(1.25);
    }
    const before = bench.now();
    bench.feed(NOTHING);
    bench.wake();
    expect(bench.now() - before).toBeLessThan(66_000);
  });

  it('wants nothing while it is switched off, and ignores answers of before', () => {
    const bench = createBench();
    startUp(bench);
    bench.feed({ kind: 'power-off' });
    expect(bench.feed(OFFER)).toEqual([]);
    expect(getWakeAtMs(bench.device)).toBe(Infinity);
  });

  it('does not take an answer to a request from before a loss of power for one to a later request', () => {
    const bench = createBench();
    bench.feed({ kind: 'power-on', bootMs: 0 });
    const before = bench.wake().find((effect) => effect.kind === 'exchange');
    bench.feed({ kind: 'power-off' });
    bench.feed({ kind: 'power-on', bootMs: 0 });
    const after = bench.wake().find((effect) => effect.kind === 'exchange');
    expect(after?.url).toBe(before?.url);
    expect(after?.generation).not.toBe(before?.generation);
  });

  it('a zephyr device polls at once while something is asked of it, but not for ever', () => {
    const bench = createBench(1, [], { ...SETTINGS, style: 'zephyr', traits: STYLES.zephyr });
    startUp(bench);
    const asking = answer({
      config: { polling: { sleep: '00:01:00' } },
      _links: { configData: { href: `${BASE}/configData` } },
    });
    const times: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      times.push(bench.now());
      bench.feed(asking);
      bench.feed(answer(''));
      bench.wake();
    }
    expect(times.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => 0));
    expect(times[9]).toBeGreaterThanOrEqual(54_000);
    expect(times[10]).toBeGreaterThanOrEqual(108_000);
  });

  it('answers a request for attributes with version, boot counter and what is fixed', () => {
    const bench = createBench();
    startUp(bench);
    const effects = bench.feed(
      answer({
        config: { polling: { sleep: '00:01:00' } },
        _links: { configData: { href: `${BASE}/configData` } },
      }),
    );
    const [put] = effects.filter((effect) => effect.kind === 'exchange');
    expect(put).toMatchObject({ method: 'PUT', url: `${BASE}/configData` });
    expect(JSON.parse(put?.body ?? '')).toMatchObject({
      time: '20260102T030405',
      data: { hw_rev: 'B', fw_version: '41', boot: '1' },
    });
  });
});

describe('an update', () => {
  function download(bench: Bench): Extract<Effect, { kind: 'download' }> | undefined {
    startUp(bench);
    expect(requestOf(bench.feed(OFFER))).toBe(`GET ${BASE}/deploymentBase/1042?c=1`);
    return bench.feed(DOCUMENT).find((effect) => effect.kind === 'download');
  }

  it('takes the time it is set to, and reboots for the time it is set to', () => {
    const bench = createBench();
    expect(download(bench)).toMatchObject({
      url: 'http://gateway/file',
      size: 1000,
      resume: false,
    });
    bench.feed({
      kind: 'download-ended',
      outcome: { kind: 'complete', sha1: 'one', sha256: 'two' },
    });
    bench.feed(answer(''));
    bench.feed(answer(''));
    const effects = bench.wake();
    expect(bench.now()).toBe(1000);
    expect(requestOf(effects)).toBe(`POST ${BASE}/deploymentBase/1042/feedback`);
    expect(bench.device.version).toBe('41');
    bench.feed(answer(''));
    expect(bench.device.phase).toBe('booting');
    bench.wake();
    expect(bench.now()).toBe(3000);
    expect(bench.device).toMatchObject({ version: '42', boots: 2, phase: 'idle' });
  });

  it.each([
    ['installing', '41'],
    ['reporting', '42'],
  ] as const)('that loses power while %s comes back with version %s', (phase, version) => {
    const bench = createBench();
    download(bench);
    bench.feed({
      kind: 'download-ended',
      outcome: { kind: 'complete', sha1: 'one', sha256: 'two' },
    });
    bench.feed(answer(''));
    bench.feed(answer(''));
    if (phase === 'reporting') bench.wake();
    expect(bench.device.phase).toBe(phase);
    bench.feed({ kind: 'power-off' });
    bench.feed({ kind: 'power-on', bootMs: 0 });
    bench.wake();
    expect(bench.device.version).toBe(version);
  });

  it('waits longer before each resume that brings no byte', () => {
    const bench = createBench();
    download(bench);
    // The server is not reached by polls meanwhile, so that only the resumes wake the device.
    const waits = [0, 0, 0, 500].map((received) => {
      const outcome = { kind: 'cut', received, error: 'connection' } as const;
      bench.feed({ kind: 'download-ended', outcome });
      return bench.device.workAt - bench.now();
    });
    [200, 400, 800, 100].forEach((expected, at) => {
      expect(waits[at]).toBeGreaterThanOrEqual(expected * 0.75);
      expect(waits[at]).toBeLessThan(expected * 1.25);
    });
  });

  it('does not begin again because of an offer that was on its way when the attempt failed', () => {
    const bench = createBench();
    download(bench);
    bench.wake();
    expect(bench.device.exchanging).toBe(true);
    bench.feed({ kind: 'download-ended', outcome: { kind: 'wrong-size' } });
    // The poll is answered with the offer; then comes the report, and no second look at the action.
    expect(requestOf(bench.feed(OFFER))).toBe(`POST ${BASE}/deploymentBase/1042/feedback`);
    expect(bench.feed(answer(''))).toEqual([]);
  });
});

describe('determinism', () => {
  function trace(seed: number): string {
    const bench = createBench(seed, ['cut-download']);
    const lines: string[] = [];
    bench.feed({ kind: 'power-on', bootMs: 10 });
    for (let round = 0; round < 40; round += 1) {
      const effects = bench.wake();
      lines.push(JSON.stringify([bench.now(), effects]));
      if (effects.some(({ kind }) => kind === 'exchange')) {
        const input = round % 3 === 0 ? OFFER : NOTHING;
        lines.push(JSON.stringify(bench.feed(bench.device.attempt === null ? input : NOTHING)));
        if (bench.device.todo.length > 0) lines.push(JSON.stringify(bench.feed(DOCUMENT)));
      }
    }
    return lines.join('\n');
  }

  it('the same seed, inputs and times give the same effects', () => {
    expect(trace(7)).toBe(trace(7));
    expect(trace(7)).toContain('"cutAt":');
  });

  it('another seed gives other times', () => {
    expect(trace(8)).not.toBe(trace(7));
  });
});
