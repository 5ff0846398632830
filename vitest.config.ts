import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// `npm run test:e2e` runs the tests that need Debian packages; everything else needs Node, npm and git alone.
const suite = process.env['LOCKSTEP_TEST_SUITE'] ?? 'main';
const reports = process.env['LOCKSTEP_TEST_REPORTS'];

export default defineConfig({
  test: {
    include: suite === 'e2e' ? ['test/e2e/**/*.test.ts'] : ['test/**/*.test.ts'],
    exclude: suite === 'e2e' ? ['node_modules/**'] : ['test/e2e/**', 'node_modules/**'],
    testTimeout: suite === 'e2e' ? 240_000 : 60_000,
    hookTimeout: 60_000,
    reporters:
      reports === undefined
        ? ['default']
        : ['default', ['json', { outputFile: join(reports, `${suite}.json`) }]],
  },
});
