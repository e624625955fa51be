// Kafka, Connect and the MongoDB sink: fetched by Maven as packages/testbed/pom.xml pins them.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir, projectRoot } from '../paths.ts';
import { chosenKafkaVersion, defaultKafkaVersion, type KafkaVersion } from '../tools.ts';
import { Problem } from '../process/problem.ts';
import { run } from '../process/run.ts';
import { checkJars } from './checked.ts';
import { archivesDir, ensureClassArchives } from './class-archives.ts';
import { withProgress, type FetchContext } from './context.ts';
import { folderSize, megabytes } from './folder-size.ts';
import { findJava, type Java } from './java.ts';
import { fetchOnce } from './once.ts';
import { ensureSinkPlugin } from './sink-plugin.ts';

/** Where the fetched jars are and the Java that runs them. */
export interface KafkaHome {
  version: KafkaVersion;
  java: Java;
  folder: string;
  /** The broker's and Connect's jars, ready for CLASSPATH. */
  classpath: string;
  /** Connect's `plugin.path`: one folder a plugin, the sink in its own. */
  plugins: string;
  /** Class archives that make starting faster; may be missing. */
  archives: string;
}

const pom = join(projectRoot, 'packages', 'testbed', 'pom.xml');

/** The list of the jars of a version, with their hashes. */
function hashesOf(version: KafkaVersion): string {
  const name = version === defaultKafkaVersion ? 'jars.sha256' : `jars-${version}.sha256`;
  return join(projectRoot, 'packages', 'testbed', name);
}

function homeOf(version: KafkaVersion): string {
  const hash = createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12);
  return join(cacheDir, 'kafka', `${version}-${hash}`);
}

/** In a fixed order, because a class archive fits one class path only. */
function classpathOf(libs: string): string {
  const jars = readdirSync(libs).filter((name) => name.endsWith('.jar'));
  return jars
    .toSorted()
    .map((jar) => join(libs, jar))
    .join(':');
}

async function copyDependencies(
  profile: string,
  version: KafkaVersion,
  folder: string,
  context: FetchContext,
  onOutput: (text: string) => void,
): Promise<void> {
  const args = [
    '-B',
    '--strict-checksums',
    '-f',
    pom,
    '-P',
    profile,
    `-Dkafka.version=${version}`,
    'dependency:copy-dependencies',
    `-DoutputDirectory=${folder}`,
  ];
  const options = { signal: context.signal, onOutput };
  const outcome = await run({ file: 'mvn', args }, options).catch((error: unknown) => {
    context.signal?.throwIfAborted();
    throw new Problem('Maven is missing: install it (Debian: apt install maven; macOS: brew install maven)', {
      cause: error,
    });
  });
  if (outcome.code !== 0) {
    throw new Problem(
      `Maven could not fetch the ${profile} jars: check that it reaches its repository (mvn ${args.join(' ')})`,
      { detail: outcome.output.split('\n').slice(-20).join('\n') },
    );
  }
}

/**
 * The sink's jar carries no manifest of its plugins; with one, Connect need not scan every jar at each start.
 */
async function writeManifests(
  java: Java,
  libs: string,
  plugins: string,
  signal?: AbortSignal,
): Promise<void> {
  const args = ['org.apache.kafka.tools.ConnectPluginPath', 'sync-manifests', '--plugin-path', plugins];
  const env = { CLASSPATH: classpathOf(libs) };
  const outcome = await run({ file: java.file, args, env }, { signal });
  if (outcome.code !== 0)
    throw new Problem('writing the plugin manifests of Connect failed', { detail: outcome.output });
}

/** Fetches Kafka, Connect and the sink where they are not there yet; by default as KAFKA_VERSION says. */
export async function ensureKafka(
  context: FetchContext,
  version: KafkaVersion = chosenKafkaVersion(),
): Promise<KafkaHome> {
  const folder = homeOf(version);
  const java = await findJava(context.signal);
  if (!existsSync(folder)) {
    context.report(
      `fetching Apache Kafka ${version}, Kafka Connect and the MongoDB sink with Maven (about 65 MB)`,
    );
    await fetchOnce(folder, async (partial) => {
      const libs = join(partial, 'libs');
      const plugins = join(partial, 'plugins');
      // Maven fills its own repository before it copies anything.
      let downloads = 0;
      const count = (text: string): void => {
        downloads += text.split('Downloaded from').length - 1;
      };
      await withProgress(
        context,
        () => `still fetching Kafka: ${downloads} downloads, ${megabytes(folderSize(partial))} in place`,
        async () => {
          // One after the other: Maven 3 does not lock its local repository.
          await copyDependencies('kafka', version, libs, context, count);
          await copyDependencies('sink', version, join(plugins, 'mongodb'), context, count);
          await checkJars(partial, hashesOf(version));
          await writeManifests(java, libs, plugins, context.signal);
        },
      );
    });
  }
  const libs = join(folder, 'libs');
  const archives = archivesDir(folder, java.version);
  const plugins = await ensureSinkPlugin(folder, join(folder, 'plugins'));
  const ready = { version, java, folder, classpath: classpathOf(libs), plugins, archives };
  await ensureClassArchives(ready, context);
  return ready;
}
