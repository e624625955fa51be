// The levels of Kafka's features, by Kafka's own tool.
import { silent } from '../fetch/context.ts';
import { ensureKafka } from '../fetch/kafka.ts';
import { run } from '../process/run.ts';
import { javaCommand } from '../servers/java-command.ts';

async function features(brokers: string, args: readonly string[]): Promise<string> {
  const home = await ensureKafka({ report: silent });
  const outcome = await run(
    javaCommand(home, {
      main: 'org.apache.kafka.tools.FeatureCommand',
      args: ['--bootstrap-server', brokers, ...args],
      heapMb: 128,
      archive: 'broker',
    }),
  );
  if (outcome.code !== 0) throw new Error(`kafka-features ${args.join(' ')} failed:\n${outcome.output}`);
  return outcome.output;
}

/** Finalises the features of a release, such as `4.4`: from then on no broker of before it can join. */
export async function upgradeFeatures(brokers: string, release: string): Promise<void> {
  await features(brokers, ['upgrade', '--release-version', release]);
}

/** The finalised level of `metadata.version`, such as `4.3-IV0`. */
export async function metadataVersion(brokers: string): Promise<string> {
  const described = await features(brokers, ['describe']);
  return /metadata\.version\s.*FinalizedVersionLevel: (\S+)/.exec(described)?.[1] ?? described;
}
