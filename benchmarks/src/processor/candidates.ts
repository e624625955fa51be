// The programs that the benchmark compares, each as a command.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What a run is told. */
export interface RunNames {
  brokers: string;
  applicationId: string;
  input: string;
  enriched: string;
  counts: string;
  stateDir: string;
}

/** A program to compare. */
export interface Candidate {
  name: string;
  command: (names: RunNames) => { file: string; args: string[] };
}

const here = import.meta.dirname;

/** Fetches Kafka Streams by Maven and compiles the Java job; returns its class path. */
export function prepareJava(cacheDir: string): string {
  const folder = join(cacheDir, 'bench-java');
  const jars = join(folder, 'jars');
  mkdirSync(jars, { recursive: true });
  if (!readdirSync(jars).some((name) => name.startsWith('kafka-streams-'))) {
    const args = [
      '-q',
      '-B',
      '--strict-checksums',
      '-f',
      join(here, 'java', 'pom.xml'),
      'dependency:copy-dependencies',
    ];
    execFileSync('mvn', [...args, `-DoutputDirectory=${jars}`], { stdio: 'inherit' });
  }
  const classes = join(folder, 'classes');
  if (!existsSync(classes)) mkdirSync(classes);
  execFileSync('javac', ['-d', classes, '-cp', `${jars}/*`, join(here, 'java', 'StreamsJob.java')], {
    stdio: 'inherit',
  });
  return `${classes}:${jars}/*`;
}

function java(name: string, classpath: string, store: 'window' | 'keyvalue'): Candidate {
  return {
    name,
    command: ({ brokers, applicationId, input, enriched, counts, stateDir }) => ({
      file: 'java',
      args: [
        '-Xmx2g',
        '-cp',
        classpath,
        'StreamsJob',
        brokers,
        applicationId,
        input,
        enriched,
        counts,
        stateDir,
        store,
        '2',
      ],
    }),
  };
}

function node(
  name: string,
  file: string,
  withState: boolean,
  threads = 1,
  style = 'dsl',
  folder = here,
): Candidate {
  return {
    name,
    command: ({ brokers, applicationId, input, enriched, counts, stateDir }) => ({
      file: process.execPath,
      args: [
        join(folder, file),
        brokers,
        applicationId,
        input,
        enriched,
        counts,
        withState ? stateDir : '',
        String(threads),
        style,
      ],
    }),
  };
}

/**
 * Everything that is compared; Kafka Streams and ours have two threads each unless the name says otherwise.
 * `other` is the root of another checkout of this project, whose job is then run as `ours-other`.
 */
export function candidates(classpath: string, other?: string): Candidate[] {
  const folder = other && join(resolve(other), 'benchmarks/src/processor');
  return [
    node('ours', 'ours.ts', true, 2),
    ...(folder ? [node('ours-other', 'ours.ts', true, 2, 'dsl', folder)] : []),
    java('java-tuned', classpath, 'keyvalue'),
    node('ours-processors', 'ours.ts', true, 2, 'processors'),
    node('ours-1-thread', 'ours.ts', true),
    node('ours-memory', 'ours.ts', false),
    java('java-window', classpath, 'window'),
    node('naive-send', 'naive.ts', false),
  ];
}
