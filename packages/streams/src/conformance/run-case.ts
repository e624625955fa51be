// Plays one recorded run of Kafka Streams through the test driver and compares every output record.
import { stringSerde } from '../api/serde.ts';
import { TopologyTestDriver } from '../testing/topology-test-driver.ts';
import { caseTopology } from './cases.ts';
import type { CaseParams } from './cases/case.ts';

type Input = [topic: string, key: string | null, value: string | null, timestamp: number];
type Output = [key: string | null, value: string | null, timestamp: number];

/** One line of a vectors file. */
export interface RecordedRun {
  case: string;
  seed: number;
  params: CaseParams;
  steps: { in: Input; out: Output[] }[];
}

/** How a run compared: `different` names the first step that does. */
export type Comparison =
  | { verdict: 'equal'; steps: number }
  | { verdict: 'unsupported' }
  | { verdict: 'different'; step: number; input: Input; expected: Output[]; actual: Output[] | string };

/** Plays a run. */
export function playRun(run: RecordedRun): Comparison {
  const topology = caseTopology(run.case, run.params);
  if (!topology) return { verdict: 'unsupported' };
  const driver = new TopologyTestDriver(topology);
  const strings = { key: stringSerde, value: stringSerde };
  const output = driver.output('out', strings);
  try {
    for (const [step, { in: input, out: expected }] of run.steps.entries()) {
      const [topic, key, value, timestamp] = input;
      try {
        driver.input(topic, strings).pipe(key ?? undefined, value ?? undefined, timestamp);
      } catch (error) {
        return { verdict: 'different', step, input, expected, actual: String(error) };
      }
      const actual = output
        .readAll()
        .map((record): Output => [record.key ?? null, record.value ?? null, record.timestamp]);
      if (JSON.stringify(actual) !== JSON.stringify(expected)) {
        return { verdict: 'different', step, input, expected, actual };
      }
    }
    return { verdict: 'equal', steps: run.steps.length };
  } finally {
    driver.close();
  }
}
