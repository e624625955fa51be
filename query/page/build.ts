// Builds the page: `node query/page/build.ts`, or by whatever is about to serve it. Done at need: not where
// nothing has changed.
import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const folder = dirname(fileURLToPath(import.meta.url));
const outFolder = join(folder, 'dist');
/** Says what the built files were built from. */
const stampFile = join(outFolder, 'built-from');

/** The page's sources, and what says which versions of libraries go in. */
function sourceHash(): string {
  const hash = createHash('sha256');
  const sources = globSync('{index.html,build.ts,src/**/*}', {
    cwd: folder,
    exclude: ({ name }) => name.endsWith('.test.ts'),
    withFileTypes: true,
  });
  const files = sources.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of [...files.toSorted(), join(folder, '..', 'package.json')]) {
    hash.update(`${relative(folder, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** Puts a file in its place at once, with what saves sending all of it. */
function place(name: string, bytes: Uint8Array): void {
  const target = join(outFolder, name);
  mkdirSync(dirname(target), { recursive: true });
  const forms = { '': bytes, '.gz': gzipSync(bytes, { level: 9 }), '.br': brotliCompressSync(bytes) };
  for (const [ending, form] of Object.entries(forms)) {
    const partial = `${target}${ending}.${process.pid}.partial`;
    writeFileSync(partial, form);
    renameSync(partial, `${target}${ending}`);
  }
}

/** Builds the page into query/page/dist where its sources have changed. Whether it had to. */
export async function buildPage(): Promise<boolean> {
  const hash = sourceHash();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === hash) return false;
  const { build } = await import('vite');
  const output = await build({
    configFile: false,
    root: folder,
    logLevel: 'warn',
    // The same whoever builds it: tests, which have another NODE_ENV, must not leave what is for developers.
    mode: 'production',
    define: { 'process.env.NODE_ENV': '"production"' },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact', development: false } },
    build: {
      write: false,
      target: 'es2022',
      // A policy that allows no data: URLs.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
    },
  });
  const files = [output].flat().flatMap((one) => ('output' in one ? one.output : []));
  // The assets first: an index.html never names what is not there yet.
  for (const file of files.toSorted(
    (a, b) => Number(a.fileName === 'index.html') - Number(b.fileName === 'index.html'),
  )) {
    place(file.fileName, Buffer.from(file.type === 'chunk' ? file.code : file.source));
  }
  const names = new Set(files.map(({ fileName }) => fileName));
  for (const name of readdirSync(join(outFolder, 'assets'))) {
    if (!names.has(`assets/${name.replace(/\.(gz|br)$/, '')}`))
      rmSync(join(outFolder, 'assets', name), { force: true });
  }
  writeFileSync(stampFile, hash);
  return true;
}

if (import.meta.main && (await buildPage())) console.log('built the page');
