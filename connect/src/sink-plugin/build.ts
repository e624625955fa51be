// Compiles the sink's own classes, which are in Java, into the jar of `connect/sink-plugin`. The jar is in
// the repository, so that nobody needs a compiler who only runs the pipeline.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { silent } from '@activity/testbed/fetch/context';
import { findJava } from '@activity/testbed/fetch/java';
import { ensureKafka } from '@activity/testbed/fetch/kafka';
import { sinkPluginJar } from '@activity/testbed/fetch/sink-plugin';
import { run } from '@activity/testbed/process/run';

const folder = dirname(sinkPluginJar);
const sources = join(folder, 'src');

/** The file that says which sources the jar was made of, in the form of `sha256sum`. */
export const checksumFile: string = sinkPluginJar.replace(/\.jar$/, '.sha256');

/** The release of Java that the classes are for, and whose compiler makes the jar. */
export const javaRelease = 17;

/** What lets Connect find the classes without looking into each jar. */
const services = {
  'org.apache.kafka.connect.rest.ConnectRestExtension': 'activity.sink.PasswordRestExtension',
  'org.apache.kafka.connect.sink.SinkConnector': 'activity.sink.ActivitySinkConnector',
  'org.apache.kafka.connect.storage.Converter': 'activity.sink.DocumentConverter',
};

/** The files of a folder and of those within, in the order of their names. */
export function filesIn(parent: string): string[] {
  const entries = readdirSync(parent, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}

/** What the file of checksums has to be for the sources and the jar as they are. */
export function checksums(): string {
  const files = [sinkPluginJar, ...filesIn(sources)];
  const line = (file: string): string =>
    `${createHash('sha256').update(readFileSync(file)).digest('hex')}  ${relative(folder, file)}\n`;
  return files.map(line).join('');
}

/** Runs a program of the JDK that has the Java. */
async function tool(name: 'javac' | 'jar', args: string[], cwd: string = folder): Promise<void> {
  const { file } = await findJava();
  const outcome = await run({ file: file === 'java' ? name : join(dirname(file), name), args, cwd });
  if (outcome.code !== 0) throw new Error(`${name} failed:\n${outcome.output}`);
}

/** Compiles into a folder: the classes and the lists of services, as the jar has them. */
export async function compile(into: string): Promise<void> {
  const { classpath, plugins } = await ensureKafka({ report: silent });
  const jars = `${classpath}:${join(plugins, 'mongodb')}/*`;
  // Line numbers and file names are in traces; nothing else of the sources is needed.
  const options = ['--release', String(javaRelease), '-g:source,lines', '-Xlint:all,-classfile,-processing'];
  await tool('javac', [...options, '-Werror', '-proc:none', '-cp', jars, '-d', into, ...filesIn(sources)]);
  const manifests = join(into, 'META-INF', 'services');
  mkdirSync(manifests, { recursive: true });
  for (const [service, name] of Object.entries(services))
    writeFileSync(join(manifests, service), `${name}\n`);
}

/** Packs a folder into the jar, with one time for all files, and writes the checksums. */
export async function pack(from: string): Promise<void> {
  const files = filesIn(from).flatMap((file) => ['-C', from, relative(from, file)]);
  const date = '--date=2026-01-01T00:00:00Z';
  await tool('jar', ['--create', '--file', sinkPluginJar, '--no-manifest', date, ...files]);
  writeFileSync(checksumFile, checksums());
}

/** Unpacks the jar into a folder. */
export async function unpack(into: string): Promise<void> {
  await tool('jar', ['--extract', '--file', sinkPluginJar], into);
}
