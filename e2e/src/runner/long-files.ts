// The test files on real parts that take long: `npm test` runs one group of them, another each time;
// `npm run test:all` runs all.

/** The files, from the root of the project, with about how many seconds each takes on two processors. */
export const longFiles: Readonly<Record<string, number>> = {
  'connect/src/connect.integration.test.ts': 47,
};

/** How many groups there are. One of them must not take `npm test` over its eight minutes. */
export const groupCount = 4;

/** Returns the files in groups that take about as long as each other. */
export function groupsOf(files: Readonly<Record<string, number>>, count: number): string[][] {
  const groups = Array.from({ length: count }, () => ({ files: [] as string[], seconds: 0 }));
  for (const [file, seconds] of Object.entries(files).toSorted(([, a], [, b]) => b - a)) {
    const emptiest = groups.reduce((least, group) => (group.seconds < least.seconds ? group : least));
    emptiest.files.push(file);
    emptiest.seconds += seconds;
  }
  return groups.map((group) => group.files);
}

/** Returns the files of all groups but one. */
export function leftOut(groups: readonly (readonly string[])[], group: number): string[] {
  return groups.flatMap((files, index) => (index === group ? [] : files));
}
