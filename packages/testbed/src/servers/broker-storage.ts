// The data folder of a broker before its first start: the id of its cluster, its own id, and the first users.
import { randomBytes } from 'node:crypto';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { KafkaHome } from '../fetch/kafka.ts';
import { Problem } from '../process/problem.ts';
import { run } from '../process/run.ts';
import { writeSecret } from '../process/secret-file.ts';
import { javaCommand } from './java-command.ts';

/** What a storage is formatted with. */
export interface StorageSettings {
  home: KafkaHome;
  dataDir: string;
  /** The broker's properties, as a file. */
  config: string;
  nodeId: number;
  /** Arguments of the storage tool: the first users. */
  users: readonly string[];
}

// Any id will do: a data folder holds one cluster, and nothing joins it.
const clusterId = 'activity-pipeline-0001';
const metaFile = 'meta.properties';

/** The folder of the broker's log, in its data folder. */
export function logsDir(dataDir: string): string {
  return join(dataDir, 'kafka-logs');
}

/** As Kafka writes a random UUID, which never begins with a dash. */
function directoryId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? directoryId() : id;
}

/** Writes what the storage tool would write: beside the ids only the levels of Kafka's features. */
function copyFormat(kept: string, logs: string, nodeId: number): void {
  for (const file of globSync('**/*.checkpoint', { cwd: kept })) {
    mkdirSync(dirname(join(logs, file)), { recursive: true });
    // Not copyFileSync: that keeps the mode of the file, and others could read it.
    writeFileSync(join(logs, file), readFileSync(join(kept, file)));
  }
  const meta = { version: 1, 'cluster.id': clusterId, 'node.id': nodeId, 'directory.id': directoryId() };
  const lines = Object.entries(meta).map(([name, value]) => `${name}=${value}\n`);
  // Last: a folder without it is formatted again.
  writeFileSync(join(logs, metaFile), lines.join(''));
}

/** Keeps the files that the tool has written. Kafka 4.4 writes its checkpoint to another place than 4.3. */
function keepFormat(logs: string, kept: string, nodeId: number): void {
  // Whole at once: other brokers may be starting.
  const part = `${kept}.${process.pid}-${nodeId}`;
  cpSync(logs, part, { recursive: true });
  rmSync(join(part, metaFile));
  try {
    renameSync(part, kept);
  } catch (error) {
    rmSync(part, { recursive: true });
    if (!existsSync(kept)) throw error;
  }
}

async function runTool(settings: StorageSettings, signal: AbortSignal): Promise<void> {
  const { home, dataDir, config, users } = settings;
  const args = ['format', '--cluster-id', clusterId, '--config', config, '--ignore-formatted', ...users];
  const file = join(dataDir, 'format.args');
  // In a file: everyone on the machine can see a command line, and in this one are passwords.
  writeSecret(file, ['kafka.tools.StorageTool', ...args].map(quoted).join('\n'));
  const command = javaCommand(home, { main: `@${file}`, args: [], heapMb: 128, archive: 'broker' });
  const outcome = await run(command, { signal });
  rmSync(file);
  if (outcome.code !== 0)
    throw new Problem('formatting the storage of Kafka failed', { detail: outcome.output });
}

/** An argument in one of Java's argument files. */
function quoted(argument: string): string {
  return `"${argument.replaceAll('\\', '\\\\')}"`;
}

/**
 * Formats the storage, unless it is formatted. The storage tool takes a third of a broker's start: it runs
 * once for each version of Kafka, and for each storage that has users.
 */
export async function formatStorage(settings: StorageSettings, signal: AbortSignal): Promise<void> {
  const logs = logsDir(settings.dataDir);
  if (existsSync(join(logs, metaFile))) return;
  if (settings.users.length > 0) return runTool(settings, signal);
  // The folder of this version's jars.
  const kept = join(settings.home.folder, 'formatted');
  if (existsSync(kept)) return copyFormat(kept, logs, settings.nodeId);
  await runTool(settings, signal);
  keepFormat(logs, kept, settings.nodeId);
}
