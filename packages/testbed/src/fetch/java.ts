// Java: finds one that is new enough to run Kafka.
import { join } from 'node:path';
import { readTools } from '../tools.ts';
import { Problem } from '../process/problem.ts';
import { run } from '../process/run.ts';

const oldest = 17;

/** A Java that can run Kafka. */
export interface Java {
  file: string;
  /** What `java -version` prints: names the very build. */
  version: string;
  major: number;
}

/** Reads the major version out of what `java -version` prints; undefined where it says something else. */
export function majorVersion(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

const remedy = `install a JDK or JRE ${oldest} or newer (Debian: apt install default-jre-headless; macOS: brew install openjdk), or point JAVA_HOME at one`;

/**
 * Finds Java through JAVA_HOME, then the PATH.
 *
 * @throws Problem where there is none or it is too old.
 */
export async function findJava(signal?: AbortSignal): Promise<Java> {
  const home = readTools().JAVA_HOME;
  const file = home ? join(home, 'bin', 'java') : 'java';
  const outcome = await run({ file, args: ['-version'] }, { signal }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new Problem(`Java is missing (${file}): ${remedy}`, { cause: error });
  });
  const major = majorVersion(outcome.output);
  if (outcome.code !== 0 || major === undefined) {
    throw new Problem(`Java does not run (${file}): ${remedy}`, { detail: outcome.output });
  }
  if (major < oldest) throw new Problem(`Java is too old (${file} is ${major}): ${remedy}`);
  return { file, version: outcome.output, major };
}
