// The Java programs of benchmarks: Kafka Streams as Maven has it, and a job compiled against it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const pom = join(import.meta.dirname, 'java', 'pom.xml');

/** Fetches Kafka Streams by Maven into a folder and compiles a job; returns the job's class path. */
export function compileJob(cacheDir: string, source: string): string {
  const version = /<artifactId>kafka-streams<\/artifactId>\s*<version>([\d.]+)/.exec(
    readFileSync(pom, 'utf8'),
  )?.[1];
  if (version === undefined) throw new Error(`reading the version of Kafka Streams: none in ${pom}`);
  const folder = join(cacheDir, 'bench-java', version);
  const jars = join(folder, 'jars');
  if (!existsSync(join(jars, `kafka-streams-${version}.jar`))) {
    const args = ['-q', '-B', '--strict-checksums', '-f', pom, 'dependency:copy-dependencies'];
    execFileSync('mvn', [...args, `-DoutputDirectory=${jars}`], { stdio: 'inherit' });
  }
  const classes = join(folder, 'classes');
  mkdirSync(classes, { recursive: true });
  execFileSync('javac', ['-d', classes, '-cp', `${jars}/*`, source], { stdio: 'inherit' });
  return `${classes}:${jars}/*`;
}
