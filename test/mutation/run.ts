// Plants the named defects one at a time in a copy of the sources and sees whether the tests of the core find them.
// `node test/mutation/run.ts [PART]` takes those whose name holds the part, or whose file begins with it, and prints a
// table and a score; exit code 1 where a defect survives, or where its place is not to be found any more. The working
// tree is never written to.

import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';

import type { Defect } from './defect.ts';
import { DEVICE_DEFECTS } from './device-defects.ts';
import { EXPOSURE_DEFECTS } from './exposure-defects.ts';
import { PLAN_DEFECTS } from './plan-defects.ts';
import { STEP_DEFECTS } from './step-defects.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TIMEOUT_MS = 180_000;

/** The tests of the core: the quick ones first, the random lives only for what those do not find. */
const STAGES: readonly (readonly string[])[] = [
  ['test/unit/releases', 'test/unit/devices', 'test/unit/gates'],
  [
    'test/unit/plan',
    'test/unit/reconciler/remember-firmware.test.ts',
    'test/scenario/stories.test.ts',
  ],
  ['test/property/core-invariants.test.ts', 'test/property/core-impact.test.ts'],
];

/** `stale`: its place is no longer in the source exactly once. */
type Verdict = 'found' | 'SURVIVED' | 'stale';

async function main(): Promise<number> {
  const wanted = process.argv[2] ?? '';
  const all = [...PLAN_DEFECTS, ...STEP_DEFECTS, ...DEVICE_DEFECTS, ...EXPOSURE_DEFECTS];
  const defects = all.filter(({ name, file }) => name.includes(wanted) || file.startsWith(wanted));
  const copies = Array.from({ length: Math.min(2, availableParallelism()) }, () => makeCopy());
  try {
    const [first] = copies;
    const intact = first === undefined ? null : await runTests(first, STAGES.flat());
    if (intact === null || !intact.passed) {
      print(intact?.said ?? '');
      print('The tests fail without any defect; mend them first.');
      return 1;
    }
    const queue = [...defects];
    const verdicts = new Map<string, Verdict>();
    await Promise.all(
      copies.map(async (copy) => {
        for (let defect = queue.shift(); defect !== undefined; defect = queue.shift()) {
          const verdict = await tryDefect(copy, defect);
          verdicts.set(defect.name, verdict);
          print(`${verdict.padEnd(9)} ${defect.file.padEnd(44)} ${defect.name}`);
        }
      }),
    );
    return conclude(defects, verdicts);
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

function conclude(defects: readonly Defect[], verdicts: ReadonlyMap<string, Verdict>): number {
  const having = (verdict: Verdict): readonly Defect[] =>
    defects.filter(({ name }) => verdicts.get(name) === verdict);
  print(`\n${having('found').length} of ${defects.length} defects found`);
  for (const verdict of ['SURVIVED', 'stale'] as const) {
    for (const { name, file } of having(verdict)) print(`${verdict}: ${name} (${file})`);
  }
  return having('found').length === defects.length ? 0 : 1;
}

/** Copies what the tests of the core need. The dependencies are linked, not copied. */
function makeCopy(): string {
  const copy = mkdtempSync(path.join(tmpdir(), 'lockstep-mutation-'));
  for (const part of [
    'controller',
    'test',
    'schemas',
    'package.json',
    'vitest.config.ts',
    'tsconfig.json',
  ]) {
    cpSync(path.join(ROOT, part), path.join(copy, part), { recursive: true });
  }
  symlinkSync(path.join(ROOT, 'node_modules'), path.join(copy, 'node_modules'), 'dir');
  return copy;
}

async function tryDefect(copy: string, defect: Defect): Promise<Verdict> {
  const file = path.join(copy, 'controller', defect.file);
  const text = readFileSync(file, 'utf8');
  if (text.split(defect.find).length !== 2) return 'stale';
  writeFileSync(
    file,
    text.replace(defect.find, () => defect.replace),
  );
  try {
    for (const stage of STAGES) if (!(await runTests(copy, stage)).passed) return 'found';
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
    // One worker without isolation: the tests of the core share no state, and start three times as fast so.
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
