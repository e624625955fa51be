// The built page as it is sent: its files, read once when the service starts.
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file in the forms it can be sent in. */
export interface PageFile {
  type: string;
  plain: Uint8Array<ArrayBuffer>;
  /** By content encoding. */
  packed: { br?: Uint8Array<ArrayBuffer>; gzip?: Uint8Array<ArrayBuffer> };
}

/** The page: its document, and its assets by their path. */
export interface PageFiles {
  document: string;
  assets: ReadonlyMap<string, PageFile>;
}

const builtFolder = fileURLToPath(new URL('../../page/dist', import.meta.url));

const types: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Reads the built page; undefined where it has not been built. */
export function readPageFiles(folder: string = builtFolder): PageFiles | undefined {
  try {
    const document = readFileSync(join(folder, 'index.html'), 'utf8');
    const names = readdirSync(join(folder, 'assets'));
    const assets = new Map<string, PageFile>();
    for (const name of names) {
      const type = types[extname(name)];
      if (type === undefined) continue;
      const read = (ending: string): Uint8Array<ArrayBuffer> =>
        new Uint8Array(readFileSync(join(folder, 'assets', `${name}${ending}`)));
      assets.set(`/assets/${name}`, {
        type,
        plain: read(''),
        packed: { br: read('.br'), gzip: read('.gz') },
      });
    }
    return { document, assets };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
