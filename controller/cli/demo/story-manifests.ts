// The manifests that the story commits beside those of the example, as text. When it commits which is in the chapters.

import { BENCH_DEVICE } from './chapter.ts';
import type { DemoRepo } from './fleet-repo.ts';
import type { Stage } from './stage.ts';

/** The steps that the story's later releases go through: as in the field, but with soaks of seconds. */
export const STRATEGY = `  strategy:
    steps:
      - { name: canary, exposure: 1%, minDevices: 5, successes: 5, soak: 3s }
      - { name: half, exposure: 50%, soak: 1s }
      - { name: all, exposure: 100% }
    halt: { failureRate: 1% }
`;

/** Adds the manifest of a version, with its binary where the example has none. */
export async function addFirmware(
  { repo, cast }: Pick<Stage, 'repo' | 'cast'>,
  version: number,
  title: string,
  description: string,
): Promise<void> {
  const binary = `firmware/${version}.bin`;
  if (!(await repo.has(binary))) {
    await repo.write(binary, cast.buildFirmware(version));
  }
  await repo.write(
    `firmware-${version}.yaml`,
    `apiVersion: lockstep/v1
kind: Firmware
metadata:
  name: thermostat-${version}
spec:
  product: thermostat
  version: ${version}
  title: ${title}
  description: ${description}
  binary:
    path: ${binary}
    sha256: ${await repo.digest(binary)}
`,
  );
}

/** Locks the bench device to a version. */
export async function lockBench(repo: DemoRepo, version: number): Promise<void> {
  await repo.write(
    'lock-bench.yaml',
    `apiVersion: lockstep/v1
kind: DeviceLock
metadata:
  name: bench
spec:
  product: thermostat
  devices: [${BENCH_DEVICE}]
  version: ${version}
  flash: now
  reason: Verify ${version}
`,
  );
}

/** Names a version in release.yaml; `strategy` is what follows it. */
export async function nameReleased(repo: DemoRepo, version: number, strategy = ''): Promise<void> {
  const text = await repo.read('release.yaml');
  await repo.write(
    'release.yaml',
    text.replace(/^ {2}version: \d+\n[\s\S]*$/m, `  version: ${version}\n${strategy}`),
  );
}
