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
  heapMb: number;
  /** Names the class archive that makes the start faster, where there is one. */
  archive: string;
  /** Options of Java's own. */
  options?: readonly string[] | undefined;
}

// The optimizing compiler takes half of the start's time for code that runs once: it waits until code is ten
// times hotter.
const lateOptimizing = [
  '-XX:Tier4InvocationThreshold=50000',
  '-XX:Tier4MinInvocationThreshold=6000',
  '-XX:Tier4CompileThreshold=150000',
  '-XX:Tier4BackEdgeThreshold=400000',
];

/**
 * `java` with the settings that suit a small machine: one collector thread,
 * little memory, logs to standard output.
 */
export function javaCommand(home: KafkaHome, options: JavaOptions): Command {
  const archive = join(home.archives, `${options.archive}.jsa`);
  return {
    file: home.java.file,
    args: [
      `-Xms${Math.min(options.heapMb, 128)}m`,
      `-Xmx${options.heapMb}m`,
      '-XX:+UseSerialGC',
      '-XX:-UsePerfData',
      ...lateOptimizing,
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
