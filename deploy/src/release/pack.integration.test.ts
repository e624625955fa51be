// The packages as npm packs them: their content, publint, their types in other people's projects, their
// public API, and that plain Node runs them, worker threads too.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { servers } from '@activity/testbed/testing';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectWitness, uniqueName } from '@activity/kafka/testing';
import { projectRoot as root } from '@activity/testbed/paths';
import { published, readPublishing, type Published } from './publishing.ts';
import { stage } from './stage.ts';

const folder = mkdtempSync(join(tmpdir(), 'streams-pack-'));
const app = join(folder, 'app');
const libraries = ['kafka', 'streams'] as const;
let staged: Record<Published, string>;

function tarballOf(name: Published): string {
  return join(folder, readdirSync(folder).find((file) => file.includes(name) && file.endsWith('.tgz')) ?? '');
}

function installed(name: Published): string {
  return join(app, 'node_modules', '@activity', name);
}

/** The files of a package as npm has packed them. */
function filesOf(name: Published): string[] {
  return readdirSync(installed(name), { recursive: true, encoding: 'utf8' });
}

beforeAll(() => {
  staged = stage({ root, out: join(folder, 'staged'), publishing: readPublishing(root), tag: 'v0.1.0' });
  for (const name of published) {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: staged[name] });
    mkdirSync(installed(name), { recursive: true });
    execFileSync('tar', ['xzf', tarballOf(name), '-C', installed(name), '--strip-components=1']);
  }
  for (const name of ['@platformatic', 'lmdb'])
    symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(published)('packages/%s: holds compiled code, its sources and pages, and nothing else', (name) => {
  const files = filesOf(name);
  expect(files).toEqual(expect.arrayContaining(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']));
  const code = files.filter((file) => /^(dist|src)\//.test(file));
  expect(code.length).toBeGreaterThan(5);
  const tests = /\.test|testing-support|conformance|fixture|^src\/testing\/witness/;
  expect(code.filter((file) => tests.test(file))).toEqual([]);
  const sources = files.filter((file) => /^src\/.*\.ts$/.test(file));
  // Each source is that of one compiled file, and each compiled file has its own.
  expect(sources.map((file) => file.replace(/^src(.*)\.ts$/, 'dist$1.js')).toSorted()).toEqual(
    files.filter((file) => file.endsWith('.js') && !file.includes('/browser/')).toSorted(),
  );
  const forBrowsers = ['dist/page/browser/topology.css', 'dist/page/browser/topology.js'];
  const found = files.filter((file) => file.includes('/browser/'));
  expect(found.toSorted()).toEqual(name === 'streams' ? forBrowsers : []);
});

test.each(published)('packages/%s: every map leads to a source in the package', (name) => {
  const maps = filesOf(name).filter((file) => file.endsWith('.map'));
  expect(maps.filter((file) => file.endsWith('.d.ts.map')).length).toBe(maps.length / 2);
  const dead = maps.flatMap((map) => {
    const folderOfMap = dirname(join(installed(name), map));
    const { sources } = JSON.parse(readFileSync(join(installed(name), map), 'utf8')) as { sources: string[] };
    return sources
      .filter((source) => !existsSync(join(folderOfMap, source)))
      .map((source) => `${map}: ${source}`);
  });
  expect(maps.length).toBeGreaterThan(1);
  expect(dead).toEqual([]);
});

test.each(published)('packages/%s: no link of its pages leads out of it', (name) => {
  const pages = filesOf(name).filter((file) => file.endsWith('.md'));
  expect(pages).toContain('README.md');
  const dead = pages.flatMap((page) =>
    [...readFileSync(join(installed(name), page), 'utf8').matchAll(/\]\((?!#|https?:)([^)#\s]+)/g)]
      .map(([, link = '']) => link)
      .filter((link) => !existsSync(join(installed(name), dirname(page), link)))
      .map((link) => `${page}: ${link}`),
  );
  expect(dead).toEqual([]);
});

test.each(published)('packages/%s: publint has nothing to say', async (name) => {
  const { messages, pkg } = await publint({ pkgDir: installed(name), pack: false, strict: true });
  expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test.each(published)('packages/%s: every importer finds the types', async (name) => {
  const packed = createPackageFromTarballData(new Uint8Array(readFileSync(tarballOf(name))));
  const found = await checkPackage(packed);
  // The packages are ES modules alone. A CommonJS program requires them, since Node can do that (see below);
  // a resolver of before 2021 does not find them.
  const problems = (found.types === false ? [{ kind: 'NoTypes' }] : found.problems).filter(
    (problem) => !('resolutionKind' in problem && /^node(10|16-cjs)$/.test(String(problem.resolutionKind))),
  );
  expect(problems).toEqual([]);
});

test('a strict project compiles against them, their declarations checked too', () => {
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    module: 'nodenext',
    target: 'esnext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  };
  writeFileSync(
    join(app, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, files: ['strict.mts', 'strict.cts'] }),
  );
  writeFileSync(
    join(app, 'strict.mts'),
    `import { createStreams, numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
    import { TopologyTestDriver } from '@activity/streams/testing';
    import { openTopicReader } from '@activity/kafka';
    const builder = new StreamsBuilder();
    builder.stream('in', { key: stringSerde, value: stringSerde }).groupByKey().count().toStream().to('out');
    const driver: TopologyTestDriver = new TopologyTestDriver(builder.build());
    const value: number | null | undefined = driver.output('out', { key: stringSerde, value: numberSerde }).readAll()[0]?.value;
    // @ts-expect-error there is no such option
    createStreams({ applicationId: 'a', topology: builder.build(), brokers: ['b:1'], bogus: value });
    export { openTopicReader };`,
  );
  writeFileSync(
    join(app, 'strict.cts'),
    `import streams = require('@activity/streams');
    export const builder: streams.StreamsBuilder = new streams.StreamsBuilder();`,
  );
  expect(compiled()).toBe('');
});

/** The compiler's messages about the application. */
function compiled(): string {
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  return spawnSync(tsc, ['-p', app], { encoding: 'utf8' }).stdout;
}

test.each(libraries)('packages/%s: the public API is the one in its report', async (name) => {
  const warnings: string[] = [];
  const reportFolder = join(folder, `api-${name}`);
  mkdirSync(reportFolder);
  // Where it was built: in node_modules its own files would count as another package's.
  const built = staged[name];
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(built, 'package.json'),
    configObject: {
      projectFolder: built,
      mainEntryPointFilePath: join(built, 'dist', 'index.d.ts'),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            module: 'nodenext',
            lib: ['esnext'],
            types: ['node'],
            typeRoots: [join(root, 'node_modules', '@types')],
          },
        },
      },
      apiReport: { enabled: true, reportFileName: 'report', reportFolder, reportTempFolder: reportFolder },
    },
  });
  Extractor.invoke(config, {
    localBuild: true,
    messageCallback(message) {
      message.handled = true;
      // Undocumented and unreleased are said elsewhere: this is about what a user meets and cannot import.
      if (message.messageId === 'ae-forgotten-export') warnings.push(message.text);
    },
  });
  const report = readFileSync(join(reportFolder, 'report.api.md'), 'utf8');
  await expect(report).toMatchFileSnapshot(join(root, 'packages', name, 'api.golden.md'));
  expect(warnings).toEqual([]);
});

/** Runs a module of the application with plain Node; returns what it printed. */
function run(name: string, code: string): string {
  writeFileSync(join(app, name), code);
  return execFileSync(process.execPath, [name], { cwd: app, encoding: 'utf8', timeout: 60_000 });
}

const wordCount = `
  const strings = { key: stringSerde, value: stringSerde };
  const builder = new StreamsBuilder();
  builder.stream('in', strings).groupByKey().count().toStream().to('out');
  const driver = new TopologyTestDriver(builder.build());
  driver.input('in', strings).pipe('a', 'x', 0);
  console.log(driver.output('out', { key: stringSerde, value: numberSerde }).readAll()[0].value);`;

test('runs a topology in the test driver', () => {
  const code = `
    import { numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
    import { TopologyTestDriver } from '@activity/streams/testing';${wordCount}`;
  expect(run('driver.mjs', code)).toBe('1\n');
});

test('a CommonJS program requires the packages', () => {
  const code = `
    const { numberSerde, StreamsBuilder, stringSerde } = require('@activity/streams');
    const { TopologyTestDriver } = require('@activity/streams/testing');
    for (const name of ['kafka', 'kafka/core', 'streams/page']) require('@activity/' + name);${wordCount}`;
  expect(run('required.cjs', code)).toBe('1\n');
});

test('without lmdb, state is in memory, and a stateDir fails with the remedy', () => {
  const moved = join(app, 'node_modules', 'lmdb');
  rmSync(moved);
  try {
    const code = `
      import { createStreams, numberSerde, StreamsBuilder, stringSerde } from '@activity/streams';
      import { TopologyTestDriver } from '@activity/streams/testing';${wordCount}
      const options = { applicationId: 'a', topology: builder.build(), brokers: ['127.0.0.1:1'], stateDir: 'none' };
      await createStreams(options).start().catch(({ code, message }) => console.log(code, message));`;
    expect(run('without-lmdb.mjs', code)).toMatch(/^1\nCONFIGURATION_INVALID .*run `npm install lmdb`/);
    expect(existsSync(join(app, 'none'))).toBe(false);
    // The declarations that a program sees need no types of lmdb's.
    expect(compiled()).toBe('');
  } finally {
    symlinkSync(join(root, 'node_modules', 'lmdb'), moved);
  }
});

test('runs worker threads on a broker', async () => {
  const [input, applicationId] = [uniqueName('packed'), uniqueName('packed-app')];
  const witness = await connectWitness(servers().kafka);
  try {
    await witness.createTopic(input, 2);
    await witness.send(input, [
      { key: 'a', value: 'x', partition: 0 },
      { key: 'b', value: 'x', partition: 1 },
    ]);
  } finally {
    await witness[Symbol.asyncDispose]();
  }
  writeFileSync(
    join(app, 'topology.mjs'),
    `import { StreamsBuilder, stringSerde } from '@activity/streams';
    export default function build(input) {
      const builder = new StreamsBuilder();
      builder.stream(input, { key: stringSerde, value: stringSerde }).groupByKey().count({ store: 'counts' });
      return builder.build();
    }`,
  );
  const code = `
    import { setTimeout as sleep } from 'node:timers/promises';
    import { createStreams } from '@activity/streams';
    const streams = createStreams({
      applicationId: '${applicationId}',
      topology: { url: new URL('./topology.mjs', import.meta.url), options: '${input}' },
      brokers: ['${servers().kafka}'],
      stateDir: 'state',
      threads: 2,
    });
    await streams.start();
    let rows = [];
    while (rows.length < 2) {
      await sleep(50);
      rows = await streams.store('counts').all();
    }
    console.log(JSON.stringify(rows.toSorted()));
    await streams.close();`;
  expect(run('threads.mjs', code)).toBe('[["a",1],["b",1]]\n');
});
