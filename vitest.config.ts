// Three projects: unit tests run anywhere; integration tests need the real broker, Connect and MongoDB; slow
// ones, patience.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// A template's tests are those of the project that is made of it.
const ignored = ['**/node_modules/**', '**/dist/**', '**/.data/**', '**/.cache/**', '**/template/**'];
/** Files that this run leaves out. */
const notRun = (process.env['TEST_NOT_RUN'] ?? '').split(',').filter((file) => file !== '');
const globalSetup = ['packages/testbed/src/testing/global-setup.ts'];

export default defineConfig({
  test: {
    // Integration tests start processes, which a worker thread could not end when it is stopped.
    pool: 'forks',
    allowOnly: false,
    coverage: {
      include: ['{ingest,processor,connect,query,local}/src/**/*.ts', 'packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/main.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...ignored, '**/*.integration.test.ts', '**/*.slow.test.ts'],
          // Loading the same modules for each file took a third of the time. A test that changes what other
          // files see (fake timers, mocks, the environment) has to change it back.
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
          unstubEnvs: true,
          // vitest leaves one processor free, which is half of a small machine.
          maxWorkers: availableParallelism(),
          // Property tests take seconds, and on a busy machine many more; with more seeds they take longer.
          testTimeout: 60_000 * Math.max(1, Number(process.env['STREAMS_SEEDS'] ?? 0) / 300),
        },
      },
      {
        test: {
          name: 'integration',
          include: ['**/*.integration.test.ts'],
          exclude: [...ignored, ...notRun],
          globalSetup,
          isolate: false,
          restoreMocks: true,
          unstubGlobals: true,
          unstubEnvs: true,
          // Lanes: each has servers of its own. Two processors are busy with one lane already: a second one
          // only makes tests run into their limits.
          maxWorkers: availableParallelism() >= 4 ? 2 : 1,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'slow',
          include: ['**/*.slow.test.ts'],
          exclude: ignored,
          globalSetup,
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
