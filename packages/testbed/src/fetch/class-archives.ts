// Class archives (AppCDS): the broker and Connect start in about half the time when their classes lie ready
// in one.
import { existsSync, mkdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { brokerSpec } from '../servers/broker.ts';
import { connectSpec } from '../servers/connect.ts';
import { Part, type PartSpec } from '../process/part.ts';
import { freePort } from '../process/ports.ts';
import { reasonOf } from '../process/problem.ts';
import { withProgress, type FetchContext } from './context.ts';
import type { KafkaHome } from './kafka.ts';
import { fetchOnce } from './once.ts';

/** Where the archives of this Kafka and this very Java are: an archive fits one build of Java only. */
export function archivesDir(folder: string, javaVersion: string): string {
  const hash = createHash('sha256').update(javaVersion).digest('hex').slice(0, 12);
  return join(folder, `classes-${hash}`);
}

/** Writes the archive when the process ends, of what it has loaded by then. */
function recording(spec: PartSpec, archive: string): PartSpec {
  const { command } = spec;
  const args = [`-XX:ArchiveClassesAtExit=${archive}`, ...command.args];
  return { ...spec, command: { ...command, args }, stopGraceMs: 60_000 };
}

async function record(home: KafkaHome, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const dataDir = join(folder, 'run');
  mkdirSync(dataDir);
  const port = await freePort();
  const controllerPort = await freePort();
  const common = { home, dataDir, logFile: join(folder, 'run.log') };
  const broker = new Part(
    recording(brokerSpec({ ...common, port, controllerPort }), join(folder, 'broker.jsa')),
  );
  const settings = { ...common, brokers: broker.spec.address, port: await freePort() };
  const connect = new Part(recording(connectSpec(settings), join(folder, 'connect.jsa')));
  try {
    await broker.start(signal);
    await connect.start(signal);
    // Loads what answers a request, and the sink.
    for (const path of ['/connectors?expand=status', '/connector-plugins/ActivitySinkConnector/config']) {
      await fetch(`${connect.spec.address}${path}`, signal ? { signal } : {});
    }
  } finally {
    await connect.stop();
    await broker.stop();
  }
}

/** Makes the archives by starting the broker and Connect once. Without them everything works, slower. */
export async function ensureClassArchives(home: KafkaHome, context: FetchContext): Promise<void> {
  if (existsSync(home.archives)) return;
  context.report('starting Kafka and Connect once to record their classes, which halves every later start');
  try {
    await fetchOnce(home.archives, (folder) =>
      withProgress(
        context,
        () => 'still recording classes',
        () => record(home, folder, context.signal),
      ),
    );
  } catch (error) {
    context.signal?.throwIfAborted();
    context.report(`recording classes failed, starts will be slower: ${reasonOf(error)}`);
  }
}
