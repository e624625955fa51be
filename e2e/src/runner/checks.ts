// The commands that `npm test` runs.

/** A check before the tests. */
export interface Check {
  name: string;
  /** A program of node_modules/.bin with its arguments. */
  command: string[];
}

/** What is checked without running anything. */
export const checks: readonly Check[] = [
  // All workspaces in one program takes a third of the time that one for each does.
  { name: 'types', command: ['tsc', '-p', '.'] },
  ...['packages/kafka', 'packages/streams', 'query/page'].map((folder) => ({
    name: `types of ${folder}, which has settings of its own`,
    command: ['tsc', '-p', folder],
  })),
  { name: 'lint', command: ['oxlint', '--type-aware', '.'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'unused code', command: ['knip'] },
  { name: 'documentation site, with its links', command: ['node', 'site/src/main.ts'] },
];

/** How the tests are run. */
export interface VitestOptions {
  reportFile: string;
  projects: readonly ('unit' | 'integration' | 'slow')[];
  /** Parts of paths; empty for all tests. */
  filters: readonly string[];
  coverage: boolean;
}

/** vitest's command line. */
export function vitestCommand(options: VitestOptions): string[] {
  return [
    'vitest',
    'run',
    // No file with a filtered name may be in one of them.
    '--passWithNoTests',
    ...options.projects.flatMap((project) => ['--project', project]),
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${options.reportFile}`,
    ...(options.coverage ? ['--coverage'] : []),
    ...options.filters,
  ];
}
