// Command lines of the Java parts.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KafkaHome } from '../fetch/kafka.ts';
import { projectRoot } from '../paths.ts';
import type { Command } from '../process/run.ts';

/** What a Java part is started with. */
export interface JavaOptions {
  main: string;
  args: string[];
  /** The size of the Java heap at most, in megabytes. */
  heapMb: number;
  /** The size of the Java heap at the start, in megabytes. By default 128, or `heapMb` where that is less. */
  initialHeapMb?: number;
  /** Names the class archive that makes the start faster, where there is one. */
  archive: string;
  /** Options of Java's own. */
  options?: readonly string[] | undefined;
}

/**
 * Only Java's first compiler. The optimizing one takes a third of what the broker and Connect need for their
 * first 100,000 events, and after 400,000 events its code has saved nothing.
 */
const firstCompilerOnly = '-XX:TieredStopAtLevel=1';

/**
 * `java` with the settings that suit a small machine: one collector thread,
 * little memory, logs to standard output.
 */
export function javaCommand(home: KafkaHome, options: JavaOptions): Command {
  const { heapMb, initialHeapMb = Math.min(heapMb, 128) } = options;
  const archive = join(home.archives, `${options.archive}.jsa`);
  return {
    file: home.java.file,
    args: [
      `-Xms${initialHeapMb}m`,
      `-Xmx${heapMb}m`,
      '-XX:+UseSerialGC',
      // Below this size of the classes Java collects garbage whenever they grow: three times at the start.
      '-XX:MetaspaceSize=96m',
      '-XX:-UsePerfData',
      firstCompilerOnly,
      '-Xshare:auto',
      ...(existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : []),
      '-Djava.awt.headless=true',
      `-Dlog4j2.configurationFile=${join(projectRoot, 'packages', 'testbed', 'log4j2.properties')}`,
      ...(options.options ?? []),
      options.main,
      ...options.args,
    ],
    // Not `-cp`: ninety jars would hide everything else in a list of processes.
    env: { CLASSPATH: home.classpath },
  };
}
