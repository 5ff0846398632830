// Kills processes that write to a SQLite state at any moment, and compares what they acknowledged with what is there.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openSqliteStore } from '../../controller/stores/sqlite/sqlite-store.ts';
import { PRODUCT } from './store-fixtures.ts';
import { SPENT_VERSION, WRITER_BURST, WRITER_INTERVAL_MS } from './store-writer-rate.ts';

const WRITER = fileURLToPath(new URL('store-writer.ts', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-crash-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a writer, kills it after `lines` acknowledgements, and returns all that it gave. */
async function runAndKill(file: string, round: number, lines: number): Promise<readonly string[]> {
  const child = spawn(process.execPath, [WRITER, file, String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals | null>();
  child.on('close', (_code, signal) => resolve(signal));
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  expect(await promise).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

describe('a SQLite state whose process is killed', () => {
  it('holds everything that was acknowledged, with counters that fit and no token too many', async () => {
    const file = join(folder, 'state.db');
    const acknowledged: string[] = [];
    const started = Date.now();
    let spent = 0;
    for (const [round, lines] of [1, 40, 333].entries()) {
      acknowledged.push(...(await runAndKill(file, round, lines)));
      const opened = await openSqliteStore(file);
      if (!opened.ok) throw new Error(opened.error.message);
      const store = opened.value;
      const messages = new Set<string>();
      for (const event of await store.events({ limit: 1_000_000 })) messages.add(event.message);
      const next = await store.reserveActionIds(1);
      const lost: string[] = [];
      for (const line of acknowledged) {
        const [kind, name = '', rev] = line.split(' ');
        const kept =
          kind === 'event'
            ? messages.has(name)
            : kind === 'action'
              ? Number(name) < next
              : ((await store.device(PRODUCT, name))?.rev ?? 0) >= Number(rev);
        if (!kept) lost.push(line);
      }
      expect(lost).toEqual([]);
      const devices: number[] = [];
      for (let afterId: string | undefined = ''; afterId !== undefined;) {
        const page: Awaited<ReturnType<typeof store.devices>> = await store.devices({
          product: PRODUCT,
          limit: 1000,
          afterId,
        });
        devices.push(...page.map(({ device }) => device.running ?? -1));
        afterId = page.at(-1)?.device.id;
      }
      const tallies = await store.tallies(PRODUCT);
      expect(tallies.get('standing:active')).toBe(devices.length);
      expect(tallies.get('unlocked:1')).toBe(devices.filter((running) => running === 1).length);
      spent = tallies.get(`unlocked:${SPENT_VERSION}`) ?? 0;
      expect(spent).toBeLessThanOrEqual(WRITER_BURST + (Date.now() - started) / WRITER_INTERVAL_MS);
      const counted = (await store.census(PRODUCT)).flatMap(({ blocks }) => [...blocks.values()]);
      expect(sum(counted.flatMap((counts) => [...counts]))).toBe(devices.length);
      await store.close();
    }
    // All that the rate allows was taken, so that what was left of it did matter.
    expect(spent).toBeGreaterThanOrEqual(WRITER_BURST);
    expect(acknowledged.length).toBeGreaterThan(373);
  });
});
