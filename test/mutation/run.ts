// Plants the named defects one at a time in a copy of the sources and sees whether the tests that should find them do.
// `node test/mutation/run.ts [PART]` takes those whose name holds the part, or whose file begins with it, and prints a
// table and a score; exit code 1 where a defect survives, or where its place is not to be found any more. The working
// tree is never written to.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';

import type { Defect } from './defect.ts';
import { DEVICE_DEFECTS } from './device-defects.ts';
import { ENTRANCE_DEFECTS } from './entrance-defects.ts';
import { EXPOSURE_DEFECTS } from './exposure-defects.ts';
import { PARTICLE_DEFECTS } from './particle-defects.ts';
import { PLAN_DEFECTS } from './plan-defects.ts';
import { PROPOSAL_DEFECTS } from './proposal-defects.ts';
import { REPORT_DEFECTS } from './report-defects.ts';
import { REVIEW_DEFECTS } from './review-defects.ts';
import { STEP_DEFECTS } from './step-defects.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TIMEOUT_MS = 180_000;

/** Tests in the order in which they run: the quick ones first, the long ones only for what those do not find. */
type Stages = readonly (readonly string[])[];

const CORE: Stages = [
  ['test/unit/releases', 'test/unit/devices', 'test/unit/gates'],
  [
    'test/unit/plan',
    'test/unit/reconciler/remember-firmware.test.ts',
    'test/scenario/stories.test.ts',
  ],
  ['test/property/core-invariants.test.ts', 'test/property/core-impact.test.ts'],
];

const REVIEWS: Stages = [
  ['test/unit/plan'],
  ['test/unit/reports/review-checks.test.ts', 'test/unit/reports/review-comment.test.ts'],
  ['test/property/reviews.test.ts'],
];

const REPORTS: Stages = [
  [
    'test/unit/reports/markdown-text.test.ts',
    'test/unit/reports/proposal-text.test.ts',
    'test/unit/reports/release-status.test.ts',
    'test/unit/reports/review-checks.test.ts',
    'test/unit/reports/review-comment.test.ts',
  ],
];

const PROPOSALS: Stages = [
  [
    'test/unit/proposals/edit-yaml.test.ts',
    'test/unit/proposals/golden.test.ts',
    'test/unit/proposals/promises.test.ts',
    'test/unit/proposals/refusals.test.ts',
    'test/unit/reviewer/find-causes.test.ts',
  ],
  ['test/unit/proposals/contract.test.ts', 'test/unit/proposals/edit-yaml-property.test.ts'],
];

const ENTRANCES: Stages = [
  [
    'test/contract/guarded-url.test.ts',
    'test/unit/cli/settings.test.ts',
    'test/unit/forges',
    'test/unit/reconciler',
    'test/unit/server/webhooks.test.ts',
    'test/unit/sources',
  ],
  ['test/contract/accepted-revisions.test.ts', 'test/contract/controller.test.ts'],
];

const PARTICLE: Stages = [
  ['test/unit/particle', 'test/property/particle-calls.test.ts'],
  ['test/scenario/particle-stories.test.ts', 'test/contract/particle-bad-input.test.ts'],
  ['test/property/particle-histories.test.ts'],
];

/** All defects, and for each list of them the tests that should find them. */
const SUITES: readonly { readonly defects: readonly Defect[]; readonly stages: Stages }[] = [
  {
    defects: [...PLAN_DEFECTS, ...STEP_DEFECTS, ...DEVICE_DEFECTS, ...EXPOSURE_DEFECTS],
    stages: CORE,
  },
  { defects: REVIEW_DEFECTS, stages: REVIEWS },
  { defects: REPORT_DEFECTS, stages: REPORTS },
  { defects: PROPOSAL_DEFECTS, stages: PROPOSALS },
  { defects: PARTICLE_DEFECTS, stages: PARTICLE },
  { defects: ENTRANCE_DEFECTS, stages: ENTRANCES },
];

/** `stale`: its place is no longer in the source exactly once. */
type Verdict = 'found' | 'SURVIVED' | 'stale';

async function main(): Promise<number> {
  const wanted = process.argv[2] ?? '';
  const queue = SUITES.flatMap(({ defects, stages }) =>
    defects
      .filter(({ name, file }) => name.includes(wanted) || file.startsWith(wanted))
      .map((defect) => ({ defect, stages })),
  );
  const defects = queue.map(({ defect }) => defect);
  if (defects.length === 0) {
    print(`No defect has ${JSON.stringify(wanted)} in its name, or a file that begins so.`);
    return 1;
  }
  const copies = Array.from({ length: Math.min(2, availableParallelism()) }, () => makeCopy());
  try {
    for (const stages of new Set(queue.map((each) => each.stages))) {
      const intact = await runTests(copies[0] ?? ROOT, stages.flat());
      if (intact.passed) continue;
      print(intact.said);
      print('The tests fail without any defect; mend them first.');
      return 1;
    }
    const verdicts = new Map<Defect, Verdict>();
    await Promise.all(
      copies.map(async (copy) => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const { defect, stages } = next;
          const verdict = await tryDefect(copy, defect, stages);
          verdicts.set(defect, verdict);
          print(`${verdict.padEnd(9)} ${defect.file.padEnd(44)} ${defect.name}`);
        }
      }),
    );
    return conclude(defects, verdicts);
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

function conclude(defects: readonly Defect[], verdicts: ReadonlyMap<Defect, Verdict>): number {
  const having = (verdict: Verdict): readonly Defect[] =>
    defects.filter((defect) => verdicts.get(defect) === verdict);
  print(`\n${having('found').length} of ${defects.length} defects found`);
  for (const verdict of ['SURVIVED', 'stale'] as const) {
    for (const { name, file } of having(verdict)) print(`${verdict}: ${name} (${file})`);
  }
  return having('found').length === defects.length ? 0 : 1;
}

/** Copies what the tests need. The dependencies are linked, not copied. */
function makeCopy(): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'lockstep-mutation-'));
  for (const part of [
    'controller',
    'test',
    'schemas',
    'examples',
    'package.json',
    'vitest.config.ts',
    'tsconfig.json',
  ]) {
    cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'), 'dir');
  return copy;
}

async function tryDefect(copy: string, defect: Defect, stages: Stages): Promise<Verdict> {
  const file = path.join(copy, 'controller', defect.file);
  const text = readFileSync(file, 'utf8');
  if (text.split(defect.find).length !== 2) return 'stale';
  writeFileSync(
    file,
    text.replace(defect.find, () => defect.replace),
  );
  try {
    for (const stage of stages) if (!(await runTests(copy, stage)).passed) return 'found';
    return 'SURVIVED';
  } finally {
    writeFileSync(file, text);
  }
}

/** What the tests of a copy came to, and what they said of it. */
interface Outcome {
  readonly passed: boolean;
  readonly said: string;
}

/** Runs the tests in the copy; a run that hangs has failed. */
function runTests(copy: string, tests: readonly string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const vitest = path.join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    // One worker without isolation: these tests share no state, and start three times as fast so.
    const quick = ['--pool', 'threads', '--no-isolate', '--maxWorkers', '1', '--bail', '1'];
    const args = [vitest, 'run', '--root', copy, '--reporter', 'dot', ...quick, ...tests];
    const child = spawn(process.execPath, args, { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const listen = (chunk: Buffer): void => void (said += chunk.toString());
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ passed: code === 0, said });
    });
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main();
