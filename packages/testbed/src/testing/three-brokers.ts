// Three brokers for the tests of a file: started before the first, stopped after the last, with a client on
// them.
import { afterAll, beforeAll } from 'vitest';
import { startCluster, type KafkaCluster } from '../servers/cluster.ts';

/** The brokers and their witness. Read them in a test or a hook: they do not exist before. */
export interface ThreeBrokers<W extends AsyncDisposable> {
  readonly cluster: KafkaCluster;
  readonly witness: W;
}

/** Registers the hooks that start and stop them. Call it at the top of a test file. */
export function threeBrokers<W extends AsyncDisposable>(
  connectWitness: (...brokers: string[]) => Promise<W>,
): ThreeBrokers<W> {
  let cluster: KafkaCluster;
  let witness: W;

  beforeAll(async () => {
    cluster = await startCluster();
    witness = await connectWitness(...cluster.addresses);
  }, 180_000);

  afterAll(async () => {
    await witness?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  }, 60_000);

  return {
    get cluster() {
      return cluster;
    },
    get witness() {
      return witness;
    },
  };
}
