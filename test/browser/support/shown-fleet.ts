// A fleet whose figures are known, for tests of what pages show: a release that waits for approval, with one device that
// failed; a group with a release of its own; locks; a withdrawn and an unverified version; a stranger in quarantine; and
// text that would do harm where it were shown as anything but text.

import type { FileContent, Files } from '../../fakes/github/files.ts';
import { createDeviceHands } from '../../support/device-hand.ts';
import {
  firmwareFiles,
  fleetFiles,
  lockFile,
  releaseFile,
  startForgeWorld,
  type ForgeWorld,
} from '../../support/forge-world.ts';

/** An id that would be markup. */
export const HOSTILE_ID = `<img>&"evil'`;
export const HOSTILE_TITLE = '<img src=x onerror=alert(1)> & more';
export const HOSTILE_REASON = 'bricks <script>alert(1)</script> rev B';
export const HOSTILE_VALUE = '"><script>alert(2)</script>';
/** What the device that fails says last. */
export const LAST_WORDS = 'flash <b>verify</b> failed @everyone';

/** The first step reaches `dev-1`, `dev-4`, `dev-6` and `dev-8`. */
const IDS = [...Array.from({ length: 8 }, (_, index) => `dev-${index + 1}`), HOSTILE_ID];

const STRATEGY = [
  'strategy:',
  '  steps:',
  '    - { name: canary, exposure: 45% }',
  '    - { name: all, exposure: 100%, approval: required }',
  '  halt: { failureRate: 60%, minAttempts: 2, action: hold }',
];

export interface ShownFleet extends ForgeWorld {
  /** `http://127.0.0.1:PORT`. */
  readonly address: string;
}

export interface ShownFleetOptions {
  /** Default: true. */
  readonly hasForge?: boolean;
  /** Whether every device of the first step fails, so that the release halts. */
  readonly isHalted?: boolean;
}

/**
 * Starts it, and waits until all has happened: of 10 devices 4 run 42 and 6 run 41; of the first step 3 succeeded and
 * `dev-6` failed.
 */
export async function startShownFleet(options: ShownFleetOptions = {}): Promise<ShownFleet> {
  const { hasForge = true, isHalted = false } = options;
  const world = await startForgeWorld({
    files: fleet(),
    ...(!hasForge && { serve: { forge: null } }),
  });
  try {
    await world.start();
    const { address } = world.served();
    const hands = createDeviceHands(address);
    world.startDevices(['bench-1', ...IDS], 41, (id, version) =>
      version === 42 && id !== 'bench-1' && (isHalted || id === 'dev-6') ? 'fails' : 'runs',
    );
    await world.until('all devices are known', () => world.view()?.live?.devices === 10);
    await hands.device('thermostat', 'stranger').poll();
    const wanted = isHalted ? 'halted' : 'approval';
    await world.until(`the release is at: ${wanted}`, () =>
      (world.view()?.plan?.releases[0]?.waits ?? []).some(({ kind }) => kind === wanted),
    );
    if (!isHalted) {
      await world.until('all of the first step have an outcome', () => {
        const { succeeded, failed } = world.view()?.plan?.releases[0] ?? {};
        return succeeded === 3 && failed === 1;
      });
      await hands.device('thermostat', 'dev-4').report(42, { hw_rev: HOSTILE_VALUE, '<i>': 'x' });
    }
    await hands.close();
    return { ...world, address };
  } catch (thrown) {
    await world.close();
    throw thrown;
  }
}

function fleet(): Files {
  const usual = fleetFiles([41, 42], null);
  return {
    ...usual,
    'product.yaml': replaceIn(
      usual['product.yaml'],
      'driver: gateway,',
      'driver: gateway, admission: listed,',
    ),
    ...firmwareFiles(40),
    'firmware/40.yaml': `${textOf(firmwareFiles(40)['firmware/40.yaml'])}  withdrawn: { reason: ${JSON.stringify(HOSTILE_REASON)}, url: "https://example.com/rev-b" }\n`,
    ...firmwareFiles(42),
    'firmware/42.yaml': `${replaceIn(firmwareFiles(42)['firmware/42.yaml'], 'title: Version 42', `title: ${JSON.stringify(HOSTILE_TITLE)}`)}  description: "# Heater\\n\\nStops the **drift**.\\n<script>alert(3)</script>"\n`,
    ...firmwareFiles(43),
    ...lockFile(42),
    ...releaseFile(42, ...STRATEGY),
    'known.yaml': group('known', IDS),
    'beta.yaml': group('beta', ['dev-2', 'dev-3']),
    'beta-release.yaml': `apiVersion: lockstep/v1
kind: Release
metadata: { name: beta }
spec: { product: thermostat, group: beta, version: 41 }
`,
    'hall.yaml': `apiVersion: lockstep/v1
kind: DeviceLock
metadata: { name: hall }
spec:
  product: thermostat
  devices: [dev-7]
  version: 41
  flash: on-reset
  reason: ${JSON.stringify(HOSTILE_TITLE)}
`,
  };
}

function group(name: string, devices: readonly string[]): string {
  return `apiVersion: lockstep/v1
kind: DeviceGroup
metadata: { name: ${name} }
spec: { product: thermostat, devices: ${JSON.stringify(devices)} }
`;
}

function replaceIn(content: FileContent | undefined, before: string, after: string): string {
  const text = textOf(content);
  if (!text.includes(before)) throw new Error(`the manifest has no ${before}`);
  return text.replace(before, () => after);
}

function textOf(content: FileContent | undefined): string {
  if (typeof content !== 'string') throw new Error('a manifest is text');
  return content;
}
