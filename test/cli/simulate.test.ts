// `lockstep simulate` as a process: the options that make devices fail or differ, against a DDI server.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { FleetSnapshot } from '../../controller/simulator/snapshot.ts';
import { createArtifact } from '../fakes/ddi-documents.ts';
import { type DdiServer, startDdiServer } from '../fakes/ddi-server.ts';
import { type CliResult, runCli } from '../support/cli.ts';

let server: DdiServer;
beforeEach(async () => {
  server = await startDdiServer({});
  server.offerToAll({ version: '42', artifact: createArtifact(new Uint8Array(500).fill(7)) });
});
afterEach(async () => {
  await server.close();
});

const QUICK = '--devices 10 --version 41 --poll 1s --install 0s --reboot 0s --output json';

function simulate(flags: string): Promise<CliResult> {
  const args = `simulate --server ${server.url} --product ${server.tenant} ${QUICK} ${flags}`;
  return runCli(args.split(' '));
}

async function simulateToItsEnd(flags: string): Promise<FleetSnapshot> {
  const { code, stdout, stderr } = await simulate(`${flags} --until-idle 3s`);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return JSON.parse(stdout) as FleetSnapshot;
}

describe('simulate', { timeout: 120_000 }, () => {
  it('lets a version fail on shares of the devices, in the ways asked for, and spares some', async () => {
    const snapshot = await simulateToItsEnd(
      '--bad-version 42=50%:fall-back --bad-version 42=50%:go-silent:0s --spare sim-00003 sim-00004',
    );
    expect(snapshot).toMatchObject({ byVersion: { 41: 4, 42: 6 }, online: 6, failed: 4 });
  });

  it('lets a version fail to install, and nothing else', async () => {
    const snapshot = await simulateToItsEnd('--bad-version 42=30% --bad-version 43=100%');
    expect(snapshot).toMatchObject({ byVersion: { 41: 3, 42: 7 }, failed: 3 });
  });

  it('gives a share of the devices an attribute of their own', async () => {
    await simulateToItsEnd('--attribute hw_rev=A --attribute-share hw_rev=B:30%');
    const revisions = [...server.devices.values()].map(({ attributes }) => attributes['hw_rev']);
    expect(revisions.filter((revision) => revision === 'A')).toHaveLength(7);
    expect(revisions.filter((revision) => revision === 'B')).toHaveLength(3);
  });

  it.each([
    ['0s', { byVersion: { 41: 10 }, failed: 10 }],
    ['1h', { byVersion: { 42: 10 }, failed: 0 }],
  ])('lets devices fall back after %s', async (after, expected) => {
    const flags = `--fall-back 100% --fall-back-after ${after}`;
    expect(await simulateToItsEnd(flags)).toMatchObject(expected);
  });

  it.each([
    ['--bad-version 42', 'Give VERSION=SHARE'],
    ['--bad-version 42=10%:burn', 'fail, fall-back, go-silent'],
    ['--bad-version 42=10%:fail:3s', 'fail takes no delay'],
    ['--attribute-share hw_rev=B', 'Give NAME=VALUE:SHARE'],
  ])('says how to write %s', async (flags, expected) => {
    const { code, stderr } = await simulate(flags);
    expect(code).toBe(1);
    expect(stderr).toContain(expected);
  });
});
