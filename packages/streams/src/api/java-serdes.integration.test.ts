// The golden file of Java's serdes is what Kafka's own serdes write today.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const java = join(import.meta.dirname, '..', 'testing-support', 'java');
const pom = join(java, 'pom.xml');
const version = /<artifactId>kafka-streams<\/artifactId>\s*<version>([\d.]+)/.exec(
  readFileSync(pom, 'utf8'),
)?.[1];
const jars = join(import.meta.dirname, '../../../..', '.cache', 'bench-java', version ?? 'unknown', 'jars');

/** A runtime without the compiler runs Kafka, but no source. */
function hasCompiler(): boolean {
  try {
    execFileSync('javac', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasCompiler())('Java writes the bytes of the golden file', { timeout: 180_000 }, () => {
  if (!existsSync(join(jars, `kafka-streams-${version}.jar`))) {
    const args = ['-q', '-B', '--strict-checksums', '-f', pom, 'dependency:copy-dependencies'];
    execFileSync('mvn', [...args, `-DoutputDirectory=${jars}`], { stdio: 'pipe' });
  }
  const source = join(java, 'GoldenSerdes.java');
  const written = execFileSync('java', ['-Xmx128m', '-cp', `${jars}/*`, source], { encoding: 'utf8' });
  expect(written.replaceAll('\r\n', '\n')).toBe(
    readFileSync(join(import.meta.dirname, 'java-serdes.golden.jsonl'), 'utf8'),
  );
});
