// The test files on real parts that take long: `npm test` runs one group of them, another each time;
// `npm run test:all` runs all.

/** The files, from the root of the project, with about how many seconds each takes on two processors. */
export const longFiles: Readonly<Record<string, number>> = {
  'connect/src/connect.integration.test.ts': 45,
  'connect/src/sink-writes.integration.test.ts': 45,
  'deploy/src/release/new-project.integration.test.ts': 28,
  'deploy/src/release/pack.integration.test.ts': 35,
  'deploy/src/setup/setup.integration.test.ts': 13,
  'e2e/src/activity.integration.test.ts': 59,
  'e2e/src/as-of.integration.test.ts': 72,
  'e2e/src/dead-letters.integration.test.ts': 45,
  'e2e/src/history.integration.test.ts': 37,
  'e2e/src/launcher.integration.test.ts': 105,
  'e2e/src/older-kafka.integration.test.ts': 25,
  'e2e/src/order-of-starting.integration.test.ts': 25,
  'e2e/src/page.integration.test.ts': 58,
  'e2e/src/personal-data.integration.test.ts': 12,
  'e2e/src/pipeline.integration.test.ts': 76,
  'e2e/src/query-loop.integration.test.ts': 21,
  'e2e/src/query-service.integration.test.ts': 15,
  'e2e/src/query-tail.integration.test.ts': 45,
  'e2e/src/query-trace.integration.test.ts': 56,
  'e2e/src/query.integration.test.ts': 18,
  'e2e/src/retention.integration.test.ts': 28,
  'e2e/src/secure.integration.test.ts': 45,
  'ingest/src/event-loop.integration.test.ts': 25,
  'ingest/src/hostile.integration.test.ts': 25,
  'ingest/src/ingest.integration.test.ts': 53,
  'ingest/src/kafka/event-writer.integration.test.ts': 46,
  'packages/kafka/src/client/authorization.integration.test.ts': 19,
  'packages/kafka/src/client/broker-faults.integration.test.ts': 48,
  'packages/kafka/src/client/compressed-batches.integration.test.ts': 15,
  'packages/kafka/src/client/wire-port.integration.test.ts': 18,
  'packages/streams/docs/tutorial/09-running-on-a-broker.integration.test.ts': 16,
  'packages/streams/docs/tutorial/13-deployment.integration.test.ts': 20,
  'packages/streams/scripts/from-kafkajs.integration.test.ts': 12,
  'packages/streams/src/cluster.integration.test.ts': 54,
  'packages/streams/src/internal-topics.integration.test.ts': 12,
  'packages/streams/src/kills.integration.test.ts': 31,
  'packages/streams/src/refusals.integration.test.ts': 11,
  'packages/streams/src/streams.integration.test.ts': 18,
  'packages/streams/src/turns.integration.test.ts': 27,
  'packages/streams/src/worst-moments.integration.test.ts': 32,
  'packages/testbed/src/servers/start.integration.test.ts': 27,
  'query/src/query.integration.test.ts': 13,
};

/** How many groups there are. One of them must not take `npm test` over its eight minutes. */
export const groupCount = 10;

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
