// Three brokers for the tests of a file: started before the first,
// stopped after the last, with a witness on them.
import { connectWitness, type Witness } from '@activity/kafka/testing';
import { afterAll, beforeAll } from 'vitest';

interface Cluster extends AsyncDisposable {
  readonly addresses: readonly string[];
}

/** The brokers and their witness. Read them in a test or a hook: they are not there before. */
export interface ThreeBrokers<C extends Cluster> {
  readonly cluster: C;
  readonly witness: Witness;
}

/** Registers the hooks that start and stop them. Call it at the top of a test file. */
export function threeBrokers<C extends Cluster>(startCluster: () => Promise<C>): ThreeBrokers<C> {
  let cluster: C;
  let witness: Witness;

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
