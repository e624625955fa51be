// One run of bench:activity beside a broker: the processor's process, or the bare loop, over the whole input.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicsOf, topicSpecs, topicVariables, type Topics } from '@activity/contracts';
import type { Admin } from 'kafkajs';
import { createTopics } from '../processor/kafka.ts';
import { rateOf, type Rates } from '../processor/rate.ts';
import type { InMemory } from './in-memory.ts';

/** What all runs have in common. */
export interface Runs {
  address: string;
  admin: Admin;
  input: string;
  partitions: number;
  records: number;
}

const projectRoot = join(import.meta.dirname, '..', '..', '..');
const timeoutMs = 180_000;
/** As the Dockerfile and the launcher start the processor; another checkout runs by its own defaults. */
const processorFlags = ['--max-semi-space-size=64'];

type TopicNames = Parameters<typeof topicsOf>[0];

/** Every topic but the raw one is a run's own. */
function namesOf(run: string, input: string): TopicNames {
  const names = Object.keys(topicVariables).map((name) => [
    name,
    name === 'KAFKA_TOPIC' ? input : `${run}-${name.toLowerCase()}`,
  ]);
  return Object.fromEntries(names) as TopicNames;
}

async function createOutputs({ admin, partitions }: Runs, topics: Topics): Promise<void> {
  const specs = topicSpecs(topics).filter(({ name }) => name !== topics.raw);
  const settings = new Map(specs.map(({ name, config }) => [name, config]));
  await createTopics(admin, [...settings.keys()], partitions, settings);
}

/**
 * Runs a candidate over the whole input; returns its rates, and its topics. `root` is that of the checkout
 * whose processor it is.
 */
export async function measure(
  runs: Runs,
  run: string,
  candidate: InMemory,
  root: string = projectRoot,
): Promise<Rates & { topics: Topics }> {
  const { address, admin, input, records } = runs;
  const names = namesOf(run, input);
  const topics = topicsOf(names);
  await createOutputs(runs, topics);
  const common = {
    name: run,
    file: process.execPath,
    admin,
    group: run,
    inputs: [input],
    records,
    timeoutMs,
  };
  if (candidate.engine === 'floor') {
    const { enriched, counts, users } = topics;
    const script = join(import.meta.dirname, 'floor-app.ts');
    const args = [script, address, run, input, enriched, counts, users];
    return { ...(await rateOf({ ...common, args, running: 'STATE RUNNING' })), topics };
  }
  const stateDir = mkdtempSync(join(tmpdir(), 'bench-activity-'));
  try {
    const measured = await rateOf({
      ...common,
      args: [...(root === projectRoot ? processorFlags : []), join(root, 'processor', 'src', 'main.ts')],
      env: {
        ...names,
        KAFKA_BROKERS: address,
        KAFKA_GROUP_ID: run,
        STATE_DIR: stateDir,
        METRICS_PORT: '0',
        PROCESSOR_THREADS: String(candidate.threads),
        LOG_LEVEL: 'info',
      },
      running: '"state":"RUNNING"',
    });
    return { ...measured, topics };
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
}
