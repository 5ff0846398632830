// The random histories of staged releases, many more of them than the tests play: the same program, judged by the same
// oracle. A history that breaks an invariant ends the bench with the seed that replays it.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import type { Bench } from './support/bench.ts';

const ROOT = join(import.meta.dirname, '..');

/** Where the environment says nothing else: about five minutes of two cores. */
const HISTORIES = '10000';

/** `histories` */
export const historiesBench: Bench = {
  name: 'histories',
  async run({ tell }) {
    const histories = process.env['LOCKSTEP_HISTORIES'] ?? HISTORIES;
    tell(`${histories} histories`);
    const { status } = spawnSync(
      process.execPath,
      [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', ROOT],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          LOCKSTEP_TEST_SUITE: 'histories',
          LOCKSTEP_HISTORIES: histories,
        },
        // What happened how often is printed by the histories themselves.
        stdio: ['ignore', 'inherit', 'inherit'],
      },
    );
    if (status !== 0) throw new Error('a history broke an invariant; its seed is above');
    return [];
  },
};
