import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// `npm run test:e2e` runs the tests that need Debian packages; everything else needs Node, npm and git alone.
// `npm run test:histories` plays many more of the random histories of staged releases than `npm test` does.
const suite = process.env['LOCKSTEP_TEST_SUITE'] ?? 'main';
const SUITES: Record<string, string> = {
  main: 'test/**/*.test.ts',
  e2e: 'test/e2e/**/*.test.ts',
  histories: 'test/property/{staged-histories-*,particle-histories}.test.ts',
};
const reports = process.env['LOCKSTEP_TEST_REPORTS'];

export default defineConfig({
  test: {
    include: [SUITES[suite] ?? ''],
    exclude: suite === 'main' ? ['test/e2e/**', 'node_modules/**'] : ['node_modules/**'],
    // Vitest would leave a core to itself. Most files here wait for processes and sockets, so that on a small machine the
    // run takes half as long when every core has one.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: suite === 'e2e' ? 240_000 : 60_000,
    hookTimeout: 60_000,
    // What is waited for comes at once on an idle machine, and late on a busy one.
    expect: { poll: { timeout: 20_000 } },
    reporters:
      reports === undefined
        ? ['default']
        : ['default', ['json', { outputFile: join(reports, `${suite}.json`) }]],
  },
});
